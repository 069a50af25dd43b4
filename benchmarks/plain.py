"""The same physics as a plain `lax.scan`, written as one would by hand.

Nothing of jaxsim is used. Noise is drawn in blocks and samples may be averages over
ticks, so that what is computed and what is kept is the same.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp


BLOCK = 200  # ticks that share one call of the generator
C, SIGMA, P_MEAN, B, G = 135.0, 2.0, 90.0, 22.0, 10.0


def rate(v: Any) -> Any:
    return 5.0 * jax.nn.sigmoid(0.56 * (v - 6.0))


def field(y: tuple) -> Any:
    return y[1] - 0.25 * C * y[3] - y[2]


def slopes(y: tuple, A: Any, p: Any, heard: Any) -> tuple:
    y0, y1, y3, y4, y5, y6, y8, y9 = y
    return (
        y5, y6, y8, y9,
        A * 100.0 * (rate(field(y)) + heard) - 200.0 * y5 - 1e4 * y0,
        A * 100.0 * (p + 0.8 * C * rate(C * y0)) - 200.0 * y6 - 1e4 * y1,
        G * 500.0 * 0.8 * C * rate(0.3 * C * y0 - 0.1 * C * y4) - 1e3 * y8 - 25e4 * y3,
        B * 50.0 * rate(0.25 * C * y0) - 100.0 * y9 - 2500.0 * y4,
    )  # fmt: skip


def advance(y: tuple, slope: Any, dt: float, heun: bool) -> tuple:
    first = slope(y)
    ahead = tuple(a + dt * k for a, k in zip(y, first, strict=True))
    if not heun:
        return ahead
    both = zip(y, first, slope(ahead), strict=True)
    return tuple(a + 0.5 * dt * (k + m) for a, k, m in both)


@functools.partial(
    jax.jit, static_argnames=("n_nodes", "n_steps", "thin", "heun", "n_slots", "dt")
)
def simulate(
    A: Any,
    weights: Any,
    lags: Any,
    key: Any,
    *,
    n_nodes: int,
    n_steps: int,
    thin: int = 1,
    heun: bool = True,
    n_slots: int = 0,
    sigma: Any = SIGMA,
    dt: float = 1e-4,
) -> Any:
    """LFP (sample, node), a mean over `thin` ticks each.

    Args:
        A: excitatory gain.
        weights: (node, node) or None.
        lags: delays in ticks (node, node), interpolated unless they are integers;
            None for coupling in every stage.
        key: of the noise.
        n_nodes: how many.
        n_steps: ticks; a multiple of the block, or below it.
        thin: ticks of a sample.
        heun: else Euler.
        n_slots: length of the ring of the past.
        sigma: size of the noise.
        dt: step, s.
    """
    block = min(BLOCK, n_steps)
    y = tuple(jnp.zeros(n_nodes) for _ in range(8))
    ring = jnp.full((n_slots, n_nodes), rate(jnp.zeros(())))
    source = jnp.arange(n_nodes)[None, :]

    def arriving(ring, number):
        whole = jnp.floor(lags).astype(jnp.int32)
        after = ring[(number - whole) % n_slots, source]
        if jnp.issubdtype(lags.dtype, jnp.integer):
            return after
        before = ring[(number - whole - 1) % n_slots, source]
        return after + (lags - whole) * (before - after)

    def tick(carry, given):
        y, ring = carry
        number, noise = given
        heard = 0.0
        if lags is not None:
            ring = ring.at[number % n_slots].set(rate(field(y)))
            heard = jnp.sum(weights * arriving(ring, number), axis=1)

        def slope(y):
            now = heard
            if weights is not None and lags is None:
                now = weights @ rate(field(y))
            return slopes(y, A, P_MEAN + noise, now)

        y = advance(y, slope, dt, heun)
        return (y, ring), field(y)

    def blocks(carry, number):
        noise = sigma * jax.random.normal(
            jax.random.fold_in(key, number), (block, n_nodes)
        )
        ticks = number * block + jnp.arange(block)
        carry, seen = jax.lax.scan(tick, carry, (ticks, noise))
        return carry, seen.reshape(block // thin, thin, n_nodes).mean(1)

    _, seen = jax.lax.scan(blocks, (y, ring), jnp.arange(n_steps // block))
    return seen.reshape(-1, n_nodes)


@functools.partial(
    jax.jit, static_argnames=("n_nodes", "n_steps", "thin", "heun", "n_slots")
)
def batch(A: Any, weights: Any, lags: Any, key: Any, **sizes: Any) -> Any:
    """The same for a batch of A, each with a key of its own."""
    numbers = jnp.arange(A.shape[0])
    return jax.vmap(
        lambda a, i: simulate(a, weights, lags, jax.random.fold_in(key, i), **sizes)
    )(A, numbers)
