"""The mean over every period."""

import jax
import jax.numpy as jnp

from jaxsim.core.param import static
from jaxsim.neural.monitor import AbstractMonitor
from jaxsim.neural.span import whole_ticks


class TemporalAverage(AbstractMonitor):
    r"""The mean over the steps of each period.

    $$ \bar x_k = \frac1n \sum_{i=1}^{n} x(t_{(k-1)n + i}) $$

    A sample is stamped with the end of its period, as for the other monitors.
    """

    period_s: float = static(1e-3, "time between samples", "s", (1e-9, 1e6))

    def ticks(self, dt_s):
        """Period over step."""
        return whole_ticks(self.period_s, dt_s, "TemporalAverage.period_s")

    def start(self, seen):
        """An empty sum."""
        return jax.tree.map(jnp.zeros_like, seen)

    def absorb(self, memory, block, dt_s):
        """Add the block to the sum."""
        return jax.tree.map(lambda total, x: total + x.sum(0), memory, block)

    def sample(self, memory, dt_s):
        """The sum over the number of steps; the next sum starts empty."""
        n_ticks = self.ticks(dt_s)
        mean = jax.tree.map(lambda total: total / n_ticks, memory)
        return jax.tree.map(jnp.zeros_like, memory), mean

    def samples(self, memory, blocks, dt_s):
        """The mean of each."""
        return memory, jax.tree.map(lambda x: x.mean(1), blocks)
