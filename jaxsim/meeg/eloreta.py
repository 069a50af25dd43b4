"""eLORETA: weights of the sources under which no place is favoured."""

from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param, static
from jaxsim.meeg.block_root import inverse_root_of_blocks
from jaxsim.meeg.estimator import AbstractEstimator, Estimate, check_sizes, conclude
from jaxsim.meeg.gaussian import root_of_covariance, scaled, spread
from jaxsim.meeg.iterate import iterate
from jaxsim.meeg.minimum_norm import signal_to_noise


class ELoreta(AbstractEstimator):
    r"""Exact low-resolution tomography: a noiseless dipole is found in its place.

    $$ R_n \leftarrow \left( L_n^T (L R L^T + \alpha I)^{-1} L_n \right)^{-1/2}, \qquad
    \mathrm{tr}(L R L^T) = M, \quad \alpha = \text{snr}^{-2} $$

    until R changes by less than `tol`, in blocks of K components. It is the posterior
    of the prior covariance $R\, \text{snr}^2 \lambda$: both mean and covariance are
    told. Of a given `snr` the mean does not depend on the noise level.

    **Needs:** `field`, `gain`, `noise_variance`. **Makes:** what `GammaMap` makes.

    ```bibtex
    @article{pascual-marqui2011, title={Assessing interactions in the brain with exact
      low-resolution electromagnetic tomography}, author={Pascual-Marqui, Roberto D. and
      Lehmann, Dietrich and Koukkou, Martha and Kochi, Kieko and Anderer, Peter and
      Saletu, Bernd and Tanaka, Hideaki and Hirata, Koichi and John, E. Roy and Prichep,
      Leslie and Biscay-Lirio, Rolando and Kinoshita, Toshihiko},
      journal={Philosophical Transactions of the Royal Society A}, volume={369},
      number={1952}, pages={3768--3784}, year={2011}}
    ```
    """

    n_orient: int = static(1, "components of a location", bounds=(1, 3))
    snr: Param | None = param(
        None,
        "1",
        (1e-3, 1e6),
        "amplitude signal to noise; none: as field and noise level have it",
    )
    max_iter: int = static(100, "most steps", bounds=(1, 1e6))
    tol: Param = param(1e-6, "1", (0.0, 1.0), "relative change of R that ends it")

    no_gradient: ClassVar[tuple[str, ...]] = ("tol",)

    def __call__(self, field: Any, gain: Any, noise_variance: Any) -> dict[str, Any]:
        """Find the weights, then the posterior."""
        check_sizes(gain.values, field.values, self.n_orient, "ELoreta")
        found = eloreta(
            gain.values,
            field.values,
            noise_variance.values,
            n_orient=self.n_orient,
            snr=self.snr,
            max_iter=self.max_iter,
            tol=self.tol,
        )
        return found._asdict()


def eloreta(
    gain: Float[Array, "sensor source"],
    field: Float[Array, "time sensor"],
    noise_variance: Float[Array, ""],
    *,
    n_orient: int = 1,
    snr: Float[Array, ""] | float | None = None,
    max_iter: int = 100,
    tol: Float[Array, ""] | float = 1e-6,
) -> Estimate:
    """eLORETA on arrays; see `ELoreta`."""
    with jax.default_matmul_precision("highest"):
        problem, kind = scaled(gain, field), gain.dtype
        ratio = signal_to_noise(field, noise_variance) if snr is None else snr**2
        ratio = jnp.asarray(ratio, kind)
        identity = jnp.eye(n_orient, dtype=kind)[None]
        start = jnp.broadcast_to(
            identity, (gain.shape[1] // n_orient, n_orient, n_orient)
        )
        alpha = jnp.broadcast_to(1 / ratio, gain.shape[:1])
        ended = iterate(
            partial(_step, n_orient=n_orient),
            _change,
            _normalised(start, problem.gain),
            (problem.gain, alpha),
            jnp.asarray(tol, kind),
            max_iter,
        )
        level = noise_variance / jnp.square(problem.field_scale)
        prior = ended.state * ratio * level
        noise = jnp.broadcast_to(level, gain.shape[:1])
        return conclude(
            problem,
            prior,
            root_of_covariance(problem.gain, prior, noise),
            n_orient,
            n_iter=ended.n_iter,
            converged=ended.change < tol,
        )


def _step(weights: Array, given: tuple[Array, Array], *, n_orient: int) -> Array:
    gain, alpha = given
    _, inverse_root = root_of_covariance(gain, weights, alpha)
    seen = (inverse_root @ gain).reshape(len(gain), -1, n_orient)
    new = inverse_root_of_blocks(jnp.einsum("mnk,mnl->nkl", seen, seen))
    return _normalised(new, gain)


def _normalised(weights: Array, gain: Array) -> Array:
    """With the trace of the signal's covariance equal to the number of sensors."""
    trace = (spread(gain, weights).reshape(gain.T.shape) * gain.T).sum()
    return weights * (len(gain) / jnp.where(trace > 0, trace, 1.0))


def _change(new: Array, old: Array) -> Array:
    size = jnp.square(old).sum()
    return jnp.sqrt(jnp.square(new - old).sum() / jnp.where(size > 0, size, 1.0))
