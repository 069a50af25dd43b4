r"""Coverage: how often the truth lies in the regions that a posterior gives.

A credible region of level $c$ of source $n$ is the ellipsoid

$$ (x - \hat x)^\mathsf{T} \Sigma_n^{-1} (x - \hat x) \le \chi^2_K(c) , $$

which for one component is the interval $\lvert x - \hat x\rvert \le z\sigma$ with
$z = \Phi^{-1}((1 + c)/2)$. An honest posterior covers the truth in a fraction $c$ of
the cases. A curve *above* the diagonal is underconfident (regions larger than they need
be), one *below* overconfident.

**Silent sources.** A sparse method prunes sources: estimate 0, variance 0. Where their
truth is 0 too, even the empty region of level 0 "covers" them, and a curve over all
sources starts far above 0 and says little. Hence each curve comes three times, of all
sources, of the active and of the inactive ones, with the number of certain ones
(`n_certain`, variance 0). Judge a sparse method by the active curve.
"""

import math
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Real

from jaxsim.measure.arrays import Scalar, Signal, Values, as_float
from jaxsim.measure.posterior import (
    VARIANCE_FLOOR,
    covariance_blocks,
    residual,
    square_mahalanobis,
)
from jaxsim.measure.sources import Mode, active_sources, by_source, check_mode


