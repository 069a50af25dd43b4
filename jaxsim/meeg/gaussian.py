r"""The linear Gaussian model that the estimators share, scaled for float32.

$$ y_t = L x_t + e_t, \quad x_t \sim N(0, \Gamma), \quad e_t \sim N(0, \Lambda) $$

Everything happens in scaled units, $G = L / g$ and $Y / \sqrt c$ with $g$ the largest
absolute row sum of the gain and $c = \lVert Y Y^T \rVert_F$, in which all numbers are
near one whatever the units were.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from jaxsim.meeg.triangular import inverse_of_lower


class Scaled(NamedTuple):
    """Gain and field in scaled units, and the way back.

    Attributes:
        gain: G.
        field: Y.
        data: a matrix W with W W' = Y Y' / T, no wider than there are sensors: all
            that prior variances can learn of the field, however long it is.
        field_scale: the square root of c.
        gain_scale: g.
        degenerate: the field or the gain is zero.
    """

    gain: Float[Array, "sensor source"]
    field: Float[Array, "sensor time"]
    data: Float[Array, "sensor column"]
    field_scale: Float[Array, ""]
    gain_scale: Float[Array, ""]
    degenerate: Bool[Array, ""]

    @property
    def source_scale(self) -> Float[Array, ""]:
        """Scaled sources times this are in nAm."""
        return self.field_scale / self.gain_scale


def scaled(
    gain: Float[Array, "sensor source"], field: Float[Array, "time sensor"]
) -> Scaled:
    """Scale a problem; a zero gain or field is left as it is, and told."""
    n_times, n_sensors = field.shape
    g = jnp.abs(gain).sum(1).max()
    peak = jax.lax.stop_gradient(jnp.abs(field).max())  # no square overflows
    degenerate = (g == 0) | (peak == 0)
    g, peak = jnp.where(g == 0, 1.0, g), jnp.where(peak == 0, 1.0, peak)
    y = (field / peak).T
    gram = y @ y.T if n_sensors <= n_times else y.T @ y
    squares = jnp.square(gram).sum()
    root_c = jnp.where(squares > 0, squares, 1.0) ** 0.25
    y = y / root_c
    data = y
    if n_times > n_sensors:
        # Rows of Y lie in the span of Q, so W = Y Q loses nothing; nor do first
        # derivatives of W W' when Q is held, and Q has none where Y is singular.
        basis = jnp.linalg.qr(jax.lax.stop_gradient(y).T)[0]
        data = y @ basis
    scale = peak * root_c
    return Scaled(gain / g, y, data / n_times**0.5, scale, g, degenerate)


def diagonal_blocks(
    gammas: Float[Array, " source"], n_orient: int
) -> Float[Array, "location row column"]:
    """Prior variances as a covariance for each location."""
    rows = gammas.reshape(-1, n_orient, 1)
    return rows * jnp.eye(n_orient, dtype=gammas.dtype)[None]


def spread(
    gain: Float[Array, "sensor source"], prior: Float[Array, "location row column"]
) -> Float[Array, "location row sensor"]:
    """Gamma G', a block of the prior for each location."""
    n_sensors, (n_locations, n_orient, _) = gain.shape[0], prior.shape
    if n_orient == 1:
        return (prior.reshape(-1, 1) * gain.T)[:, None]
    columns = gain.T.reshape(n_locations, n_orient, n_sensors)
    return jnp.einsum("nkl,nlm->nkm", prior, columns)


def root_of_covariance(
    gain: Float[Array, "sensor source"],
    prior: Float[Array, " source"] | Float[Array, "location row column"],
    noise: Float[Array, " sensor"],
) -> tuple[Float[Array, "sensor sensor"], Float[Array, "sensor sensor"]]:
    """The Cholesky factor R of the field's covariance C = G Gamma G' + Lambda.

    Noise below the rounding of the signal is taken for that rounding, or C would not be
    positive definite in the float type at hand.

    Returns:
        R and its inverse.
    """
    if prior.ndim == 1:
        signal = (gain * prior[None]) @ gain.T
    else:
        signal = gain @ spread(gain, prior).reshape(gain.T.shape)
    floor = jnp.finfo(gain.dtype).eps * jnp.trace(signal)
    root = jnp.linalg.cholesky(signal + jnp.diag(jnp.maximum(noise, floor)))
    return root, inverse_of_lower(root)


