"""Gamma-lambda-MAP: prior variances and noise variances, learned together."""

from functools import partial
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.meeg.estimator import AbstractEstimator, Estimate, check_sizes, conclude
from jaxsim.meeg.gamma_map import Update, projections, pruned, updated
from jaxsim.meeg.gaussian import root_of_covariance, scaled
from jaxsim.meeg.iterate import iterate, relative_change
from jaxsim.meeg.sflex import sflex_basis, spread_gain
from jaxsim.meeg.signals import NOISE_VARIANCE, NOISE_VARIANCES


NOISE_FLOOR = 1e-16  # scaled


class GammaLambdaMap(AbstractEstimator):
    r"""Gamma-MAP that learns the noise of each sensor beside the sources.

    Noise is M more sources, which have the identity for a gain, so the rules of
    `GammaMap` serve both, in one step:

    $$ C = L \Gamma L^T + \Lambda, \quad a_m = [C^{-1} S C^{-1}]_{mm}, \quad
    d_m = [C^{-1}]_{mm}, \quad \lambda_m \leftarrow \lambda_m \sqrt{a_m / d_m} $$

    and so on for MacKay and EM. With `equal_noise` all sensors share one variance.

    `compat` does as CaliBrain 1.0.3: the residual is taken with the new prior
    variances, but with the covariance of the old, convergence is that of the prior
    variances alone, and what `GammaMap` says of its own.

    **Needs:** `field`, `gain`; with `sigma`: `source_positions`. No noise level: it
    makes one. **Makes:** what `GammaMap` makes; `noise_variances`, and their mean
    `noise_variance`.

    ```bibtex
    @article{cai2021, title={Robust estimation of noise for electromagnetic brain
      imaging with the Champagne algorithm}, author={Cai, Chang and Hashemi, Ali and
      Diwakar, Mithun and Haufe, Stefan and Sekihara, Kensuke and Nagarajan, Srikantan
      S.}, journal={NeuroImage}, volume={225}, pages={117411}, year={2021}}
    ```
    """

    update: Update = static("convex_bounding", "rule of the sources")
    update_noise: Update = static("convex_bounding", "rule of the noise")
    equal_noise: bool = static(False, "one variance for all sensors")
    n_orient: int = static(1, "components of a location", bounds=(1, 3))
    max_iter: int = static(1000, "most steps", bounds=(1, 1e6))
    tol: Param = param(1e-6, "1", (0.0, 1.0), "relative change that ends it")
    init_gamma: Param = param(
        1.0, "1", (0.0, 1e6), "first prior variance in scaled units, one or one each"
    )
    init_lambda: Param = param(
        1.0, "1", (0.0, 1e6), "first noise variance in scaled units, one or one each"
    )
    sigma: Param | None = param(
        None, "m", (1e-4, 0.2), "width of sFLEX's bumps; none: sources by themselves"
    )
    sflex_edge: Literal["sharp", "smooth"] = static("sharp", "of a bump, at 3 sigma")
    compat: bool = static(False, "as CaliBrain 1.0.3 does it")

    no_gradient: ClassVar[tuple[str, ...]] = ("tol",)
    makes: ClassVar[dict[str, Signal]] = {
        **AbstractEstimator.makes,
        "noise_variances": NOISE_VARIANCES,
        "noise_variance": NOISE_VARIANCE,
    }

    @property
    def needs(self) -> tuple[str, ...]:
        """Positions only where bumps are to be built."""
        names = super().needs
        return names if self.sigma is not None else names[:2]

    def __call__(
        self, field: Any, gain: Any, source_positions: Any = None
    ) -> dict[str, Any]:
        """Iterate, then evaluate the posterior."""
        check_sizes(gain.values, field.values, self.n_orient, "GammaLambdaMap")
        basis = None
        if self.sigma is not None and source_positions is not None:
            positions = source_positions.values
            basis = sflex_basis(positions, self.sigma, edge=self.sflex_edge)
        found, noise = gamma_lambda_map(
            gain.values,
            field.values,
            update=self.update,
            update_noise=self.update_noise,
            equal_noise=self.equal_noise,
            n_orient=self.n_orient,
            max_iter=self.max_iter,
            tol=self.tol,
            init_gamma=self.init_gamma,
            init_lambda=self.init_lambda,
            basis=basis,
            compat=self.compat,
        )
        unit = f"{field.card.unit}^2"
        many, one = (c._replace(unit=unit) for c in (NOISE_VARIANCES, NOISE_VARIANCE))
        return {
            **found._asdict(),
            "noise_variances": Series(noise, None, many),
            "noise_variance": Series(noise.mean(), None, one),
        }


