"""Coverage: regions hold the truth as often as they say, or they are found out."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

import jaxsim as js
from jaxsim.core.recording import Recording
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.measure import coverage, coverage_curve, credible_interval, credible_radius

from .posteriors import honest
from .source_check import CHECK, fixed, free


LEVELS = np.asarray(js.measure.LEVELS)


def standard_errors(curve, level=LEVELS):
    """How many standard errors each point lies off the diagonal; 0 where it must be."""
    spread = np.sqrt(level * (1 - level) / float(curve.n))
    off = np.abs(np.asarray(curve.empirical, float) - level)
    return np.where(spread > 0, off / np.where(spread > 0, spread, 1), 1e9 * off)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("region", ["joint", "marginal"])
def test_a_truth_from_the_posterior_is_covered_as_often_as_said(getkey, size, region):
    truth, estimate, blocks = honest(getkey(), 100, 200, size)
    if region == "marginal" and size > 1:
        # components of a source err together: so many independent ones there are not
        truth, blocks = uncorrelated(truth, estimate, blocks)
    curve = coverage_curve(truth, estimate, blocks, region=region)
    assert curve.n == 100 * 200 * (size if region == "marginal" else 1)
    assert standard_errors(curve).max() < 3


def uncorrelated(truth, estimate, blocks):
    """The same with independent components: errors by their own deviations."""
    factor = np.linalg.cholesky(blocks)
    error = (truth - estimate).reshape(len(truth), len(blocks), -1)
    white = np.einsum("nij,tnj->tni", np.linalg.inv(factor), error)
    variance = np.diagonal(blocks, axis1=1, axis2=2)
    error = (np.sqrt(variance) * white).reshape(truth.shape)
    return estimate + error, variance[:, :, None] * np.eye(blocks.shape[-1])


def test_means_over_time_are_covered_too(getkey):
    truth, estimate, blocks = honest(getkey(), 30, 3000, 2)
    curve = coverage_curve(truth, estimate, blocks, mode="aggregated")
    assert curve.n == 3000
    assert standard_errors(curve).max() < 3


def test_too_small_a_variance_is_overconfident_as_much_as_theory_says(getkey):
    truth, estimate, blocks = honest(getkey(), 100, 200, 1)
    curve = coverage_curve(truth, estimate, blocks / 4)
    expected = chi2.cdf(chi2.ppf(LEVELS[:-1], 1) / 4, 1)
    np.testing.assert_allclose(curve.empirical[:-1], expected, atol=0.011)
    assert (curve.empirical[1:-1] < LEVELS[1:-1]).all()  # below the diagonal


def test_the_curves_are_calibrains(x64):
    a = fixed()
    for mode, name in (
        ("pointwise", "A_cov_curve_pt"),
        ("aggregated", "A_cov_curve_agg"),
    ):
        curve = coverage_curve(a.truth, a.estimate, a.covariance, mode=mode)
        np.testing.assert_array_equal(curve.level, CHECK["nominal15"])
        np.testing.assert_allclose(curve.empirical, CHECK[name], atol=1e-15)
    for size in (2, 3):
        f = free(size)
        blocks = js.measure.covariance_blocks(f.covariance, size)
        asked = functools.partial(coverage_curve, f.truth, f.estimate, blocks)
        found = asked(mode="aggregated", region="marginal").empirical
        np.testing.assert_allclose(found, CHECK[f"F{size}_marg_curve"], atol=1e-15)
    found = asked(mode="aggregated").empirical
    np.testing.assert_allclose(found, CHECK["F3_ell_curve"], atol=1e-15)


def test_float32_gives_the_same_curve():
    a = fixed()
    single = (np.float32(x) for x in (a.truth, a.estimate, a.covariance))
    found = coverage_curve(*single).empirical
    np.testing.assert_allclose(found, CHECK["A_cov_curve_pt"], atol=1.1 / 240)


def test_pruned_silent_sources_lift_the_curve_of_all_but_not_of_the_active(getkey):
    truth, estimate, blocks = honest(getkey(), 40, 100, 1)
    silent = np.arange(100) >= 20
    truth, estimate = (np.where(silent, 0, x) for x in (truth, estimate))
    blocks = np.where(silent[:, None, None], 0, blocks)
    curve = coverage_curve(truth, estimate, blocks)
    assert curve.empirical[0] == 0.8  # "covered" by a region of level 0
    assert curve.empirical_active[0] == 0
    np.testing.assert_array_equal(curve.empirical_inactive, 1)
    assert (curve.n, curve.n_active, curve.n_certain) == (4000, 800, 3200)
    off = np.abs(curve.empirical_active - LEVELS)
    assert (off <= 3 * np.sqrt(LEVELS * (1 - LEVELS) / 800) + 1e-7).all()


def test_a_source_that_was_pruned_wrongly_is_covered_by_nothing_but_certainty():
    truth, nothing = jnp.ones((5, 1)), jnp.zeros((5, 1))
    curve = coverage_curve(truth, nothing, jnp.zeros(1))
    np.testing.assert_array_equal(curve.empirical_active, LEVELS == 1)
    assert np.isnan(curve.empirical_inactive).all()  # there is none


def test_a_truth_in_space_is_projected(getkey):
    truth, estimate, blocks = honest(getkey(), 20, 30, 2)
    basis, _ = np.linalg.qr(jax.random.normal(getkey(), (30, 3, 3)))
    unseen = np.ones((20, 30, 1), np.float32)  # along the third direction
    coefficients = np.concatenate([truth.reshape(20, 30, 2), unseen], axis=2)
    in_space = np.einsum("nik,tnk->tni", basis, coefficients).reshape(20, -1)
    found = coverage_curve(in_space, estimate, blocks, basis[..., :2])
    plain = coverage_curve(truth, estimate, blocks)
    np.testing.assert_allclose(found.empirical, plain.empirical, atol=2 / 600)


def test_radii_are_quantiles(x64):
    for size in (1, 2, 3):
        found = credible_radius(jnp.asarray(LEVELS), size)
        np.testing.assert_allclose(found, np.sqrt(chi2.ppf(LEVELS, size)), rtol=1e-9)


def test_intervals_are_estimates_and_radii():
    low, high = credible_interval(jnp.ones((4, 2)), jnp.asarray([1.0, 4.0]), 0.95)
    np.testing.assert_allclose(high[0], [1 + 1.95996, 1 + 2 * 1.95996], rtol=1e-5)
    np.testing.assert_allclose(low, 2 - high, rtol=1e-5)
    low, high = credible_interval(
        jnp.ones((4, 2)), jnp.asarray([1.0, 4.0]), 0.95, "aggregated"
    )
    np.testing.assert_allclose(high - 1, [[1.95996 / 2, 1.95996]], rtol=1e-5)


def test_every_run_of_a_sweep_is_measured(getkey):
    runs = [honest(getkey(), 50, 8, 2) for _ in range(3)]
    truth, estimate, blocks = (np.stack(x) for x in zip(*runs, strict=True))
    blocks = blocks * np.asarray([1, 1 / 16, 16], np.float32)[:, None, None, None]
    clock = Clock(jnp.zeros(()), 100.0)
    series = (
        Series(truth, clock, Signal("time source", "nAm", "truth")),
        Series(estimate, clock, Signal("time source", "nAm", "estimate")),
        Series(blocks, None, Signal("source k l", "nAm^2", "covariance")),
    )
    names = ("activity", "estimate", "covariance")
    design = js.grid({"estimate.scale": [1.0, 0.25, 4.0]})
    sweep = Recording(series, names, np.ones(3, np.uint8), None, None, design)

    table = sweep.measure(coverage, *names).to_dataframe()
    expected = [
        coverage(*run[:2], b).coverage for run, b in zip(runs, blocks, strict=True)
    ]
    np.testing.assert_allclose(table["coverage"], expected, atol=1e-6)
    assert table["estimate.scale"].tolist() == [1.0, 0.25, 4.0]
    assert (
        table["coverage"][1] < 0.6 < 0.8 < table["coverage"][0] < table["coverage"][2]
    )

    curves = sweep.measure(functools.partial(coverage_curve, mode="aggregated"), *names)
    assert curves["empirical"].values.shape == (3, 15)


def test_what_does_not_fit_gets_a_sentence(unhooked):
    x = np.zeros((5, 6))
    with pytest.raises(ValueError, match="2 sources of 2 components, the estimate 3"):
        coverage_curve(x, x, np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="2 coefficients for each source"):
        coverage_curve(x[:, :5], x[:, :5], np.ones((3, 2, 2)))
    with pytest.raises(ValueError, match=r"must be \(source, K, K\)"):
        coverage_curve(x, x, np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"nominal coverages in \[0, 1\]"):
        coverage_curve(x, x, np.ones(6), levels=(0.5, 95))
    with pytest.raises(ValueError, match="choose 'joint'"):
        coverage_curve(x, x, np.ones(6), region="elliptic")
    with pytest.raises(ValueError, match="choose 'pointwise'"):
        coverage_curve(x, x, np.ones(6), mode="mean")
    with pytest.raises(ValueError, match="give basis="):
        coverage_curve(np.zeros((5, 9)), x, np.ones(6))


def test_a_covariance_may_be_a_series_as_truth_and_estimate_may():
    found = fixed()
    clock = Clock(np.asarray(0.0), 100.0)
    as_recorded = (
        Series(found.truth, clock, Signal("time source", "nAm", "truth")),
        Series(found.estimate, clock, Signal("time source", "nAm", "estimate")),
        Series(
            found.covariance[:, None, None],
            None,
            Signal("location row column", "nAm^2", "posterior covariance"),
        ),
    )
    curve = coverage_curve(*as_recorded)
    expected = coverage_curve(found.truth, found.estimate, found.covariance)
    np.testing.assert_array_equal(curve.empirical, expected.empirical)