Region = Literal["joint", "marginal"]
LEVELS: tuple[float, ...] = (
    *(0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
    *(0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0),
)


# For training a recalibration: a posterior that is much too sure (or unsure) must use
# levels very near 1 (or 0) instead, so there are five a decade at both ends.
FINE_LEVELS: tuple[float, ...] = (
    0.0,
    *(10 ** (-k / 5) for k in range(20, 5, -1)),  # from 1e-4
    *(k / 20 for k in range(2, 18)),
    *(1 - 10 ** (-k / 5) for k in range(5, 36)),  # to 1 - 1e-7
    1.0,
)

# sqrt(2/pi) times the integral of r^2 exp(-r^2/2), by powers of r^2 (highest first).
SERIES = tuple(
    math.sqrt(2 / math.pi) * (-0.5) ** n / (math.factorial(n) * (2 * n + 3))
    for n in reversed(range(14))
)


class Coverage(NamedTuple):
    """Fractions of truths inside their regions of one level.

    Attributes:
        coverage: of all sources.
        coverage_active: of sources that are active at any time; NaN without any.
        coverage_inactive: of the others; NaN without any.
    """

    coverage: Scalar
    coverage_active: Scalar
    coverage_inactive: Scalar


class CoverageCurve(NamedTuple):
    """Fractions of truths inside their regions, for each nominal level.

    Attributes:
        level: nominal coverage, which an honest posterior has.
        threshold: radius of the region in posterior standard deviations.
        empirical: fraction inside, of all sources.
        empirical_active: of sources that are active at any time; NaN without any.
        empirical_inactive: of the others; NaN without any.
        n_inside: how many are inside, of all sources.
        n: how many there are: sources (or components), times samples.
        n_active: how many of them are of active sources.
        n_certain: how many have no posterior variance.
    """

    level: Float[Array, " level"]
    threshold: Float[Array, " level"]
    empirical: Float[Array, " level"]
    empirical_active: Float[Array, " level"]
    empirical_inactive: Float[Array, " level"]
    n_inside: Int[Array, " level"]
    n: Int[Array, ""]
    n_active: Int[Array, ""]
    n_certain: Int[Array, ""]


def coverage(
    truth: Signal,
    estimate: Signal,
    covariance: Signal,
    basis: Real[Values, "source 3 component"] | None = None,
    *,
    level: float = 0.9,
    mode: Mode = "pointwise",
    region: Region = "joint",
    active_above: float = 0.0,
) -> Coverage:
    """How often the truth lies in its credible region of one level.

    Three numbers for each run: `runs.measure(js.measure.coverage, "activity",
    "estimate", "estimate_covariance").to_dataframe()`. Arguments are those of
    `coverage_curve`.
    """
    levels = jnp.reshape(jnp.asarray(level, jnp.result_type(float)), (1,))
    found = coverage_curve(
        *(truth, estimate, covariance, basis),
        levels=levels,
        mode=mode,
        region=region,
        active_above=active_above,
    )
    return Coverage(
        found.empirical[0], found.empirical_active[0], found.empirical_inactive[0]
    )


def coverage_curve(
    truth: Signal,
    estimate: Signal,
    covariance: Signal,
    basis: Real[Values, "source 3 component"] | None = None,
    *,
    levels: Any = LEVELS,
    mode: Mode = "pointwise",
    region: Region = "joint",
    active_above: float = 0.0,
) -> CoverageCurve:
    r"""How often the truth lies in its credible regions, over nominal levels.

    Instead of asking each region, the smallest level whose region holds the truth is
    computed once, $u = P(\chi^2_K \le d^\mathsf{T}\Sigma^{-1}d)$; a level $c$ covers it
    when $u \le c$. So levels may be traced, and one more costs nothing.

    Args:
        truth: (time, coefficient), nAm, source after source.
        estimate: posterior mean, alike.
        covariance: posterior blocks (source, K, K), nAm^2, or variances (source,) of
            fixed orientations; static in time. Eigenvalues count as 1e-12 nAm^2 at
            least.
        basis: (source, 3, K), where the truth is given in space (free MEG).
        levels: nominal coverages in [0, 1]. Level 0 covers only what was hit exactly,
            level 1 everything.
        mode: "pointwise" asks at every time; "aggregated" asks of the means over time,
            with `covariance / n_times`.
        region: "joint" for ellipsoids, "marginal" for an interval of each component by
            itself. The same for one component.
        active_above: amplitude above which a source is active, nAm.

    Raises:
        ValueError: shapes that do not fit, a level outside [0, 1], another mode.
    """
    at = _levels(levels)
    true, off, blocks = residual(truth, estimate, covariance, basis, mode)
    n_components = 3 if basis is not None else blocks.shape[-1]
    active = active_sources(truth, n_components, active_above)
    if region == "marginal":
        n_components = blocks.shape[-1]
        active = jnp.repeat(active, n_components)
        off = off.reshape(len(off), -1, 1)
        blocks = jnp.diagonal(blocks, axis1=1, axis2=2).reshape(-1, 1, 1)
    elif region != "joint":
        raise ValueError(
            f"region = {region!r}: choose 'joint' (ellipsoids) or 'marginal' (an "
            "interval of each component)."
        )
    return _curve(off, blocks, active, at.astype(true.dtype))


@jax.jit
def _curve(
    off: Float[Array, "sample source component"],
    blocks: Float[Array, "source component component"],
    active: Bool[Array, " source"],
    at: Float[Array, " level"],
) -> CoverageCurve:
    size = blocks.shape[-1]
    reached = _reached(square_mahalanobis(off, blocks)[0], size)
    per_source = (reached[..., None] <= at[None, None, :]).sum(axis=0)
    certain = jnp.trace(blocks, axis1=1, axis2=2) <= VARIANCE_FLOOR
    n_samples = len(off)
    count, count_active = per_source.sum(0), _of(active, per_source)
    n, n_active = jnp.asarray(n_samples * len(active)), n_samples * active.sum()
    return CoverageCurve(
        level=at,
        threshold=credible_radius(at, size),
        empirical=_fraction(count, n, at.dtype),
        empirical_active=_fraction(count_active, n_active, at.dtype),
        empirical_inactive=_fraction(count - count_active, n - n_active, at.dtype),
        n_inside=count,
        n=n,
        n_active=n_active,
        n_certain=n_samples * certain.sum(),
    )


def credible_radius(
    level: Float[Array, "*shape"] | float, n_components: int = 1
) -> Float[Array, "*shape"]:
    r"""Radius of a credible region in standard deviations, $\sqrt{\chi^2_K(c)}$.

    For one component that is $z = \Phi^{-1}((1 + c)/2)$; 0 at level 0, infinite at 1.
    """
    c = as_float(level, "level")
    if n_components == 1:
        return jnp.sqrt(2.0) * jax.lax.erf_inv(c)
    if n_components == 2:
        return jnp.sqrt(-2 * jnp.log1p(-c))

    def halve(_: Any, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        below = _reached(middle**2, n_components) < c
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    ends = jnp.zeros_like(c), jnp.full_like(c, 40.0)
    low, high = jax.lax.fori_loop(0, 60, halve, ends)
    inside = jnp.where(c > 0, (low + high) / 2, 0.0)
    return jnp.where(c < 1, inside, jnp.inf)


def credible_interval(
    estimate: Signal,
    covariance: Signal,
    level: float = 0.9,
    mode: Mode = "pointwise",
) -> tuple[Float[Array, "sample coefficient"], Float[Array, "sample coefficient"]]:
    """Lower and upper end of the interval of each coefficient, nAm.

    Args:
        estimate: posterior mean, (time, coefficient).
        covariance: as in `coverage_curve`.
        level: nominal coverage of each coefficient by itself.
        mode: "aggregated" for the means over time (one sample).
    """
    check_mode(mode)
    blocks = covariance_blocks(covariance)
    mean = by_source(estimate, blocks.shape[-1], "estimate")
    variance = jnp.diagonal(blocks, axis1=1, axis2=2).astype(mean.dtype)
    if mode == "aggregated":
        mean, variance = mean.mean(0, keepdims=True), variance / len(mean)
    radius = credible_radius(_levels((level,)).astype(mean.dtype))[0]
    half = (radius * jnp.sqrt(jnp.maximum(variance, VARIANCE_FLOOR))).reshape(1, -1)
    mean = mean.reshape(len(mean), -1)
    return mean - half, mean + half


def _reached(square: Float[Array, "*shape"], size: int) -> Float[Array, "*shape"]:
    """The smallest level whose region reaches so far: the distribution of chi^2_K."""
    square = jnp.minimum(square, 1e30)
    if size == 1:
        return jax.lax.erf(jnp.sqrt(square / 2))
    if size == 2:
        return -jnp.expm1(-square / 2)
    if size == 3:
        near = jnp.minimum(square, 1.0)  # where the two terms below cancel: a series
        series = near ** jnp.asarray(1.5, near.dtype) * jnp.polyval(
            jnp.asarray(SERIES, near.dtype), near, unroll=len(SERIES)
        )
        root = jnp.sqrt(square / 2)
        far = jax.lax.erf(root) - 2 / np.sqrt(np.pi) * root * jnp.exp(-square / 2)
        return jnp.where(square < 1, series, far)
    raise ValueError(f"a source has 1, 2 or 3 components, not {size}.")


def _levels(levels: Any) -> Float[Array, " level"]:
    if not isinstance(levels, jax.Array):
        known = np.asarray(levels, float)
        if known.ndim != 1 or not ((known >= 0) & (known <= 1)).all():
            raise ValueError(
                f"levels = {levels} must be a list of nominal coverages in [0, 1]."
            )
    return as_float(levels, "levels")


def _of(
    active: Bool[Array, " source"], count: Int[Array, "source level"]
) -> Int[Array, " level"]:
    return jnp.where(active[:, None], count, 0).sum(axis=0)


def _fraction(
    part: Int[Array, "*shape"], whole: Int[Array, ""], dtype: Any
) -> Float[Array, "*shape"]:
    """NaN of nothing: there is no coverage of no sources."""
    share = part.astype(dtype) / jnp.maximum(whole, 1).astype(dtype)
    return jnp.where(whole > 0, share, jnp.nan)