def gamma_lambda_map(
    gain: Float[Array, "sensor source"],
    field: Float[Array, "time sensor"],
    *,
    update: Update = "convex_bounding",
    update_noise: Update = "convex_bounding",
    equal_noise: bool = False,
    n_orient: int = 1,
    max_iter: int = 1000,
    tol: Float[Array, ""] | float = 1e-6,
    init_gamma: Float[Array, "..."] | float = 1.0,
    init_lambda: Float[Array, "..."] | float = 1.0,
    basis: Float[Array, "location location"] | None = None,
    compat: bool = False,
) -> tuple[Estimate, Float[Array, " sensor"]]:
    """Gamma-lambda-MAP on arrays; see `GammaLambdaMap` and `gamma_map`.

    Returns:
        The estimate, and the noise variance of each sensor in the field's unit squared.
    """
    with jax.default_matmul_precision("highest"):
        if basis is not None:
            gain = spread_gain(gain, basis, n_orient)
        problem, kind = scaled(gain, field), gain.dtype
        gammas = jnp.broadcast_to(jnp.asarray(init_gamma, kind), gain.shape[1:])
        noise = jnp.broadcast_to(jnp.asarray(init_lambda, kind), gain.shape[:1])
        ended = iterate(
            partial(
                _step,
                rules=(update, update_noise),
                equal_noise=equal_noise,
                n_orient=n_orient,
                compat=compat,
            ),
            _change_of_gammas if compat else _change,
            (gammas, noise),
            (problem.gain, problem.data),
            jnp.asarray(tol, kind),
            max_iter,
        )
        gammas, noise = ended.state
        seen_with = (pruned(ended.before[0]), ended.before[1])
        roots = root_of_covariance(
            problem.gain, *(seen_with if compat else ended.state)
        )
        found = conclude(
            problem,
            gammas,
            roots,
            n_orient,
            n_iter=ended.n_iter,
            converged=ended.change < tol,
            basis=basis,
        )
        return found, noise * jnp.square(problem.field_scale)


def _step(
    state: tuple[Array, Array],
    given: tuple[Array, Array],
    *,
    rules: tuple[Update, Update],
    equal_noise: bool,
    n_orient: int,
    compat: bool,
) -> tuple[Array, Array]:
    (gammas, noise), (gain, data) = state, given
    gammas, (update, update_noise) = pruned(gammas), rules
    _, inverse_root = root_of_covariance(gain, gammas, noise)
    power, sharpness = projections(gain, data, inverse_root)
    new = updated(gammas, power, sharpness, update, n_orient, compat)
    inverse = inverse_root.T @ inverse_root
    weighted = inverse @ data
    if compat:
        # The residual of the new prior variances under the old covariance, in the form
        # of a power, so that the rules below give CaliBrain's.
        signal = (gain * new[None]) @ gain.T
        residual = jnp.square(data - signal @ weighted).sum(1)
        noisy = residual / jnp.square(noise)
        if update_noise == "em":
            left = jnp.diag(signal) - jnp.diag(signal @ inverse @ signal)
            return new, jnp.maximum(residual + left, NOISE_FLOOR)
    else:
        noisy = jnp.square(weighted).sum(1)
    shared = len(noise) if equal_noise else 1
    noise = updated(noise, noisy, jnp.diag(inverse), update_noise, shared)
    return new, jnp.maximum(noise, NOISE_FLOOR)


def _change(new: tuple[Array, Array], old: tuple[Array, Array]) -> Array:
    return relative_change(new[0], old[0]) + relative_change(new[1], old[1])


def _change_of_gammas(new: tuple[Array, Array], old: tuple[Array, Array]) -> Array:
    return relative_change(new[0], old[0])
