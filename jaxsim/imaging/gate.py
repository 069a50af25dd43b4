"""The probability of spikes of a gate that nobody saw."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.imaging.draws import inside, log_bernoulli


def log_probability_of_gated(
    spikes: Float[Array, "period cell"],
    bins: int,
    start: Float[Array, ""],
    switch: tuple[Float[Array, ""], Float[Array, ""]],
    chance: tuple[Float[Array, ""], Float[Array, ""]],
) -> Float[Array, "cell"]:
    r"""Logarithm of the probability of spikes, summed over all paths of the gate.

    The forward filter of a hidden Markov chain: with $b_t$ the probability that the
    gate is open, given the spikes before,

    $$ \log p = \sum_t \log\left[b_t\, p(s_t | \text{open})
       + (1 - b_t)\, p(s_t | \text{closed})\right] $$

    Args:
        spikes: number of spikes in every period in which the gate stays.
        bins: of a period, each with at most one spike.
        start: probability that the gate is open before the first period.
        switch: probabilities to open and to close, from a period to the next.
        chance: of a spike in a bin, when open and when closed.
    """
    opens, closes = switch
    open_, closed = (
        log_bernoulli(spikes, bins, jnp.broadcast_to(p, spikes.shape)) for p in chance
    )

    def step(open_before: Array, logs: tuple[Array, Array]) -> tuple[Array, Array]:
        prior = inside(open_before * (1.0 - closes) + (1.0 - open_before) * opens)
        both = jnp.log(prior) + logs[0], jnp.log1p(-prior) + logs[1]
        total = jnp.logaddexp(*both)
        return jnp.exp(both[0] - total), total

    first = jnp.broadcast_to(start, spikes.shape[1:])
    _, logs = jax.lax.scan(step, first, (open_, closed))
    return logs.sum(0)
