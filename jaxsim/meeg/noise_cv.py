"""The noise level that one part of the field says of another (cross-validation).

The level that is chosen is a number without a derivative.
"""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Signal
from jaxsim.meeg.bmn import bayesian_minimum_norm
from jaxsim.meeg.estimator import check_sizes
from jaxsim.meeg.gaussian import field_evidence
from jaxsim.meeg.noise_level import AbstractNoiseLevel, as_variance
from jaxsim.meeg.signals import NOISE_VARIANCE


class SpatialCv(AbstractNoiseLevel):
    r"""The noise level with which some sensors tell best what the others record.

    Sensors are dealt into folds. For each level of a grid, the prior variance of a
    minimum norm is learned from the sensors outside a fold, and the field of those
    inside is predicted; the level with the least squared error is taken, refined by a
    parabola through it and its neighbours.

    **Needs:** `field`, `gain`. **Makes:** `noise_variance`.
    """

    n_folds: int = static(4, "folds of sensors", bounds=(2, 1000))
    n_levels: int = static(24, "levels that are tried", bounds=(3, 1000))
    lowest: Param = param(
        1e-4, "1", (1e-12, 1.0), "first level, as a fraction of the field's mean square"
    )
    no_gradient: ClassVar[tuple[str, ...]] = ("lowest",)
    makes: ClassVar[dict[str, Signal]] = {"noise_variance": NOISE_VARIANCE}

    def __call__(self, field: Any, gain: Any) -> dict[str, Any]:
        """Error of every level in every fold."""
        check_sizes(gain.values, field.values, 1, "SpatialCv")
        y, lead = jax.lax.stop_gradient((field.values, gain.values))
        n_sensors = y.shape[1]
        if n_sensors < self.n_folds:
            raise ValueError(
                f"SpatialCv.n_folds = {self.n_folds}, but there are {n_sensors} "
                "sensors; a fold has one sensor or more."
            )
        levels = _levels(self, y)
        error = jnp.zeros_like(levels)
        for fold in range(self.n_folds):
            inside = np.arange(n_sensors) % self.n_folds == fold
            inside, outside = np.flatnonzero(inside), np.flatnonzero(~inside)

            def missed(level: Array, a: Any = outside, b: Any = inside) -> Array:
                found, _ = bayesian_minimum_norm(lead[a], y[:, a], level)
                told = jnp.matmul(found.estimate, lead[b].T, precision="highest")
                return jnp.square(told - y[:, b]).sum()

            error = error + jax.lax.map(missed, levels)
        return {"noise_variance": as_variance(_lowest(levels, error), 0.0, field)}


class TemporalCv(AbstractNoiseLevel):
    r"""The noise level under which samples are likeliest that it has not seen.

    Samples are cut into consecutive folds. For each level of a grid, the prior variance
    of a minimum norm is learned outside a fold, and
    $\log|C| + \mathrm{tr}(C^{-1} S)$ of the samples inside is added up; the least is
    taken, refined by a parabola through it and its neighbours.

    **Needs:** `field`, `gain`. **Makes:** `noise_variance`.
    """

    n_folds: int = static(4, "folds of samples", bounds=(2, 1000))
    n_levels: int = static(24, "levels that are tried", bounds=(3, 1000))
    lowest: Param = param(
        1e-4, "1", (1e-12, 1.0), "first level, as a fraction of the field's mean square"
    )
    no_gradient: ClassVar[tuple[str, ...]] = ("lowest",)
    makes: ClassVar[dict[str, Signal]] = {"noise_variance": NOISE_VARIANCE}

    def __call__(self, field: Any, gain: Any) -> dict[str, Any]:
        """Unlikelihood of every fold at every level."""
        check_sizes(gain.values, field.values, 1, "TemporalCv")
        y, lead = jax.lax.stop_gradient((field.values, gain.values))
        if len(y) < 2 * self.n_folds:
            raise ValueError(
                f"TemporalCv.n_folds = {self.n_folds}, but the field has {len(y)} "
                "samples; a fold has two samples or more."
            )
        levels = _levels(self, y)
        error = jnp.zeros_like(levels)
        for inside in np.array_split(np.arange(len(y)), self.n_folds):
            outside = np.setdiff1d(np.arange(len(y)), inside)

            def unlikely(level: Array, a: Any = outside, b: Any = inside) -> Array:
                found, _ = bayesian_minimum_norm(lead, y[a], level)
                return len(b) * field_evidence(lead, y[b], found.gammas, level)

            error = error + jax.lax.map(unlikely, levels)
        return {"noise_variance": as_variance(_lowest(levels, error), 0.0, field)}


def _levels(step: Any, y: Float[Array, "time sensor"]) -> Float[Array, " level"]:
    """From the lowest to the field's whole mean square, evenly in their logarithm."""
    part = jnp.linspace(1.0, 0.0, step.n_levels, dtype=y.dtype)
    whole = jnp.square(y).mean()
    return jax.lax.stop_gradient(step.lowest) ** part * jnp.where(whole > 0, whole, 1.0)


def _lowest(
    levels: Float[Array, " level"], error: Float[Array, " level"]
) -> Float[Array, ""]:
    """Where a parabola through the least error and its neighbours is lowest."""
    at = jnp.clip(jnp.argmin(error), 1, len(levels) - 2)
    before, here, after = error[at - 1], error[at], error[at + 1]
    bend = before + after - 2 * here
    move = jnp.where(
        bend > 0, (before - after) / 2 / jnp.where(bend > 0, bend, 1.0), 0.0
    )
    ratio = levels[1] / levels[0]
    return levels[at] * ratio ** jnp.clip(move, -1.0, 1.0)
