"""Parts of generated connectomes, as plain arrays on the host.

Draws are float32 whatever the width of floats is, so that a key means one topology.
"""

import math
import operator
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray


Number = float | int
LAWS = ("lognormal", "normal", "uniform", "constant")


def uniforms(key: PRNGKeyArray, n: int) -> np.ndarray:
    """Independent numbers between 0 and 1, one for each pair of nodes."""
    return np.asarray(jax.random.uniform(key, (n, n), jnp.float32), float)


def draw_weights(key: PRNGKeyArray, law: str, scale: Number, n: int) -> np.ndarray:
    """Weights between all nodes, by the law."""
    if law == "uniform":
        return uniforms(key, n) * scale
    if law == "constant":
        return np.full((n, n), float(scale))
    normal = np.asarray(jax.random.normal(key, (n, n), jnp.float32), float)
    if law == "normal":
        return np.abs(scale + 0.5 * scale * normal)
    return np.exp(normal) * scale


def mirrored(matrix: np.ndarray) -> np.ndarray:
    """The upper triangle and its mirror image; the diagonal is zero."""
    upper = np.triu(matrix, 1)
    return upper | upper.T if matrix.dtype == bool else upper + upper.T


def lattice(n_nodes: int, degree: int) -> np.ndarray:
    """Whether two nodes of a ring are neighbours."""
    places = np.arange(n_nodes)
    apart = np.abs(places[:, None] - places[None, :])
    apart = np.minimum(apart, n_nodes - apart)
    return (apart > 0) & (apart <= max(degree // 2, 1))


def on_circle(n_nodes: int, radius_mm: Number) -> np.ndarray:
    """Places evenly on a circle, in mm."""
    angle = 2 * np.pi * np.arange(n_nodes) / n_nodes
    flat = np.zeros_like(angle)
    return radius_mm * np.stack([np.cos(angle), np.sin(angle), flat], axis=1)


def in_ball(n_nodes: int, key: PRNGKeyArray, radius_mm: Number) -> np.ndarray:
    """Places drawn evenly from a ball, in mm."""
    where, deep = jax.random.split(key)
    points = np.asarray(jax.random.normal(where, (n_nodes, 3), jnp.float32), float)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    volume = np.asarray(jax.random.uniform(deep, (n_nodes, 1), jnp.float32), float)
    return radius_mm * points * np.cbrt(volume)


def distances(positions: np.ndarray) -> np.ndarray:
    """Straight distances between places."""
    apart = positions[:, None, :] - positions[None, :, :]
    return np.sqrt((apart**2).sum(axis=-1))


def scaled_to(nearness: np.ndarray, n_connections: Number) -> np.ndarray:
    """Probabilities in proportion to nearness (cut at 1) that sum to a number."""
    low, high = 0.0, 1.0
    while np.minimum(1.0, high * nearness).sum() < n_connections * (1 - 1e-9):
        high *= 2.0
        if high > 1e200:
            raise ValueError(
                "generators.spatial: decay_mm is so short that there are not degree "
                "connections for each node. Give a longer one."
            )
    for _ in range(60):
        middle = 0.5 * (low + high)
        enough = np.minimum(1.0, middle * nearness).sum() >= n_connections
        low, high = (low, middle) if enough else (middle, high)
    return np.minimum(1.0, high * nearness)


def block_sizes_of(
    n_nodes: int, n_blocks: int, given: Sequence[int] | None
) -> tuple[int, ...]:
    """Nodes of each block; what is left over goes to the first ones."""
    if given is None:
        if not 1 <= n_blocks <= n_nodes:
            raise ValueError(
                f"generators.stochastic_block: n_blocks = {n_blocks} must be between 1 "
                f"and n_nodes = {n_nodes}."
            )
        each, over = divmod(n_nodes, n_blocks)
        return tuple(each + (b < over) for b in range(n_blocks))
    sizes = tuple(int(size) for size in given)
    if min(sizes, default=0) < 1 or sum(sizes) != n_nodes:
        raise ValueError(
            f"generators.stochastic_block: block_sizes {sizes} add up to {sum(sizes)}, "
            f"but n_nodes = {n_nodes}; every block needs at least one node."
        )
    return sizes


def check_common(
    name: str, n_nodes: int, key: Any, law: str, scale: Number, radius_mm: Number | None
) -> None:
    """Refuse what no generator can use."""
    try:
        n_nodes = operator.index(n_nodes)
    except TypeError:
        raise TypeError(
            f"generators.{name}: n_nodes = {n_nodes!r} must be a whole number."
        ) from None
    if n_nodes < 1:
        raise ValueError(f"generators.{name}: n_nodes = {n_nodes} must be 1 or more.")
    dtype = getattr(key, "dtype", None)
    if dtype is None or not jnp.issubdtype(dtype, jax.dtypes.prng_key):
        raise TypeError(
            f"generators.{name}: key must be a JAX random key, got {key!r}. Write "
            "jax.random.key(0); every number is another seed."
        )
    if law not in LAWS:
        raise ValueError(
            f"generators.{name}: weights = {law!r} is not one of {', '.join(LAWS)}."
        )
    if not (scale > 0 and math.isfinite(scale)):
        raise ValueError(f"generators.{name}: scale = {scale} must be above 0.")
    if radius_mm is not None and not radius_mm > 0:
        raise ValueError(f"generators.{name}: radius_mm = {radius_mm} must be above 0.")


def check_fraction(name: str, what: str, value: Number) -> None:
    """Refuse what is no probability."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(
            f"generators.{name}: {what} = {value} is a probability, between 0 and 1."
        )


def check_degree(name: str, degree: int, n_nodes: int) -> None:
    """Refuse more neighbours than there are nodes."""
    if not 1 <= degree < n_nodes:
        raise ValueError(
            f"generators.{name}: degree = {degree} must be at least 1 and below "
            f"n_nodes = {n_nodes}: the others are all the neighbours that there are."
        )
