"""Gaussian posteriors of sources: their blocks, how far a truth lies from the mean."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Real

from jaxsim.measure.arrays import Signal, Values, as_float
from jaxsim.measure.sources import Mode, paired_sources


# The smallest variance that counts, nAm^2: a millionth of a nAm is no source.
VARIANCE_FLOOR = 1e-12


def covariance_blocks(
    covariance: Signal, n_components: int = 1
) -> Float[Array, "source component component"]:
    """The block of each source of a posterior covariance, `(source, K, K)`.

    Args:
        covariance: blocks already, variances `(source,)` of fixed orientations, or the
            whole matrix `(coefficient, coefficient)`.
        n_components: $K$ of the whole matrix; the other two tell it themselves.

    Raises:
        ValueError: another shape.
    """
    found = as_float(covariance, "covariance")
    if found.ndim == 3 and found.shape[1] == found.shape[2]:
        return found
    if found.ndim == 1:
        return found[:, None, None]
    if found.ndim == 2 and found.shape[0] == found.shape[1]:
        n, rest = divmod(len(found), n_components)
        if not rest:
            blocks = found.reshape(n, n_components, n, n_components)
            each = jnp.arange(n)
            return blocks[each, :, each, :]
    raise ValueError(
        f"the covariance has shape {found.shape}; it must be (source, K, K), one block "
        "for each source, or (source,) variances. covariance_blocks() takes blocks out "
        "of a whole matrix."
    )


def repaired(
    blocks: Float[Array, "source component component"],
) -> Float[Array, "source component component"]:
    """The nearest symmetric blocks whose eigenvalues are not below the floor.

    The floor is `VARIANCE_FLOOR`, or the rounding error of the largest eigenvalue where
    that is more. What is added has no gradient.
    """
    if blocks.shape[-1] == 1:
        return jnp.maximum(blocks, VARIANCE_FLOOR)
    blocks = (blocks + jnp.swapaxes(blocks, -1, -2)) / 2
    values, vectors = jnp.linalg.eigh(jax.lax.stop_gradient(blocks))
    rounding = 10 * jnp.finfo(blocks.dtype).eps * values[:, -1:]
    lift = jnp.maximum(jnp.maximum(rounding, VARIANCE_FLOOR) - values, 0.0)
    added = jnp.einsum("nij,nj,nkj->nik", vectors, lift, vectors, precision="highest")
    return blocks + jax.lax.stop_gradient(added)


def square_mahalanobis(
    off: Float[Array, "sample source component"],
    blocks: Float[Array, "source component component"],
) -> tuple[Float[Array, "sample source"], Float[Array, " source"]]:
    r"""$d^\mathsf{T} \Sigma_n^{-1} d$ of each sample, and $\ln\lvert\Sigma_n\rvert$."""
    blocks = repaired(blocks.astype(off.dtype))
    if off.shape[-1] == 1:
        variance = blocks[:, 0, 0]
        return off[..., 0] ** 2 / variance[None, :], jnp.log(variance)
    factor = jnp.linalg.cholesky(blocks)
    white = jax.scipy.linalg.solve_triangular(
        factor, jnp.moveaxis(off, 0, -1), lower=True
    )
    diagonal = jnp.diagonal(factor, axis1=-2, axis2=-1)
    return jnp.sum(white**2, axis=1).T, 2 * jnp.sum(jnp.log(diagonal), axis=1)


def residual(
    truth: Signal,
    estimate: Signal,
    covariance: Signal,
    basis: Real[Values, "source 3 component"] | None = None,
    mode: Mode = "pointwise",
) -> tuple[
    Float[Array, "sample source component"],
    Float[Array, "sample source component"],
    Float[Array, "source component component"],
]:
    """Truth, truth minus estimate, and the covariance of the latter.

    The posterior covariance is static in time; that of the means over time is taken as
    `covariance / n_times`, as if errors at different times were independent.
    """
    blocks = covariance_blocks(covariance)
    true, found = paired_sources(truth, estimate, blocks.shape[-1], basis, mode)
    if len(blocks) != true.shape[1]:
        raise ValueError(
            f"the covariance has {len(blocks)} sources of {blocks.shape[-1]} "
            f"components, the estimate {true.shape[1]} such sources."
        )
    blocks = blocks.astype(true.dtype)
    if mode == "aggregated":
        blocks = blocks / len(getattr(estimate, "values", estimate))
    return true, true - found, blocks
