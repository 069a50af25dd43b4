"""Proper scores of Gaussian posteriors: they reward being right and saying how sure."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Real

from jaxsim.measure.arrays import Scalar, Signal, Values, as_float
from jaxsim.measure.posterior import residual, square_mahalanobis
from jaxsim.measure.sources import Mode


def gaussian_crps(
    truth: Real[Values, "*shape"],
    mean: Real[Values, "*shape"],
    std: Real[Values, "*shape"],
) -> Float[Array, "*shape"]:
    r"""Continuous ranked probability score of normal forecasts, in the truth's unit.

    $$ \int (F(y) - 1_{y \ge x})^2\,dy
       = \sigma\,[z\,(2\Phi(z) - 1) + 2\varphi(z) - 1/\sqrt{\pi}],
       \quad z = (x - \mu)/\sigma $$

    0 is best; the absolute error where the standard deviation is 0.

    Reference:
        ```bibtex
        @article{gneiting2007strictly,
          author = {Gneiting, Tilmann and Raftery, Adrian E.},
          title = {Strictly Proper Scoring Rules, Prediction, and Estimation},
          journal = {Journal of the American Statistical Association},
          volume = {102},
          number = {477},
          pages = {359--378},
          year = {2007},
          doi = {10.1198/016214506000001437}
        }
        ```
    """
    x = as_float(truth, "truth")
    mu, sigma = (
        as_float(v, n).astype(x.dtype) for v, n in ((mean, "mean"), (std, "std"))
    )
    some = sigma > 0
    z = (x - mu) / jnp.where(some, sigma, 1.0)
    # z (2 Phi - 1) as an error function: no loss of digits near 0
    inner = z * jax.lax.erf(z / np.sqrt(2)) + 2 * jax.scipy.stats.norm.pdf(z)
    score = sigma * (inner - 1 / np.sqrt(np.pi))
    return jnp.where(some, score, jnp.abs(x - mu))


def crps(
    truth: Signal,
    estimate: Signal,
    covariance: Signal,
    basis: Real[Values, "source 3 component"] | None = None,
    *,
    mode: Mode = "pointwise",
) -> Scalar:
    """Mean `gaussian_crps` over times, sources and components, nAm.

    Args:
        truth: (time, coefficient), nAm.
        estimate: posterior mean, alike.
        covariance: posterior blocks (source, K, K), or variances (source,), nAm^2.
        basis: (source, 3, K), where the truth is given in space (free MEG).
        mode: "aggregated" scores the means over time.
    """
    true, off, blocks = residual(truth, estimate, covariance, basis, mode)
    variance = jnp.diagonal(blocks, axis1=1, axis2=2)
    some = variance > 0
    std = jnp.where(some, jnp.sqrt(jnp.where(some, variance, 1.0)), 0.0)
    std = jnp.broadcast_to(std, off.shape)
    return jnp.mean(gaussian_crps(off, jnp.zeros_like(true), std))


def log_score(
    truth: Signal,
    estimate: Signal,
    covariance: Signal,
    basis: Real[Values, "source 3 component"] | None = None,
    *,
    mode: Mode = "pointwise",
) -> Scalar:
    r"""Mean of $-\ln \mathcal N(x_n; \hat x_n, \Sigma_n)$ over times and sources, nats.

    Lower is better. Each source is scored by its own block. One without variance that
    is missed costs dearly (variances count as 1e-12 nAm^2 at least): sparse methods
    are told so, and `crps` is milder. Arguments as in `crps`.
    """
    _, off, blocks = residual(truth, estimate, covariance, basis, mode)
    square, log_det = square_mahalanobis(off, blocks)
    constant = off.shape[-1] * np.log(2 * np.pi)
    return jnp.mean(square + log_det[None, :] + constant) / 2


def mahalanobis_distance(
    truth: Signal,
    estimate: Signal,
    covariance: Signal,
    basis: Real[Values, "source 3 component"] | None = None,
    *,
    mode: Mode = "pointwise",
) -> Float[Array, "sample source"]:
    r"""How many posterior standard deviations the truth lies from the estimate.

    $\sqrt{d^\mathsf{T} \Sigma_n^{-1} d}$ at each time and source; the root of a
    $\chi^2_K$ variable where the posterior is honest. Arguments as in `crps`.
    """
    _, off, blocks = residual(truth, estimate, covariance, basis, mode)
    square, _ = square_mahalanobis(off, blocks)
    some = square > 0
    return jnp.where(some, jnp.sqrt(jnp.where(some, square, 1.0)), 0.0)


def mean_square_z(
    truth: Signal,
    estimate: Signal,
    covariance: Signal,
    basis: Real[Values, "source 3 component"] | None = None,
    *,
    mode: Mode = "pointwise",
) -> Scalar:
    """Mean squared Mahalanobis distance per component: 1 where honest.

    Above 1 the posterior is overconfident, below 1 underconfident. Arguments as in
    `crps`.
    """
    _, off, blocks = residual(truth, estimate, covariance, basis, mode)
    square, _ = square_mahalanobis(off, blocks)
    return jnp.mean(square) / off.shape[-1]
