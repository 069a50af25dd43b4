"""Stimuli: a drive that the experimenter gives, at any site of the model."""

import abc
from fractions import Fraction
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jaxsim.core.declared import Declared
from jaxsim.core.param import Data, Param, concrete, data, param, static
from jaxsim.neural.noise import Tick


class AbstractStimulus(Declared):
    """A deterministic drive over time. Time zero is the end of the burn-in.

    Class variables:
        needs: signals of earlier steps that it plays; its network then needs them.
    """

    site: eqx.AbstractVar[str | None]
    needs: ClassVar[tuple[str, ...]] = ()

    def with_needs(self, duration_s: float, **needs: Any) -> Any:
        """This stimulus, knowing the signals that it needs, for a run of a length."""
        return self

    @abc.abstractmethod
    def drive(
        self, first: Tick, n_ticks: int, n_nodes: int, dt_s: float
    ) -> Float[Array, "tick node"]:
        """The drive of `n_ticks` ticks from tick `first` on."""


def _nodes(amplitude: Array, n_nodes: int) -> Float[Array, "tick node"]:
    return jnp.broadcast_to(amplitude, (n_nodes,))[None, :]


class ConstantStimulus(AbstractStimulus):
    """The same drive all the time, also during the burn-in."""

    amplitude: Param = param(
        0.0, "unit of the site", (-1e6, 1e6), "drive, a number or one per node"
    )
    site: str | None = static(None, "where it enters; None: the model's first site")

    def drive(self, first, n_ticks, n_nodes, dt_s):
        """The amplitude at every tick."""
        return jnp.broadcast_to(_nodes(self.amplitude, n_nodes), (n_ticks, n_nodes))


class PulseTrain(AbstractStimulus):
    """Rectangular pulses; a tick gets the mean of the pulse over its length.

    So onset and width need not fall on ticks, and have gradients. In float32 the
    onsets are exact to a tick for the first 16 million ticks.
    """

    amplitude: Param = param(
        100.0, "unit of the site", (-1e6, 1e6), "height, a number or one per node"
    )
    start_s: Param = param(0.5, "s", (0.0, 1e6), "onset of the first pulse")
    width_s: Param = param(0.01, "s", (0.0, 1e6), "length of a pulse")
    period_s: Param = param(1.0, "s", (1e-6, 1e6), "from onset to onset")
    n_pulses: int | None = static(1, "how many; None: until the end", bounds=(0, 10**9))
    site: str | None = static(None, "where it enters; None: the model's first site")

    def __check_init__(self) -> None:
        for name in ("start_s", "width_s", "period_s"):
            if getattr(self, name).ndim:
                raise ValueError(
                    f"PulseTrain.{name} has shape {getattr(self, name).shape}; it is "
                    "one number for all nodes, only the amplitude differs between them."
                )
        _refuse_overlap(self.width_s, self.period_s)

    def drive(self, first, n_ticks, n_nodes, dt_s):
        """Height times the part of each tick that a pulse covers."""
        tick = jnp.asarray(first, jnp.int32) + jnp.arange(n_ticks, dtype=jnp.int32)
        start, width, period = (
            x / dt_s for x in (self.start_s, self.width_s, self.period_s)
        )
        since = tick.astype(start.dtype) - start  # ticks since the first onset
        number = jnp.floor(since / period)
        phase = since - number * period
        this = jnp.clip(jnp.minimum(phase + 1.0, width) - phase, 0.0, 1.0)
        after = jnp.clip(jnp.minimum(phase + 1.0 - period, width), 0.0, 1.0)
        cover = this * self._exists(number) + after * self._exists(number + 1.0)
        return cover[:, None] * _nodes(self.amplitude, n_nodes)

    def _exists(self, number: Array) -> Array:
        last = jnp.inf if self.n_pulses is None else self.n_pulses - 1
        return ((number >= 0.0) & (number <= last)).astype(number.dtype)


def _refuse_overlap(width: Array, period: Array) -> None:
    if concrete(width, period) and bool(jnp.any(width > period)):
        raise ValueError(
            f"PulseTrain.width_s = {float(jnp.max(width)):g} s is longer than "
            f"period_s = {float(jnp.min(period)):g} s, so that pulses would overlap. "
            "Shorten the width, or use ConstantStimulus."
        )


class Waveform(AbstractStimulus):
    """An array played from time zero on, each value held until the next.

    Before time zero and after the last value there is no drive.
    """

    values: Data = data("time node", "unit of the site", "(time,) for all nodes alike")
    rate_hz: float = static(1000.0, "values per second", "Hz", (1e-6, 1e9))
    site: str | None = static(None, "where it enters; None: the model's first site")

    def drive(self, first, n_ticks, n_nodes, dt_s):
        """The value in force at the start of each tick."""
        values = self.values.reshape(self.values.shape[0], -1)
        index = in_force(first, n_ticks, self.rate_hz * dt_s)
        inside = (index >= 0) & (index < values.shape[0])
        rows = values[jnp.clip(index, 0, values.shape[0] - 1)]
        rows = jnp.where(inside[:, None], rows, 0.0)
        return jnp.broadcast_to(rows, (n_ticks, n_nodes))


def in_force(first: Tick, n_ticks: int, per_tick: float) -> Int[Array, " tick"]:
    """Number of the value in force at the start of each tick."""
    tick = jnp.asarray(first, jnp.int32) + jnp.arange(n_ticks, dtype=jnp.int32)
    # values per tick as a fraction: no rounding decides which value is in force
    ratio = Fraction(per_tick).limit_denominator(10_000)
    whole, rest = tick // ratio.denominator, tick % ratio.denominator
    return whole * ratio.numerator + rest * ratio.numerator // ratio.denominator
