"""Gamma-MAP: sparse Bayesian learning of a prior variance for each source."""

from functools import partial
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param, static
from jaxsim.meeg.estimator import (
    PRUNED,
    AbstractEstimator,
    Estimate,
    check_sizes,
    conclude,
)
from jaxsim.meeg.gaussian import root_of_covariance, scaled
from jaxsim.meeg.iterate import iterate, relative_change
from jaxsim.meeg.sflex import sflex_basis, spread_gain


Update = Literal["mackay", "convex_bounding", "em"]


class GammaMap(AbstractEstimator):
    r"""Gamma-MAP: prior variances that make the field likeliest, then the posterior.

    $$ C = L \Gamma L^T + \lambda I, \quad a_p = \tfrac1T \sum_t (L^T C^{-1} Y)_{pt}^2,
    \quad d_p = (L^T C^{-1} L)_{pp} $$

    One step of the three rules, with sums over the K components of a location, which
    share their prior variance:

    $$ \text{MacKay}\ \gamma \frac{\sum a}{\sum d}, \qquad
    \text{convex bounding}\ \gamma \sqrt{\frac{\sum a}{\sum d}}, \qquad
    \text{EM}\ \frac1K \sum (\gamma^2 a + \gamma - \gamma^2 d) $$

    Zero is a fixed point of all three: what falls below 2.2e-16 (scaled) is pruned for
    good, and shapes stay as they are. The iteration starts from `init_gamma` in scaled
    units. Posterior mean, covariance and evidence belong to the last prior variances.

    Derivatives go through all steps that were made (`gradient="unrolled"`), or hold the
    prior variances ("envelope"): for the evidence, and only for it, that is exact where
    the iteration has converged, and costs no second loop.

    With `sigma` the sources are sums of smooth bumps (`sflex_basis`), and `gammas`,
    `active_size` and `effective_size` speak of the bumps' coefficients.

    `compat` does as CaliBrain 1.0.3: the posterior is that of the last but one prior
    variances, and the rules of K > 1 are its own, which depend on the coordinate system
    of a location and, but for EM, have another fixed point.

    **Needs:** `field`, `gain`, `noise_variance`; with `sigma`: `source_positions`.
    **Makes:** `estimate`, `posterior_blocks`, `gammas`, `gamma` (the mean of the scaled
    prior variances), `n_iter`, `evidence`, `active_size`, `effective_size`, and a
    status: 4 when `max_iter` steps did not bring the relative change below `tol`, 5
    when field or gain are zero.

    ```bibtex
    @article{wipf2009, title={A unified Bayesian framework for MEG/EEG source imaging},
      author={Wipf, David and Nagarajan, Srikantan}, journal={NeuroImage}, volume={44},
      number={3}, pages={947--966}, year={2009}}
    ```
    """

    update: Update = static("convex_bounding", "rule of the iteration")
    n_orient: int = static(1, "components of a location", bounds=(1, 3))
    max_iter: int = static(1000, "most steps", bounds=(1, 1e6))
    tol: Param = param(1e-6, "1", (0.0, 1.0), "relative change of gamma that ends it")
    init_gamma: Param = param(
        1.0, "1", (0.0, 1e6), "first prior variance in scaled units, one or one each"
    )
    sigma: Param | None = param(
        None, "m", (1e-4, 0.2), "width of sFLEX's bumps; none: sources by themselves"
    )
    sflex_edge: Literal["sharp", "smooth"] = static("sharp", "of a bump, at 3 sigma")
    gradient: Literal["unrolled", "envelope"] = static(
        "unrolled", "through all steps, or with the prior variances held"
    )
    compat: bool = static(False, "as CaliBrain 1.0.3 does it")

    no_gradient: ClassVar[tuple[str, ...]] = ("tol",)

    @property
    def needs(self) -> tuple[str, ...]:
        """Positions only where bumps are to be built."""
        return tuple(
            name
            for name in super().needs
            if name != "source_positions" or self.sigma is not None
        )

    def __call__(
        self,
        field: Any,
        gain: Any,
        noise_variance: Any,
        source_positions: Any = None,
    ) -> dict[str, Any]:
        """Iterate, then evaluate the posterior."""
        check_sizes(gain.values, field.values, self.n_orient, "GammaMap")
        basis = None
        if self.sigma is not None and source_positions is not None:
            positions = source_positions.values
            basis = sflex_basis(positions, self.sigma, edge=self.sflex_edge)
        found = gamma_map(
            gain.values,
            field.values,
            noise_variance.values,
            update=self.update,
            n_orient=self.n_orient,
            max_iter=self.max_iter,
            tol=self.tol,
            init_gamma=self.init_gamma,
            basis=basis,
            gradient=self.gradient,
            compat=self.compat,
        )
        return found._asdict()


