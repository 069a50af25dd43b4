"""What source moment a unit of activity stands for."""

from typing import Any

from jaxsim.core.signal import Signal


def source_moment(card: Signal, given: Any, name: str, kind: str) -> Any:
    """Moment in nAm of one unit of activity: as given, or as its maker's card says.

    Args:
        card: of the activity.
        given: what the step was told, or None.
        name: of the step in its pipeline, for the sentence.
        kind: of the step.

    Raises:
        ValueError: nobody says it.
    """
    if given is not None:
        return given
    if card.unit == "nAm":
        return 1.0
    if card.moment_nam is not None:
        return card.moment_nam
    raise ValueError(
        f"step '{name}' ({kind}) needs source moments in nAm, but 'activity' is in "
        f"{card.unit} and its maker does not say what moment that is. Give "
        f"{kind}(..., moment_nam=...): nAm for 1 {card.unit}."
    )
