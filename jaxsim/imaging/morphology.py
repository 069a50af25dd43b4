"""Stamps: what a cell looks like before any optics, sharp and centred."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


LOBES = 4  # Fourier modes of an irregular outline, from the second on
PRIMARIES = 9  # dendrites at most


def soma(
    key: PRNGKeyArray,
    grid: tuple[Array, Array],
    radius: Float[Array, ""],
    irregularity: Float[Array, ""],
) -> Float[Array, "s s"]:
    r"""A disk whose outline wobbles, anti-aliased over a pixel.

    $$ r(\theta) = r_0 \Big(1 + \text{irregularity} \sum_{k=2}^{5} (a_k \cos k\theta
       + b_k \sin k\theta)\Big) $$

    with random coefficients, so that the shape does not depend on the pixels.

    Args:
        key: of the cell.
        grid: rows and columns in px from the centre.
        radius: px.
        irregularity: 0 is a disk.
    """
    y, x = grid
    distance = jnp.sqrt(y**2 + x**2 + 1e-6)
    weights = jax.random.normal(key, (2, LOBES), distance.dtype)
    wobble = jnp.zeros_like(distance)
    # cos and sin of k theta by the angle's own, without an arctangent
    cosine, sine = x / distance, y / distance
    c, s = cosine, sine
    for k in range(LOBES):
        c, s = c * cosine - s * sine, s * cosine + c * sine
        wobble = wobble + weights[0, k] * c + weights[1, k] * s
    # a standard deviation of 0.35 makes the largest lobe about one
    outline = radius * (
        1.0 + irregularity * jnp.tanh(0.35 * wobble / math.sqrt(LOBES) * 2)
    )
    return jnp.clip(outline - distance + 0.5, 0.0, 1.0)


def dendrites(
    key: PRNGKeyArray,
    grid: tuple[Array, Array],
    radius: Float[Array, ""],
    length: Float[Array, ""],
    width: Float[Array, ""],
) -> Float[Array, "s s"]:
    """Processes that leave the soma, thinner and dimmer towards their tips.

    Their number is Poisson (5) within 2 and 9, their directions are spread evenly with
    some wander, their lengths 0.6 to 1.25 of the given one. The brightest counts where
    several overlap.

    Args:
        key: of the cell.
        grid: rows and columns in px from the centre.
        radius: of the soma, px.
        length: px.
        width: diameter at the soma, px.
    """
    number, phase, wander, reach = jax.random.split(key, 4)
    n = jnp.clip(jax.random.poisson(number, 5.0), 2, PRIMARIES)
    like = radius.dtype
    turn = jnp.arange(PRIMARIES, dtype=like) / n.astype(like)
    turn = turn + jax.random.uniform(phase, (), like)
    angle = 2.0 * math.pi * turn + 0.4 * jax.random.normal(wander, (PRIMARIES,), like)
    along = length * jax.random.uniform(reach, (PRIMARIES,), like, 0.6, 1.25)
    y, x = grid

    def process(angle: Array, length: Array) -> Array:
        far = y * jnp.sin(angle) + x * jnp.cos(angle) - 0.8 * radius
        aside = y * jnp.cos(angle) - x * jnp.sin(angle)
        part = jnp.clip(far / length, 0.0, 1.0)
        half = jnp.maximum(0.5 * width * (1.0 - part), 0.5)
        off = jnp.sqrt(aside**2 + (far - part * length) ** 2 + 1e-6)
        light = 0.05 + 0.5 * jnp.clip(half / (0.5 * width), 0.0, 1.0)
        return light * jnp.clip(half - off + 0.5, 0.0, 1.0)

    each = jax.vmap(process)(angle, along)
    there = (jnp.arange(PRIMARIES) < n)[:, None, None]
    return jnp.where(there, each, 0.0).max(axis=0)
