"""How far source estimates are from the truth, in nAm, and how sure they are.

Free orientations are compared by their amplitudes (the norm over components), fixed
ones with their sign.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Real

from jaxsim.measure.arrays import Scalar, Signal, Values, safe_ratio
from jaxsim.measure.posterior import covariance_blocks
from jaxsim.measure.sources import Mode, check_mode, paired_sources


Basis = Real[Values, "source 3 component"] | None


def source_mse(
    truth: Signal,
    estimate: Signal,
    basis: Basis = None,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
) -> Scalar:
    """Mean squared error over sources and times, nAm^2.

    Args:
        truth: (time, coefficient), nAm, source after source.
        estimate: alike.
        basis: (source, 3, K), where the truth is given in space (free MEG).
        n_components: K, 1 for fixed orientations.
        mode: "aggregated" compares the means over time.
    """
    return jnp.mean(_off(truth, estimate, basis, n_components, mode) ** 2)


def source_mae(
    truth: Signal,
    estimate: Signal,
    basis: Basis = None,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
) -> Scalar:
    """Mean absolute error over sources and times, nAm; arguments as in `source_mse`."""
    return jnp.mean(jnp.abs(_off(truth, estimate, basis, n_components, mode)))


def source_rmse(
    truth: Signal,
    estimate: Signal,
    basis: Basis = None,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
) -> Scalar:
    """Root of `source_mse`, nAm."""
    return jnp.sqrt(
        source_mse(truth, estimate, basis, n_components=n_components, mode=mode)
    )


def source_rmae(
    truth: Signal,
    estimate: Signal,
    basis: Basis = None,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
) -> Scalar:
    """Root of `source_mae`, nAm^(1/2), as CaliBrain reports it."""
    return jnp.sqrt(
        source_mae(truth, estimate, basis, n_components=n_components, mode=mode)
    )


def source_cosine(
    truth: Signal,
    estimate: Signal,
    basis: Basis = None,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
) -> Scalar:
    """Cosine between all of the truth and all of the estimate: blind to scale.

    1 for the same pattern, 0 where one of them is silent. Arguments as in `source_mse`.
    """
    a, b = paired_sources(truth, estimate, n_components, basis, mode)
    # sizes first: squares of squares leave float32
    a, b = (safe_ratio(x, jnp.broadcast_to(jnp.abs(x).max(), x.shape)) for x in (a, b))
    square = jnp.sum(a**2) * jnp.sum(b**2)
    some = square > 0
    return jnp.where(some, jnp.sum(a * b) / jnp.sqrt(jnp.where(some, square, 1.0)), 0.0)


def mean_posterior_std(
    covariance: Signal,
    mode: Mode = "pointwise",
    n_times: int | None = None,
) -> Scalar:
    r"""Mean over sources of $\sqrt{\mathrm{tr}\,\Sigma_n / K}$, nAm.

    Args:
        covariance: blocks (source, K, K), or variances (source,).
        mode: "aggregated" tells that of the mean over `n_times` independent times.
        n_times: needed then.
    """
    check_mode(mode)
    blocks = covariance_blocks(covariance)
    variance = jnp.trace(blocks, axis1=1, axis2=2) / blocks.shape[-1]
    if mode == "aggregated":
        if n_times is None:
            raise ValueError("mode = 'aggregated' needs n_times, of which it is.")
        variance = variance / n_times
    some = variance > 0
    return jnp.mean(jnp.where(some, jnp.sqrt(jnp.where(some, variance, 1.0)), 0.0))


def _off(
    truth: Signal, estimate: Signal, basis: Basis, n_components: int, mode: Mode
) -> Float[Array, "sample source"]:
    a, b = (
        _amplitude(x)
        for x in paired_sources(truth, estimate, n_components, basis, mode)
    )
    return b - a


def _amplitude(x: Float[Array, "sample source component"]) -> Array:
    if x.shape[-1] == 1:
        return x[..., 0]
    square = jnp.sum(x**2, axis=-1)
    some = square > 0
    return jnp.where(some, jnp.sqrt(jnp.where(some, square, 1.0)), 0.0)
