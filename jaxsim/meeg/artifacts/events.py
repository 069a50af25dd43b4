"""Events at random times, and the shapes that follow them."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def random_events(
    key: PRNGKeyArray, rate_per_min: Any, rate_hz: float, shape: tuple, dtype: Any
) -> Float[Array, "..."]:
    """Ones where an event begins: a Poisson process in bins of a sample."""
    chance = 1 - jnp.exp(-jnp.asarray(rate_per_min, dtype) / (60 * rate_hz))
    return (jax.random.uniform(key, shape, dtype) < chance).astype(dtype)


def followed_by(
    events: Float[Array, "time column"], shape: Float[Array, " time"]
) -> Float[Array, "time column"]:
    """Events, each followed by a shape; what reaches beyond the end is cut off."""
    n = events.shape[0]
    both = jnp.fft.rfft(events, 2 * n, axis=0) * jnp.fft.rfft(shape, 2 * n)[:, None]
    return jnp.fft.irfft(both, 2 * n, axis=0)[:n]
