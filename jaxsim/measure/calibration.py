r"""Recalibration: which level to ask for, to get the coverage that one wants.

From training runs a coverage curve $g(c)$ is known. Isotonic regression makes it
non-decreasing, and its inverse tells for each wanted level $c$ the level $c'$ to use in
its stead, $g(c') = c$. Posterior means and covariances stay as they are.

**Out of reach.** Level 1 is all of space and covers everything, whatever the posterior
is worth. So a curve that stays at 0.8 up to its last level below 1 tells of no level
that covers 0.9: a line from there to (1, 1) would promise what no region keeps. Such
wanted levels have no $c'$; it is NaN, and `reached` says so.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Real

from jaxsim.measure.arrays import Scalar, Signal, Values, as_float
from jaxsim.measure.coverage import CoverageCurve, coverage_curve
from jaxsim.measure.isotonic import Flat, inverse_curve, isotonic_regression


class Recalibration(NamedTuple):
    """A map from wanted to used levels.

    Attributes:
        level: wanted coverage.
        calibrated: the level to use for each wanted one; NaN where none is known.
        reached: whether there is one: whether the training curve comes as high at a
            level below 1.
        training_level: levels of the training curve.
        training_curve: coverage at these, made non-decreasing.
    """

    level: Float[Array, " level"]
    calibrated: Float[Array, " level"]
    reached: Bool[Array, " level"]
    training_level: Float[Array, " trained"]
    training_curve: Float[Array, " trained"]


class CalibrationDeviation(NamedTuple):
    """How far a coverage curve lies from the diagonal.

    Attributes:
        mean_signed: mean of empirical - nominal; above zero is underconfident.
        mean_absolute: mean of its absolute value.
        max_underconfidence: largest empirical - nominal, 0 if there is none: regions
            that hold the truth more often than they say.
        max_overconfidence: largest nominal - empirical, 0 if there is none.
    """

    mean_signed: Scalar
    mean_absolute: Scalar
    max_underconfidence: Scalar
    max_overconfidence: Scalar


def fit_recalibration(
    level: Real[Values, " trained"],
    empirical: Real[Values, " trained"],
    wanted: Sequence[float] | Real[Values, " level"] | None = None,
    *,
    weights: Real[Values, " trained"] | None = None,
    flat: Flat = "mid",
) -> Recalibration:
    """The map that makes a training curve the diagonal.

    Levels 0 and 1 stay (the empty region and all of space). A wanted level below all
    that the training curve reaches (that of a method which prunes starts above zero)
    gets the first level. One above all that it reaches at levels below 1 gets NaN.

    A posterior that is much too sure needs levels very near 1 (with half of the true
    deviation, the interval that holds 95 % is called one of 99.991 %), where a curve
    over the usual levels is far from straight; one that is much too unsure needs levels
    near 0. Train with `js.measure.FINE_LEVELS` then.

    Args:
        level: nominal coverages, increasing.
        empirical: coverage of the training runs at each; of many runs, their mean.
        wanted: levels to find the map at; `level` by default.
        weights: of the training levels in the regression.
        flat: which of the levels that have the same coverage is used: the smallest
            ("left", the smallest regions), the middle, or the largest ("right").

    Reference:
        ```bibtex
        @inproceedings{kuleshov2018accurate,
          author = {Kuleshov, Volodymyr and Fenner, Nathan and Ermon, Stefano},
          title = {Accurate Uncertainties for Deep Learning Using Calibrated
                   Regression},
          booktitle = {Proceedings of the 35th International Conference on Machine
                       Learning},
          series = {PMLR},
          volume = {80},
          pages = {2796--2804},
          year = {2018}
        }
        ```
    """
    nominal, curve = _curve(level, empirical)
    fitted = isotonic_regression(curve, weights)
    target = nominal if wanted is None else as_float(wanted, "wanted levels")
    target = target.astype(curve.dtype)
    used = inverse_curve(nominal, fitted, target, flat)
    used = jnp.where(target <= 0, 0.0, jnp.where(target >= 1, 1.0, used))
    # Ends that were pinned to 0 and 1 leave it in order; rounding may not.
    used = isotonic_regression(jnp.clip(used, 0.0, 1.0))
    reached = ~_beyond(target, nominal, fitted)
    return Recalibration(
        target, jnp.where(reached, used, jnp.nan), reached, nominal, fitted
    )


def _beyond(
    wanted: Float[Array, "*shape"],
    level: Float[Array, " trained"],
    curve: Float[Array, " trained"],
) -> Bool[Array, "*shape"]:
    """Whether a coverage is wanted that the curve has at no level below 1."""
    most = jnp.where(level < 1, curve, 0.0).max()
    slack = 8 * jnp.finfo(curve.dtype).eps
    return (wanted > most + slack) & (wanted < 1)


def recalibrated_level(
    recalibration: Recalibration, level: Real[Values, "*shape"]
) -> Float[Array, "*shape"]:
    """The level to use where a coverage is wanted, between the fitted ones too.

    NaN where a neighbour has none, and beyond what the training curve reaches.
    """
    known, used = recalibration.level, recalibration.calibrated
    wanted = as_float(level, "level").astype(known.dtype)
    # a fitted one by itself: between it and a neighbour without a level there is none
    at = jnp.clip(jnp.searchsorted(known, wanted), 0, len(known) - 1)
    found = jnp.where(known[at] == wanted, used[at], jnp.interp(wanted, known, used))
    trained = recalibration.training_level, recalibration.training_curve
    return jnp.where(_beyond(wanted, *trained), jnp.nan, found)


def recalibrated_coverage(
    recalibration: Recalibration,
    truth: Signal,
    estimate: Signal,
    covariance: Signal,
    basis: Real[Values, "source 3 component"] | None = None,
    **options: Any,
) -> CoverageCurve:
    """The coverage curve of test data with recalibrated levels.

    Its `level` are the wanted ones, its `threshold` those that were used. Where none
    is known, coverage is NaN. Arguments and options are those of `coverage_curve`.
    """
    reached = recalibration.reached
    found = coverage_curve(
        *(truth, estimate, covariance, basis),
        levels=jnp.where(reached, recalibration.calibrated, 0.0),
        **options,
    )
    names = ("threshold", "empirical", "empirical_active", "empirical_inactive")
    told = {n: jnp.where(reached, getattr(found, n), jnp.nan) for n in names}
    return found._replace(level=recalibration.level, **told)


def recalibrated_curve(
    recalibration: Recalibration,
    level: Real[Values, " tested"],
    empirical: Real[Values, " tested"],
) -> Float[Array, " level"]:
    """A test curve with recalibrated levels, at the wanted ones, read between points.

    What there is to do when only curves were kept. It is as good as the curve is
    straight between its levels; `recalibrated_coverage` is exact. NaN where no level
    is known.
    """
    nominal, curve = _curve(level, empirical)
    used = jnp.where(recalibration.reached, recalibration.calibrated, 0.0)
    found = jnp.interp(used.astype(curve.dtype), nominal, curve)
    return jnp.where(recalibration.reached, found, jnp.nan)


def calibration_deviation(
    level: Real[Values, " level"],
    empirical: Real[Values, " level"],
    compat: bool = False,
) -> CalibrationDeviation:
    """How far a coverage curve lies from the diagonal, and on which side.

    A curve above the diagonal is underconfident: its regions are larger than they need
    be. CaliBrain 1.0.3 says so too, but calls the two maxima the other way round.

    Args:
        level: nominal coverages.
        empirical: coverage at each.
        compat: call the two maxima as CaliBrain 1.0.3 does.
    """
    nominal, curve = _curve(level, empirical)
    off = curve - nominal
    above, below = (jnp.maximum(side, 0.0).max() for side in (off, -off))
    maxima = (below, above) if compat else (above, below)
    return CalibrationDeviation(off.mean(), jnp.abs(off).mean(), *maxima)


def _curve(
    level: Real[Values, " level"], empirical: Real[Values, " level"]
) -> tuple[Float[Array, " level"], Float[Array, " level"]]:
    curve = as_float(empirical, "empirical coverage")
    nominal = as_float(level, "level").astype(curve.dtype)
    if nominal.shape != curve.shape or nominal.ndim != 1 or len(nominal) < 2:
        raise ValueError(
            f"levels of shape {nominal.shape} and a curve of shape {curve.shape} must "
            "both be (level,), of two levels or more; jax.vmap takes many curves."
        )
    return nominal, curve
