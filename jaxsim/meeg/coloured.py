"""Noise with a spectrum: autoregressions and power laws, out of white noise."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def ar_filtered(
    white: Float[Array, "time *more"], coefficients: Float[Array, " lag"]
) -> Float[Array, "time *more"]:
    r"""The autoregression $x_t = \sum_i a_i x_{t-i} + w_t$, started at rest."""

    def step(before: Array, now: Array) -> tuple[Array, Array]:
        value = jnp.tensordot(coefficients, before, 1, precision="highest") + now
        return jnp.concatenate([value[None], before[:-1]]), value

    rest = jnp.zeros((coefficients.shape[0], *white.shape[1:]), white.dtype)
    return jax.lax.scan(step, rest, white)[1]


def power_law(
    white: Float[Array, "time column"], exponent: Any
) -> Float[Array, "time column"]:
    """White noise with the power of frequency f multiplied by f^-exponent.

    Nothing is left at frequency zero. The variance is one, as that of white noise.
    """
    n_samples = white.shape[0]
    spectrum = jnp.fft.rfft(white, axis=0)
    number = jnp.arange(1, spectrum.shape[0], dtype=white.dtype)
    gain = number ** (-0.5 * exponent)
    # the last line of an even number of samples stands for itself alone
    twice = jnp.full(number.shape, 2.0, white.dtype)
    if n_samples % 2 == 0:
        twice = twice.at[-1].set(1.0)
    gain = gain / jnp.sqrt(jnp.sum(twice * gain**2) / n_samples)
    gain = jnp.concatenate([jnp.zeros(1, white.dtype), gain])
    return jnp.fft.irfft(
        spectrum * gain[:, None].astype(spectrum.dtype), n_samples, axis=0
    )
