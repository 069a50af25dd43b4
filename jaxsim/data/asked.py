"""What a ChunkDataset is asked for, refused in a sentence where it cannot be."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from jaxsim.core.declared import nearest
from jaxsim.data.modality import Modality
from jaxsim.data.session import Session


OWN = ("timestamps", "mask", "params", "meta")  # what every sample may have


def one_of(name: str, value: Any, allowed: tuple) -> None:
    """Refuse a word that is not known."""
    if value not in allowed:
        raise ValueError(f"{name} = {value!r} is not one of {allowed}.")


def checked_modalities(given: Any) -> dict[str, Modality]:
    """Modalities by name."""
    if not isinstance(given, Mapping) or not given:
        raise TypeError(
            'modalities must be a mapping such as {"screen": js.Modality(30, 60)}, '
            f"not {given!r}."
        )
    for name, modality in given.items():
        if not isinstance(modality, Modality):
            raise TypeError(
                f"'{name}' must be a js.Modality(rate, chunk), not {modality!r}."
            )
        if name in OWN:
            raise ValueError(f"'{name}' is what every sample has; no modality can be.")
    return dict(given)


def checked_anchor(anchor: str | None, modalities: Mapping[str, Modality]) -> str:
    """The modality on whose grid chunks start."""
    if anchor is None:
        return "screen" if "screen" in modalities else next(iter(modalities))
    if anchor not in modalities:
        told = f"anchor = '{anchor}' is no modality; there are {', '.join(modalities)}."
        raise ValueError(told + nearest(anchor, modalities))
    return anchor


def has_all(session: Session, modalities: Mapping[str, Modality]) -> None:
    """Refuse a session that lacks a modality."""
    for name in modalities:
        if name not in session.tracks:
            raise ValueError(
                f"session '{session.name}' ({session.where}) has no '{name}'; it has "
                f"{', '.join(session.tracks)}.{nearest(name, session.tracks)}"
            )


def checked_out(
    out: Iterable[str] | None, modalities: Mapping[str, Modality]
) -> tuple[str, ...]:
    """Which modalities samples hold, in the order of the modalities."""
    if out is None:
        return tuple(modalities)
    if not isinstance(out, Iterable):
        raise TypeError(f"out must be names of modalities, or None, not {out!r}.")
    asked = (out,) if isinstance(out, str) else tuple(out)
    for name in asked:
        if name not in modalities:
            raise ValueError(
                f"out: '{name}' is no modality; there are {', '.join(modalities)}."
                f"{nearest(str(name), modalities)}"
            )
    if not asked:
        raise ValueError("out = (): samples would hold nothing.")
    return tuple(name for name in modalities if name in asked)


def checked_stride(stride: Any) -> int:
    """Every which start."""
    if isinstance(stride, bool) or not isinstance(stride, (int, np.integer)):
        raise ValueError(f"stride = {stride!r} must be a whole number of starts.")
    if stride < 1:
        raise ValueError(f"stride = {stride} must be 1 or more.")
    return int(stride)


def checked_margin(margin: Any) -> float:
    """Seconds left out at both ends."""
    number = isinstance(margin, (int, float, np.integer, np.floating))
    if not number or not 0 <= margin < np.inf:
        raise ValueError(f"margin = {margin!r} must be 0 s or more.")
    return float(margin)


def checked_seed(seed: Any) -> int:
    """Of the shuffled orders."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ValueError(f"seed = {seed!r} must be a whole number.")
    return int(seed)


def checked_yes(name: str, value: Any) -> bool:
    """Yes or no; "no" would be taken for yes."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} = {value!r} must be True or False.")
    return bool(value)


def labels_of(sessions: list[Session], params: Any) -> list[dict[str, np.ndarray]]:
    """What every session says at some paths.

    Raises:
        ValueError: nothing there, or values of different shapes.
    """
    paths = (params,) if isinstance(params, str) else params
    if not isinstance(paths, (tuple, list)):
        raise TypeError(f"params must be paths such as 'model.A', not {params!r}.")
    found = [
        {path: session.origin.value(path, session.name) for path in paths}
        for session in sessions
    ]
    for path in paths:
        shapes = {labels[path].shape for labels in found}
        if len(shapes) > 1:
            raise ValueError(
                f"params: '{path}' has shapes {sorted(shapes)} in different sessions; "
                "a batch needs one."
            )
    return found
