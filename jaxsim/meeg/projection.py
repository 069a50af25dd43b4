"""From source moments to sensors: the product that every leadfield ends in."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.signal import Series, Signal
from jaxsim.meeg.signals import (
    FIELD,
    FIELD_UNIT,
    GAIN,
    ORIENTATIONS,
    POSITIONS,
)


PROJECTED: dict[str, Signal] = {"field": FIELD, "gain": GAIN}
PLACED: dict[str, Signal] = {
    "source_positions": POSITIONS,
    "orientations": ORIENTATIONS,
}


def project(
    activity: Series,
    gain: Float[Array, "sensor source"],
    moment: Any,
    modality: str,
    sensors: tuple[str, ...],
) -> dict[str, Series]:
    """`field` and `gain` with units and the names of the sensors.

    Args:
        activity: one column per source.
        gain: in uV/nAm or fT/nAm.
        moment: nAm of one unit of activity, for all sources or for each.
        modality: "eeg" or "meg".
        sensors: their names, or none.

    Raises:
        ValueError: another number of sources than the gain has.
    """
    n_nodes, n_sources = activity.values.shape[-1], gain.shape[1]
    if n_nodes != n_sources:
        raise ValueError(
            f"the leadfield has {n_sources} sources (locations x components), but "
            f"'activity' has {n_nodes} columns. Give each location one orientation, or "
            "make activity of as many components."
        )
    moment = jnp.asarray(moment, gain.dtype)
    scaled = gain * (moment[None, :] if moment.ndim else moment)
    values = jnp.matmul(activity.values, scaled.T, precision="highest")
    unit, names = FIELD_UNIT[modality], (("sensor", sensors),) if sensors else ()
    return {
        "field": Series(values, activity.clock, FIELD._replace(unit=unit), names),
        "gain": Series(gain, None, GAIN._replace(unit=f"{unit}/nAm"), names),
    }


def placed(
    positions: Float[Array, "location 3"],
    orientations: Float[Array, "location 3 component"] | None,
) -> dict[str, Any]:
    """Where the sources are and how they point; x, y and z where nobody said."""
    if orientations is None:
        axes = jnp.eye(3, dtype=positions.dtype)[None]
        orientations = jnp.broadcast_to(axes, (positions.shape[0], 3, 3))
    return {"source_positions": positions, "orientations": orientations}
