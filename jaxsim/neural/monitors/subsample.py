"""The state at the end of every period; every tick by default."""

import jax

from jaxsim.core.param import static
from jaxsim.neural.monitor import AbstractMonitor
from jaxsim.neural.span import whole_ticks


class AbstractLast(AbstractMonitor):
    """The last tick of each period."""

    def start(self, seen):
        """The last tick seen."""
        return seen

    def absorb(self, memory, block, dt_s):
        """Only the last tick counts."""
        return jax.tree.map(lambda x: x[-1], block)

    def sample(self, memory, dt_s):
        """The last tick."""
        return memory, memory

    def samples(self, memory, blocks, dt_s):
        """The last tick of each."""
        return memory, jax.tree.map(lambda x: x[:, -1], blocks)


class Subsample(AbstractLast):
    """The value at the end of every period, without averaging (so it may alias)."""

    period_s: float = static(1e-3, "time between samples", "s", (1e-9, 1e6))

    def ticks(self, dt_s):
        """Period over step."""
        return whole_ticks(self.period_s, dt_s, "Subsample.period_s")
