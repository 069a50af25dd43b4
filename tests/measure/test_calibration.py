"""Recalibration: levels that give the coverage one wants."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim import measure
from jaxsim.measure import coverage_curve, fit_recalibration

from .posteriors import honest
from .source_check import CHECK, fixed


LEVELS = np.asarray(measure.LEVELS)


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_a_variance_wrong_by_four_is_mended_on_other_data(getkey, factor):
    curves = []
    for _ in range(2):
        truth, estimate, blocks = honest(getkey(), 100, 100, 3)
        curves.append((truth, estimate, (factor * blocks).astype(np.float32)))
    train = coverage_curve(*curves[0], levels=measure.FINE_LEVELS)
    before = coverage_curve(*curves[1])
    wanted = LEVELS[LEVELS != 0.99]  # a quarter of the variance: at 1 - 7e-10
    after = measure.recalibrated_coverage(
        fit_recalibration(train.level, train.empirical, wanted), *curves[1]
    )
    assert np.abs(before.empirical - LEVELS).max() > 0.25
    assert np.abs(after.empirical - wanted).max() < 0.03
    np.testing.assert_allclose(after.level, wanted, rtol=1e-6)


def test_an_honest_posterior_is_left_alone_nearly(getkey):
    curve = coverage_curve(*honest(getkey(), 100, 100, 1), levels=measure.FINE_LEVELS)
    found = fit_recalibration(curve.level, curve.empirical, LEVELS)
    np.testing.assert_allclose(found.calibrated, LEVELS, atol=0.02)
    exact = fit_recalibration(LEVELS, LEVELS)
    np.testing.assert_allclose(exact.calibrated, LEVELS, atol=1e-6)


def test_the_map_and_its_effect_are_calibrains(x64):
    a = fixed()
    found = fit_recalibration(CHECK["nominal15"], CHECK["A_cov_curve_agg"])
    np.testing.assert_allclose(found.calibrated, CHECK["A_iso_recal"], atol=1e-12)
    after = measure.recalibrated_coverage(
        found, a.truth, a.estimate, a.covariance, mode="aggregated"
    )
    np.testing.assert_allclose(after.empirical, CHECK["A_iso_post"], atol=1e-12)


def test_a_curve_that_starts_high_has_no_level_for_what_lies_below():
    curve = 0.8 + 0.2 * LEVELS  # four fifths of the sources were pruned, silent
    found = fit_recalibration(LEVELS, curve)
    np.testing.assert_array_equal(found.calibrated[LEVELS <= 0.8], 0)
    np.testing.assert_allclose(found.calibrated[LEVELS == 0.9], 0.5, rtol=1e-5)


def test_beyond_the_last_level_that_was_reached_nothing_is_promised(getkey):
    """Half of the truths lie far outside: 0.5 at most, but for all of space."""
    truth, estimate, blocks = honest(getkey(), 100, 100, 1)
    truth = truth + jnp.where(jnp.arange(100) < 50, 1e4, 0.0)[None, :]
    run = truth, estimate, blocks
    curve = coverage_curve(*run, levels=measure.FINE_LEVELS)
    found = fit_recalibration(curve.level, curve.empirical, LEVELS)
    np.testing.assert_array_equal(found.reached, (LEVELS <= 0.5) | (LEVELS == 1))
    np.testing.assert_array_equal(np.isnan(found.calibrated), ~found.reached)
    for after in (
        measure.recalibrated_coverage(found, *run).empirical,
        measure.recalibrated_curve(found, curve.level, curve.empirical),
    ):
        np.testing.assert_array_equal(np.isnan(after), ~found.reached)
        np.testing.assert_allclose(after[LEVELS < 0.5], LEVELS[LEVELS < 0.5], atol=0.02)
    asked = np.asarray([0.35, 0.5, 0.55, 0.9, 1.0])
    used = measure.recalibrated_level(found, asked)
    np.testing.assert_array_equal(np.isnan(used), [False, False, True, True, False])
    np.testing.assert_allclose(used[0], 0.7, atol=0.03)  # half of them, twice as often


def test_flat_parts_may_be_left_at_either_end(unhooked):
    level = np.linspace(0, 1, 5)
    curve = np.asarray([0, 0.5, 0.5, 0.5, 1])
    for flat, used in (("left", 0.25), ("mid", 0.5), ("right", 0.75)):
        assert fit_recalibration(level, curve, flat=flat).calibrated[2] == used
    with pytest.raises(ValueError, match="choose 'left', 'mid' or 'right'"):
        fit_recalibration(level, curve, flat="middle")


def test_maps_of_many_runs_are_fitted_at_once(getkey):
    noisy = (LEVELS**2)[None] + 0.05 * jax.random.normal(getkey(), (8, 15))
    curves = jnp.clip(noisy, 0, 1).astype(np.float32)
    fit = functools.partial(fit_recalibration, LEVELS)
    many = jax.jit(jax.vmap(fit))(curves)
    order = jnp.diff(many.calibrated, axis=1)
    assert ((order >= 0) | jnp.isnan(order)).all()
    assert many.reached[:, :10].all()
    np.testing.assert_allclose(many.calibrated[3], fit(curves[3]).calibrated, atol=1e-6)


def test_a_curve_is_read_between_its_points():
    level = np.linspace(0, 1, 11)
    found = fit_recalibration(level, level**2)
    after = measure.recalibrated_curve(found, level, level**2)
    expected = np.where(level == 0.9, np.nan, level)  # 0.9 reaches 0.81
    np.testing.assert_allclose(after, expected, atol=1e-6)
    used = measure.recalibrated_level(found, np.asarray([0.0, 0.05, 0.8, 1.0]))
    between = found.calibrated[:2].mean()
    np.testing.assert_allclose(used, [0, between, found.calibrated[8], 1], atol=1e-6)


def test_above_the_diagonal_is_underconfident_whatever_calibrain_calls_it(x64):
    level, curve = CHECK["nominal15"], CHECK["A_cov_curve_agg"]
    signed, absolute, under, over = CHECK["A_metrics4"]
    found = measure.calibration_deviation(level, curve)
    theirs = measure.calibration_deviation(level, curve, compat=True)
    assert (curve >= level).all()
    np.testing.assert_allclose(found.max_underconfidence, 0.95)
    assert found.max_overconfidence == 0
    np.testing.assert_allclose(theirs, [signed, absolute, under, over], rtol=1e-14)


def test_curves_of_other_lengths_get_a_sentence(unhooked):
    with pytest.raises(ValueError, match="jax.vmap takes many curves"):
        fit_recalibration(LEVELS, np.zeros((3, 15)))