def evidence(
    problem: Scaled,
    root: Float[Array, "sensor sensor"],
    inverse_root: Float[Array, "sensor sensor"],
) -> Float[Array, ""]:
    r"""$\log|\Sigma_y| + \mathrm{tr}(\Sigma_y^{-1} S)$ in units of the field.

    It is twice the negative log-likelihood per sample, without $M \log 2\pi$.
    """
    n_sensors = root.shape[0]
    units = 2 * n_sensors * jnp.log(problem.field_scale)
    fit = jnp.square(inverse_root @ problem.data).sum()
    return units + 2 * jnp.log(jnp.diag(root)).sum() + fit


def posterior(
    problem: Scaled,
    prior: Float[Array, "location row column"],
    inverse_root: Float[Array, "sensor sensor"],
    basis: Float[Array, "location location"] | None = None,
) -> tuple[Float[Array, "time source"], Float[Array, "location row column"]]:
    r"""Mean of the sources and the covariance of each location, in nAm and nAm^2.

    $$ \hat x = V C^{-1} Y, \quad \Sigma_n = B_n \Gamma B_n^T - V_n C^{-1} V_n^T,
    \quad V = B \Gamma G^T $$

    Blocks only: of the whole matrix, N by N of them, nothing is formed.

    Args:
        problem: scaled.
        prior: covariance of the coefficients of each location, scaled.
        inverse_root: of the field's covariance.
        basis: B, from coefficients to sources; none: they are the same.
    """
    n_sensors, n_orient = inverse_root.shape[0], prior.shape[-1]
    seen = spread(problem.gain, prior)
    if basis is not None:
        seen = (basis @ seen.reshape(len(basis), -1)).reshape(seen.shape)
        square = jnp.square(basis) @ prior.reshape(len(basis), -1)
        prior = square.reshape(prior.shape)
    half = seen @ inverse_root.T
    mean = half.reshape(-1, n_sensors) @ (inverse_root @ problem.field)
    known = jnp.einsum("nkm,nlm->nkl", half, half)
    diagonal = jnp.eye(n_orient, dtype=bool)[None]
    # what is left of a variance may be less than its rounding
    left = jnp.where(diagonal, jnp.maximum(prior - known, 0.0), prior - known)
    return problem.source_scale * mean.T, problem.source_scale**2 * left


def posterior_covariance(
    gain: Float[Array, "sensor source"],
    gammas: Float[Array, " source"],
    noise_variance: Float[Array, "..."],
) -> Float[Array, "source source"]:
    r"""The whole posterior covariance in nAm^2, $\Gamma - \Gamma L^T C^{-1} L \Gamma$.

    It has as many entries as there are pairs of sources: 119 MB for 3852 in float64.

    Args:
        gain: of the coefficients.
        gammas: prior variances as an estimator makes them.
        noise_variance: a scalar, or one for each sensor.
    """
    noise = jnp.broadcast_to(noise_variance, gain.shape[:1])
    with jax.default_matmul_precision("highest"):
        _, inverse_root = root_of_covariance(gain, gammas, noise)
        half = inverse_root @ (gain * gammas[None])
        return jnp.diag(gammas) - half.T @ half


def field_evidence(
    gain: Float[Array, "sensor source"],
    field: Float[Array, "time sensor"],
    gammas: Float[Array, " source"],
    noise_variance: Float[Array, "..."],
) -> Float[Array, ""]:
    r"""$\log|\Sigma_y| + \mathrm{tr}(\Sigma_y^{-1} S)$ of given prior variances.

    Where an iteration has settled, this function's derivative by anything but the prior
    variances is the derivative of the evidence as a whole (envelope theorem).

    Args:
        gain: of the coefficients.
        field: samples of all sensors.
        gammas: prior variances, nAm^2.
        noise_variance: a scalar, or one for each sensor.
    """
    with jax.default_matmul_precision("highest"):
        problem = scaled(gain, field)
        noise = jnp.broadcast_to(noise_variance, gain.shape[:1])
        roots = root_of_covariance(
            problem.gain,
            gammas / jnp.square(problem.source_scale),
            noise / jnp.square(problem.field_scale),
        )
        return evidence(problem, *roots)
