"""AbstractMonitor: a fold that rides inside the integrator and decides what is kept."""

import abc
from typing import Any

import jax

from jaxsim.core.declared import Declared
from jaxsim.core.signal import Signal
from jaxsim.neural.model import AbstractModel


Seen = Any  # mapping of arrays: what is watched, per tick (or per block of ticks)


class AbstractMonitor(Declared):
    """Sees every tick of a network and gives one sample per period.

    What would not fit in memory at the integrator's step is a monitor's business;
    everything else is a step after the network. Ticks come in blocks, arrays
    `(tick, ...)`.
    """

    def ticks(self, dt_s: float) -> int:
        """Steps per sample."""
        return 1

    def grain(self, dt_s: float) -> int:
        """Steps that must come together in one block; divides `ticks`."""
        return 1

    def watch(
        self, model: AbstractModel, state: Any, variables: tuple[str, ...]
    ) -> Seen:
        """What is looked at in one tick: the activity, and the variables asked for."""
        seen = {"activity": model.activity(state)}
        if variables:
            found = model.observe(state)
            seen["states"] = jax.numpy.stack([found[name] for name in variables])
        return seen

    def cards(self, cards: dict[str, Signal]) -> dict[str, Signal]:
        """The cards of the samples, given those of what is watched."""
        return cards

    @abc.abstractmethod
    def start(self, seen: Seen) -> Any:
        """The memory before the first tick; `seen` is one tick, zeros."""

    @abc.abstractmethod
    def absorb(self, memory: Any, block: Seen, dt_s: float) -> Any:
        """The memory after a block of ticks that lies within one sample."""

    @abc.abstractmethod
    def sample(self, memory: Any, dt_s: float) -> tuple[Any, Seen]:
        """At the end of a period: the memory for the next one, and the sample."""

    def samples(self, memory: Any, blocks: Seen, dt_s: float) -> tuple[Any, Seen]:
        """Several whole samples at once, arrays `(sample, tick, ...)`.

        Monitors whose samples do not depend on each other override it to avoid a loop.
        """

        def one(memory, block):
            return self.sample(self.absorb(memory, block, dt_s), dt_s)

        return jax.lax.scan(one, memory, blocks)

    def settle(self, memory: Any, block: Seen, dt_s: float) -> Any:
        """The memory after a block of the burn-in; most monitors wait for time zero."""
        return memory
