"""Inverse square roots of the small symmetric blocks that a location has."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@jax.custom_jvp
def inverse_root_of_blocks(
    blocks: Float[Array, "location row column"],
) -> Float[Array, "location row column"]:
    """The inverse square root of symmetric positive blocks.

    A direction that the sensors do not see (a radial source of MEG) has no inverse; it
    gets zero. The derivative is that of Daleckii and Krein, which is finite for equal
    eigenvalues, where that of an eigendecomposition is not.
    """
    roots, vectors = _decomposed(blocks)
    return (vectors * roots[:, None]) @ jnp.swapaxes(vectors, 1, 2)


@inverse_root_of_blocks.defjvp
def _(primals: Any, tangents: Any) -> tuple[Array, Array]:
    roots, vectors = _decomposed(primals[0])
    turned = jnp.swapaxes(vectors, 1, 2)
    total = roots[:, :, None] + roots[:, None]
    seen = (roots[:, :, None] > 0) & (roots[:, None] > 0)
    # (f(a) - f(b)) / (a - b) of f = x^(-1/2), in terms of r = f
    product = roots[:, :, None] * roots[:, None]
    slope = -(product**2) / jnp.where(seen, total, 1.0)
    inside = turned @ tangents[0] @ vectors * jnp.where(seen, slope, 0.0)
    value = (vectors * roots[:, None]) @ turned
    return value, vectors @ inside @ turned


def _decomposed(blocks: Array) -> tuple[Array, Array]:
    """Eigenvalues to the power of -1/2 (zero for those that vanish), eigenvectors."""
    values, vectors = jnp.linalg.eigh(blocks)
    least = 100 * jnp.finfo(blocks.dtype).eps * values.max(1, keepdims=True)
    seen = values > least
    return jnp.where(seen, jnp.where(seen, values, 1.0) ** -0.5, 0.0), vectors
