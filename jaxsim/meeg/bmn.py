"""Bayesian minimum norm: one prior variance for all sources, learned."""

from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.meeg.block_root import inverse_root_of_blocks
from jaxsim.meeg.estimator import (
    PRUNED,
    AbstractEstimator,
    Estimate,
    check_sizes,
    conclude,
)
from jaxsim.meeg.gaussian import Scaled, root_of_covariance, scaled, spread
from jaxsim.meeg.iterate import iterate, relative_change
from jaxsim.meeg.signals import NOISE_VARIANCE


RIDGE = 1e-6  # of the inverse by which columns are normalised


class BayesianMinimumNorm(AbstractEstimator):
    r"""Minimum norm whose regularisation is the one that the field makes likeliest.

    $$ C = \gamma L L^T + \lambda I, \qquad
    \gamma \leftarrow \gamma\, \frac{\mathrm{tr}(C^{-1} L L^T C^{-1} S)}
    {\mathrm{tr}(C^{-1} L L^T)} \quad \text{(MacKay)}, \qquad
    \lambda \leftarrow \lambda \sqrt{\frac{\mathrm{tr}(C^{-1} S C^{-1})}
    {\mathrm{tr}\,C^{-1}}} $$

    the second only with `learn_noise`. One eigendecomposition makes a step as cheap as
    there are sensors. With `normalize` the prior of location n is
    $\gamma\, (L_n^T (L L^T + \epsilon)^{-1} L_n)^{-1}$, so that no depth is favoured.

    `compat` does as CaliBrain 1.0.3, whose rule lacks the factor gamma on the right:
    it jumps between two values, settles late or never, and where it settles the
    evidence has no minimum.

    **Needs:** `field`, `gain`, and `noise_variance` unless it is learned. **Makes:**
    what `GammaMap` makes; `gamma` is that of a field and a gain of norm 1; with
    `learn_noise` also `noise_variance`.
    """

    n_orient: int = static(1, "components of a location", bounds=(1, 3))
    max_iter: int = static(1000, "most steps", bounds=(1, 1e6))
    tol: Param = param(1e-6, "1", (0.0, 1.0), "relative change that ends it")
    normalize: bool = static(False, "a prior that favours no depth")
    learn_noise: bool = static(False, "beside the prior variance")
    noise_floor: Param = param(
        1e-8, "1", (0.0, 1.0), "least noise, as a fraction of the field's mean square"
    )
    compat: bool = static(False, "as CaliBrain 1.0.3 does it")

    no_gradient: ClassVar[tuple[str, ...]] = ("tol", "noise_floor")

    @property
    def needs(self) -> tuple[str, ...]:
        """A noise level only where none is learned."""
        return super().needs[:2] if self.learn_noise else super().needs

    def cards(self) -> dict[str, Signal]:
        """With the noise level where it is learned."""
        learned = {"noise_variance": NOISE_VARIANCE} if self.learn_noise else {}
        return super().cards() | learned

    def __call__(
        self, field: Any, gain: Any, noise_variance: Any = None
    ) -> dict[str, Any]:
        """Iterate, then evaluate the posterior."""
        check_sizes(gain.values, field.values, self.n_orient, "BayesianMinimumNorm")
        known = None if noise_variance is None else noise_variance.values
        found, noise = bayesian_minimum_norm(
            gain.values,
            field.values,
            None if self.learn_noise else known,
            n_orient=self.n_orient,
            max_iter=self.max_iter,
            tol=self.tol,
            normalize=self.normalize,
            noise_floor=self.noise_floor,
            compat=self.compat,
        )
        made = found._asdict()
        if self.learn_noise:
            card = NOISE_VARIANCE._replace(unit=f"{field.card.unit}^2")
            made["noise_variance"] = Series(noise, None, card)
        return made


class Spectrum(NamedTuple):
    """A problem in the eigenvectors of L Gamma L', both it and the field of norm 1.

    Attributes:
        signal: eigenvalues, the largest is 1.
        data: power of the field along each eigenvector.
        vectors: the eigenvectors.
        gamma_scale: a prior variance times this is scaled as in `Scaled`.
        noise_scale: a noise variance times this is.
    """

    signal: Float[Array, " sensor"]
    data: Float[Array, " sensor"]
    vectors: Float[Array, "sensor sensor"]
    gamma_scale: Float[Array, ""]
    noise_scale: Float[Array, ""]


def spectrum(problem: Scaled, prior: Float[Array, "location row column"]) -> Spectrum:
    """Diagonalise the signal part of the field's covariance.

    Args:
        problem: scaled.
        prior: covariance of each location for gamma = 1.
    """
    gain, n_times = problem.gain, problem.field.shape[1]
    values, vectors = jnp.linalg.eigh(gain @ spread(gain, prior).reshape(gain.T.shape))
    values = jnp.maximum(values, 0.0)  # those of the average reference, say
    largest = jnp.where(problem.degenerate, 1.0, values.max())
    data = jnp.square(vectors.T @ problem.data).sum(1)
    energy = jnp.where(problem.degenerate, 1.0, n_times * data.sum())
    return Spectrum(values / largest, data / energy, vectors, energy / largest, energy)