def gamma_map(
    gain: Float[Array, "sensor source"],
    field: Float[Array, "time sensor"],
    noise_variance: Float[Array, ""],
    *,
    update: Update = "convex_bounding",
    n_orient: int = 1,
    max_iter: int = 1000,
    tol: Float[Array, ""] | float = 1e-6,
    init_gamma: Float[Array, "..."] | float = 1.0,
    basis: Float[Array, "location location"] | None = None,
    gradient: Literal["unrolled", "envelope"] = "unrolled",
    compat: bool = False,
) -> Estimate:
    """Gamma-MAP on arrays; see `GammaMap`.

    For M sensors and P coefficients a step costs 2 M^2 P operations for the covariance,
    4 M^2 P for what the rule needs, and M^3, whatever the number of samples.

    Args:
        gain: in the field's unit per nAm.
        field: samples of all sensors.
        noise_variance: of a sensor, in the field's unit squared.
        update: rule.
        n_orient: K, columns of a location.
        max_iter: most steps.
        tol: relative change that ends it.
        init_gamma: scaled.
        basis: of sFLEX.
        gradient: what derivatives go through.
        compat: as CaliBrain 1.0.3.
    """
    with jax.default_matmul_precision("highest"):
        if basis is not None:
            gain = spread_gain(gain, basis, n_orient)
        problem = scaled(gain, field)
        variance = noise_variance / jnp.square(problem.field_scale)
        noise = jnp.broadcast_to(variance, gain.shape[:1])
        start = jnp.broadcast_to(jnp.asarray(init_gamma, gain.dtype), gain.shape[1:])
        given = start, (problem.gain, problem.data, noise)
        held = gradient == "envelope"
        ended = iterate(
            partial(gamma_step, update=update, n_orient=n_orient, compat=compat),
            relative_change,
            *(jax.lax.stop_gradient(given) if held else given),
            jnp.asarray(tol, gain.dtype),
            max_iter,
        )
        gammas, before = ended.state, pruned(ended.before)
        if held:  # in nAm^2, whose scale may depend on what is derived by
            scale = jnp.square(problem.source_scale)
            scale = scale / jax.lax.stop_gradient(scale)
            gammas, before = gammas / scale, before / scale
        seen_with = before if compat else gammas
        return conclude(
            problem,
            gammas,
            root_of_covariance(problem.gain, seen_with, noise),
            n_orient,
            n_iter=ended.n_iter,
            converged=ended.change < tol,
            basis=basis,
        )


def gamma_step(
    gammas: Float[Array, " source"],
    given: tuple[Array, Array, Array],
    *,
    update: Update,
    n_orient: int,
    compat: bool,
) -> Float[Array, " source"]:
    """One step of a rule in scaled units; `given` are gain, data and noise."""
    gain, data, noise = given
    gammas = pruned(gammas)
    _, inverse_root = root_of_covariance(gain, gammas, noise)
    power, sharpness = projections(gain, data, inverse_root)
    return updated(gammas, power, sharpness, update, n_orient, compat)


def projections(
    gain: Float[Array, "sensor source"],
    data: Float[Array, "sensor column"],
    inverse_root: Float[Array, "sensor sensor"],
) -> tuple[Float[Array, " source"], Float[Array, " source"]]:
    """a and d of every coefficient, from one product with the gain."""
    n_sensors = gain.shape[0]
    back = (inverse_root @ data).T @ inverse_root
    both = jnp.square(jnp.concatenate([inverse_root, back]) @ gain)
    return both[n_sensors:].sum(0), both[:n_sensors].sum(0)


def updated(
    gammas: Float[Array, " source"],
    power: Float[Array, " source"],
    sharpness: Float[Array, " source"],
    update: Update,
    n_orient: int,
    compat: bool = False,
) -> Float[Array, " source"]:
    """The next prior variances from a (power) and d (sharpness)."""

    def total(values: Array) -> Array:
        return values.reshape(-1, n_orient).sum(1) if n_orient > 1 else values

    if update == "em":
        each = total(gammas**2 * power + gammas - gammas**2 * sharpness) / n_orient
    elif compat and n_orient > 1 and update == "mackay":
        shares = _ratio(total(gammas**2 * power), total(gammas * sharpness))
        each = shares / n_orient
    elif compat and n_orient > 1:
        shares = total(gammas * _root(power))
        each = _ratio(shares, _root(total(sharpness))) / n_orient
    else:
        factor = _ratio(total(power), total(sharpness))
        factor = _root(factor) if update == "convex_bounding" else factor
        each = total(gammas) / n_orient * factor
    return jnp.repeat(each, n_orient) if n_orient > 1 else each


def pruned(gammas: Float[Array, " source"]) -> Float[Array, " source"]:
    """Prior variances that count as zero are zero."""
    return jnp.where(gammas > PRUNED, gammas, 0.0)


def _ratio(above: Array, below: Array) -> Array:
    """A quotient that is zero, with all its derivatives, where its divisor is."""
    there = below > 0
    return jnp.where(there, above / jnp.where(there, below, 1.0), 0.0)


def _root(value: Array) -> Array:
    """A square root without the infinite slope at zero, which would become a NaN."""
    there = value > 0
    return jnp.where(there, jnp.sqrt(jnp.where(there, value, 1.0)), 0.0)
