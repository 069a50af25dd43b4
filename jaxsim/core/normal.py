"""Uniform and normal numbers, two for each turn of the counter-based generator."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

from jaxsim.core.threefry import threefry


def normal_pair(
    key: PRNGKeyArray,
    shape: tuple[int, int],
    dtype: Any = None,
    rows: UInt32[Array, "row"] | None = None,
) -> tuple[Float[Array, "row column"], Float[Array, "row column"]]:
    r"""Two independent arrays of standard normal numbers.

    The two words that threefry makes of (row, column) become two normals by the
    transform of Box and Muller,

    $$ z_1, z_2 = \sqrt{-2 \ln u_1}\,(\cos 2\pi u_2,\ \sin 2\pi u_2), $$

    where `jax.random.normal` spends a turn on each and an inverse error function: about
    half the time. A row or column more leaves the numbers of the others as they were.
    In float32 no number is larger than 5.9.

    Args:
        key: `jax.random.key(seed)`.
        shape: rows and columns of each of the two.
        dtype: float32 or float64; the default float type if not given.
        rows: their numbers; 0, 1, 2 ... by default.
    """
    first, second = uniform_pair(key, shape, dtype, rows)
    length = jnp.sqrt(-2.0 * jnp.log(first + 2.0**-25))
    sine, cosine = _of_turns(second)
    return length * cosine, length * sine


def uniform_pair(
    key: PRNGKeyArray,
    shape: tuple[int, int],
    dtype: Any = None,
    rows: UInt32[Array, "row"] | None = None,
) -> tuple[Float[Array, "row column"], Float[Array, "row column"]]:
    """Two independent arrays of numbers that are uniform in [0, 1).

    Args:
        key: `jax.random.key(seed)`.
        shape: rows and columns of each of the two.
        dtype: float32 or float64; the default float type if not given.
        rows: their numbers; 0, 1, 2 ... by default.
    """
    dtype = jnp.result_type(float) if dtype is None else jnp.dtype(dtype)
    row, column = (jax.lax.broadcasted_iota(jnp.uint32, shape, i) for i in (0, 1))
    if rows is not None:
        row = jnp.broadcast_to(rows[:, None], shape)
    words = threefry(key, row, column)
    # 24 bits fill a float32; the same numbers in float64 up to rounding
    first, second = ((word >> 8).astype(dtype) * 2.0**-24 for word in words)
    return first, second


def _of_turns(turns: Float[Array, "..."]) -> tuple[Array, Array]:
    """Sine and cosine of 2 pi times a number in [0, 1), to 2e-9.

    Taylor series around the nearest quarter: the library's functions, made for any
    angle, take five times as long.
    """
    quarter = jnp.floor(4.0 * turns + 0.5)
    x = (turns - 0.25 * quarter) * (2.0 * math.pi)
    z = x * x
    sine, cosine = x * _series(z, 1), _series(z, 0)
    quarter = quarter.astype(jnp.int32)
    odd = (quarter & 1) == 1
    sine, cosine = jnp.where(odd, cosine, sine), jnp.where(odd, sine, cosine)
    return (
        jnp.where((quarter & 2) != 0, -sine, sine),
        jnp.where(((quarter + 1) & 2) != 0, -cosine, cosine),
    )


def _series(z: Array, first: int) -> Array:
    """Sum of (-z)^k / (2k + first)! for k up to 5, by Horner's rule."""
    total = jnp.ones_like(z)
    for k in range(5, 0, -1):
        n = 2 * k + first
        total = 1.0 - z / (n * (n - 1)) * total
    return total