def bayesian_minimum_norm(
    gain: Float[Array, "sensor source"],
    field: Float[Array, "time sensor"],
    noise_variance: Float[Array, ""] | None,
    *,
    n_orient: int = 1,
    max_iter: int = 1000,
    tol: Float[Array, ""] | float = 1e-6,
    normalize: bool = False,
    noise_floor: Float[Array, ""] | float = 1e-8,
    compat: bool = False,
) -> tuple[Estimate, Float[Array, ""]]:
    """Bayesian minimum norm on arrays; see `BayesianMinimumNorm`.

    Args:
        gain: in the field's unit per nAm.
        field: samples of all sensors.
        noise_variance: in the field's unit squared; none: it is learned.
        n_orient: K, columns of a location.
        max_iter: most steps.
        tol: relative change that ends it.
        normalize: a prior that favours no depth.
        noise_floor: least noise, as a fraction of the field's mean square.
        compat: as CaliBrain 1.0.3.

    Returns:
        The estimate, and the noise variance.
    """
    with jax.default_matmul_precision("highest"):
        problem, kind = scaled(gain, field), gain.dtype
        prior = _unit_prior(problem, n_orient, normalize, compat)
        view = spectrum(problem, prior)
        least = jnp.asarray(PRUNED if compat else noise_floor / field.size, kind)
        one, learn = jnp.ones((), kind), noise_variance is None
        square = jnp.square(problem.field_scale) * view.noise_scale
        # it starts from a field that is all noise; CaliBrain's from 1 in data units
        noise = one / field.size if learn and not compat else one / square
        noise = noise if noise_variance is None else noise_variance / square
        ended = iterate(
            partial(_step, learn_noise=learn, compat=compat),
            partial(_change, learn_noise=learn and not compat),
            (one, noise),
            (view, least),
            jnp.asarray(tol, kind),
            max_iter,
        )
        gamma, noise = ended.state
        level = noise * view.noise_scale
        prior = prior * gamma * view.gamma_scale
        found = conclude(
            problem,
            prior,
            root_of_covariance(
                problem.gain, prior, jnp.broadcast_to(level, gain.shape[:1])
            ),
            n_orient,
            n_iter=ended.n_iter,
            converged=ended.change < tol,
            gamma=gamma,
        )
        return found, noise * square


def _unit_prior(
    problem: Scaled, n_orient: int, normalize: bool, compat: bool
) -> Float[Array, "location row column"]:
    """The prior of each location for gamma = 1."""
    n_sensors, n_sources = problem.gain.shape
    shape = n_sources // n_orient, n_orient, n_orient
    identity = jnp.eye(n_orient, dtype=problem.gain.dtype)[None]
    if not normalize:
        return jnp.broadcast_to(identity, shape)
    gram = problem.gain @ problem.gain.T
    if compat:
        ridge = RIDGE / jnp.square(problem.gain_scale)
    else:
        ridge = RIDGE * jnp.trace(gram) / n_sensors
    ridge = jnp.where(problem.degenerate, 1.0, ridge)
    root = jnp.linalg.cholesky(gram + ridge * jnp.eye(n_sensors, dtype=gram.dtype))
    seen = jax.scipy.linalg.solve_triangular(root, problem.gain, lower=True)
    seen = seen.reshape(n_sensors, -1, n_orient)
    half = inverse_root_of_blocks(jnp.einsum("mnk,mnl->nkl", seen, seen))
    return half @ half


def _step(
    state: tuple[Array, Array],
    given: tuple[Spectrum, Array],
    *,
    learn_noise: bool,
    compat: bool,
) -> tuple[Array, Array]:
    (gamma, noise), (view, least) = state, given
    # noise below the rounding of the signal would divide by zero
    least = least if compat else least + jnp.finfo(least.dtype).eps * gamma

    def covariance(gamma: Array) -> Array:
        return gamma * view.signal + jnp.maximum(noise, least)

    c = covariance(gamma)
    power = (view.data * view.signal / c**2).sum()
    sharpness = (view.signal / c).sum()
    there = sharpness > 0
    factor = jnp.where(there, power / jnp.where(there, sharpness, 1.0), 0.0)
    gamma = factor if compat else gamma * factor
    if learn_noise:
        c = covariance(gamma)
        ratio = (view.data / c**2).sum() / (1 / c).sum()
        ratio = jnp.where(ratio > 0, ratio, 1.0)  # no field: the status says so
        noise = jnp.maximum(jnp.maximum(noise, least) * jnp.sqrt(ratio), least)
    return gamma, noise


def _change(
    new: tuple[Array, Array], old: tuple[Array, Array], *, learn_noise: bool
) -> Array:
    change = relative_change(new[0], old[0])
    return change + relative_change(new[1], old[1]) if learn_noise else change
