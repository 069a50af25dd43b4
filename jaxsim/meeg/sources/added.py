"""Adding waveforms to some locations of an activity that is there already."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.signal import Series, Signal
from jaxsim.meeg.epoch import clock_of


def in_nam(cards: dict[str, Signal], name: str, kind: str) -> None:
    """Refuse an activity that is no source moment.

    Raises:
        ValueError: its unit is not nAm.
    """
    card = cards.get("activity")
    if card is not None and card.unit != "nAm":
        raise ValueError(
            f"step '{name}' ({kind}) adds source moments in nAm, but 'activity' is in "
            f"{card.unit}. Put it behind js.meeg.SilentSources or js.ErpSources."
        )


def seconds(activity: Series) -> Float[Array, " time"]:
    """Times of the samples, on the epoch's own clock."""
    values, clock = jnp.asarray(activity.values), clock_of(activity)
    steps = jnp.arange(values.shape[0], dtype=values.dtype)
    return jnp.asarray(clock.start_s, values.dtype) + steps / clock.rate_hz


def added(
    activity: Series,
    active: Series,
    waves: Float[Array, "time location"],
    locations: Sequence[int],
    direction: Float[Array, " component"] | None,
    kind: str,
) -> dict[str, Any]:
    """`activity` and `active` with one waveform more at each of some locations.

    Args:
        activity: source-major, K columns by location.
        active: mask of the locations.
        waves: one column per location, in nAm.
        locations: their numbers.
        direction: share of each of the K components; none: all in the first.
        kind: of the step, for the sentence.

    Raises:
        ValueError: a location that is not there, or a direction of other components.
    """
    n_locations = active.values.shape[0]
    outside = [n for n in locations if not 0 <= n < n_locations]
    if outside:
        raise ValueError(
            f"{kind}.locations names {outside[0]}, but there are {n_locations} "
            f"locations, 0 to {n_locations - 1}."
        )
    n_components = activity.values.shape[1] // n_locations
    if direction is None:
        direction = jnp.zeros(n_components, waves.dtype).at[0].set(1.0)
    if direction.shape != (n_components,):
        raise ValueError(
            f"{kind}.direction has shape {direction.shape}, but locations have "
            f"{n_components} components."
        )
    at = jnp.asarray(tuple(locations))
    apart = jnp.asarray(activity.values).reshape(-1, n_locations, n_components)
    apart = apart.at[:, at].add(waves[..., None] * direction[None, None])
    mask = jnp.asarray(active.values, bool).at[at].set(True)
    return {
        "activity": activity.with_values(apart.reshape(activity.values.shape)),
        "active": active.with_values(mask),
    }
