"""LCMV: a beamformer for each location."""

from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.block_root import inverse_root_of_blocks
from jaxsim.meeg.estimator import check_sizes, check_units, status_of
from jaxsim.meeg.gaussian import scaled
from jaxsim.meeg.signals import ESTIMATE, STATUS


class Lcmv(AbstractStep):
    r"""The spatial filter that passes a location and as little else as it can.

    $$ W_n = (L_n^T C^{-1} L_n)^{-1} L_n^T C^{-1}, \qquad
    C = \widehat{\mathrm{cov}}(y) + \text{reg}\, \tfrac{\mathrm{tr}}{M} I, \qquad
    \hat x_n = W_n y $$

    with unit gain, $W_n L_n = I$. "unit-noise-gain" divides by the norm of the filter,
    $\sqrt{\mathrm{tr}(W_n W_n^T) / K}$, so that white noise of variance one comes out
    as such everywhere; it takes away the bias to deep places. The covariance is that
    of the field itself, mean removed. It has no prior, hence no posterior.

    **Needs:** `field`, `gain`. **Makes:** `estimate`; `source_power`, the covariance of
    each location, $W_n C W_n^T$; a status: 5 when field or gain are zero.

    ```bibtex
    @article{vanveen1997, title={Localization of brain electrical activity via linearly
      constrained minimum variance spatial filtering}, author={Van Veen, Barry D. and
      van Drongelen, Wim and Yuchtman, Moshe and Suzuki, Akifumi}, journal={IEEE
      Transactions on Biomedical Engineering}, volume={44}, number={9},
      pages={867--880}, year={1997}}
    ```
    """

    n_orient: int = static(1, "components of a location", bounds=(1, 3))
    reg: Param = param(0.05, "1", (1e-6, 1e3), "of the covariance, as of its mean")
    weight_norm: Literal["unit-gain", "unit-noise-gain"] = static(
        "unit-gain", "what a filter is scaled to"
    )

    makes: ClassVar[dict[str, Signal]] = {
        "estimate": ESTIMATE,
        "source_power": Signal(
            "location row column", "nAm^2", "covariance of the filtered field"
        ),
        "status": STATUS,
    }

    def cards(self) -> dict[str, Signal]:
        """Filters of unit noise gain give the unit of the field."""
        cards = super().cards()
        if self.weight_norm == "unit-gain":
            return cards
        return cards | {
            "estimate": cards["estimate"]._replace(unit="uV"),
            "source_power": cards["source_power"]._replace(unit="uV^2"),
        }

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse a gain that is not in the unit of the field."""
        check_units(cards, name, "Lcmv")

    def __call__(self, field: Any, gain: Any) -> dict[str, Any]:
        """Filter the field."""
        check_sizes(gain.values, field.values, self.n_orient, "Lcmv")
        weights, power = lcmv_weights(
            gain.values,
            field.values,
            n_orient=self.n_orient,
            reg=self.reg,
            weight_norm=self.weight_norm,
        )
        estimate = jnp.matmul(field.values, weights.T, precision="highest")
        finite = jnp.isfinite(estimate).all()
        degenerate = ~(jnp.any(gain.values != 0) & jnp.any(field.values != 0))
        cards = self.cards()
        if self.weight_norm != "unit-gain":
            unit = field.card.unit
            cards["estimate"] = cards["estimate"]._replace(unit=unit)
            cards["source_power"] = cards["source_power"]._replace(unit=f"{unit}^2")
        return {
            "estimate": Series(estimate, field.clock, cards["estimate"]),
            "source_power": Series(power, None, cards["source_power"]),
            "status": status_of(finite, degenerate, jnp.asarray(True)),
        }


def lcmv_weights(
    gain: Float[Array, "sensor source"],
    field: Float[Array, "time sensor"],
    *,
    n_orient: int = 1,
    reg: Float[Array, ""] | float = 0.05,
    weight_norm: Literal["unit-gain", "unit-noise-gain"] = "unit-gain",
) -> tuple[Float[Array, "source sensor"], Float[Array, "location row column"]]:
    """The filters of all locations, and the covariance of what they pass.

    Directions that the sensors do not see get a filter of zero.
    """
    with jax.default_matmul_precision("highest"):
        problem, n_sensors = scaled(gain, field), len(gain)
        y = problem.field - problem.field.mean(1, keepdims=True)
        covariance = y @ y.T / max(field.shape[0] - 1, 1)
        mean = jnp.trace(covariance) / n_sensors
        level = reg * jnp.where(mean > 0, mean, 1.0)
        root = jnp.linalg.cholesky(
            covariance + level * jnp.eye(n_sensors, dtype=y.dtype)
        )
        solve = jax.scipy.linalg.solve_triangular
        seen = solve(root, problem.gain, lower=True)
        by_location = seen.reshape(n_sensors, -1, n_orient)
        half = inverse_root_of_blocks(
            jnp.einsum("mnk,mnl->nkl", by_location, by_location)
        )
        power = half @ half
        whitened = jnp.einsum("nkl,mnl->nkm", power, by_location)
        flat = whitened.reshape(-1, n_sensors)
        weights = solve(root, flat.T, lower=True, trans="T").T
        weights = weights.reshape(whitened.shape) / problem.gain_scale
        power = power * jnp.square(problem.source_scale)
        if weight_norm == "unit-noise-gain":
            square = jnp.square(weights).sum((1, 2)) / n_orient
            there = square > 0
            factor = jnp.where(there, jnp.where(there, square, 1.0) ** -0.5, 0.0)
            weights = weights * factor[:, None, None]
            power = power * jnp.square(factor)[:, None, None]
        return weights.reshape(-1, n_sensors), power
