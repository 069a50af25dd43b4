"""What flows between steps: a Signal (name card), a Clock, a Series of values."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array


class Signal(NamedTuple):
    """The card of a named quantity.

    Attributes:
        dims: names of its axes, time first: "time node".
        unit: of its values, "1" for ratios.
        doc: what it is.
        observed: an instrument shows it (a movie, a field), so it is no hidden truth.
        plausible: values outside mark the run as diverged, since a blow-up may stay
            finite in one float type and not in another.
        moment_nam: source moment in nAm that one unit of it stands for, where known.
    """

    dims: str
    unit: str
    doc: str
    observed: bool = False
    plausible: tuple[float | int, float | int] = (-np.inf, np.inf)
    moment_nam: float | None = None

    @property
    def timed(self) -> bool:
        """Whether its first axis is time."""
        return self.dims.split()[:1] == ["time"]

    def agrees(self, other: "Signal") -> bool:
        """Same axes: what one name must keep, whoever makes it (units may differ)."""
        return self.dims == other.dims


def activity_card(unit: str, doc: str, **more: Any) -> Signal:
    """The card of `activity`: what neurons or sources do, in its maker's unit."""
    return Signal("time node", unit, doc, **more)


class Clock(eqx.Module):
    """When samples happen: sample k at `start_s + k / rate_hz` seconds.

    The rate decides lengths and is static; the start is a leaf, so that blocks of one
    recording share a program.
    """

    start_s: Array | np.ndarray
    rate_hz: float = eqx.field(static=True)

    def times(self, n_samples: int) -> np.ndarray:
        """Times of the first samples in seconds, on the host, in float64."""
        start = float(np.ravel(np.asarray(self.start_s))[0])
        return start + np.arange(n_samples) / self.rate_hz


class Series(eqx.Module):
    """Values of a signal with their clock (None when it does not change in time)."""

    values: Array | np.ndarray  # time first; the results of a sweep live on the host
    clock: Clock | None
    card: Signal = eqx.field(static=True)
    labels: tuple[tuple[str, tuple[str, ...]], ...] = eqx.field(static=True, default=())

    def with_values(self, values: Any) -> "Series":
        """The same clock, card and labels around other values."""
        return Series(values, self.clock, self.card, self.labels)

    def times(self, factor: Any) -> "Series":
        """Values multiplied by something that broadcasts over them."""
        return self.with_values(self.values * jnp.asarray(factor))

    def labels_of(self, dim: str) -> tuple[str, ...] | None:
        """Names along one axis, or None when it has none."""
        return dict(self.labels).get(dim)
