"""Where estimated sources are, and whether the right ones were found."""

import functools

import jax
import numpy as np
import pytest

from jaxsim import measure
from jaxsim.core.signal import Series, Signal

from .gradients import assert_gradients


LINE = np.stack([0.01 * np.arange(10), np.zeros(10), np.zeros(10)], 1)  # 1 cm apart


def sources(**strengths):
    """A map of ten sources in a row, from s0 to s9, over four times."""
    x = np.zeros((4, 10))
    for name, strength in strengths.items():
        x[:, int(name[1:])] = strength * np.asarray([1, -1, 1, -1]) / 2
    return x


def test_the_peak_error_is_the_distance_to_the_nearest_true_source():
    truth = sources(s2=5.0, s8=1.0)
    for estimate, expected in (
        (sources(s2=1.0), 0.0),
        (sources(s5=2.0, s2=1.0), 0.03),
        (sources(s9=2.0), 0.01),
    ):
        found = measure.peak_error(truth, estimate, LINE)
        np.testing.assert_allclose(found, expected, atol=1e-7)
    assert measure.peak_error(truth, sources(), LINE) == np.inf
    assert measure.peak_error(sources(), truth, LINE) == np.inf


def test_positions_may_be_a_series():
    at = Series(LINE, None, Signal("location xyz", "m", "where the sources are"))
    found = measure.peak_error(sources(s2=5.0), sources(s5=2.0), at)
    np.testing.assert_allclose(found, 0.03, atol=1e-7)


def test_the_region_error_counts_misses_and_false_ones():
    truth = sources(s2=5.0, s8=5.0)
    assert measure.region_error(truth, truth, LINE) == 0
    missed = measure.region_error(truth, sources(s2=1.0), LINE)
    np.testing.assert_allclose(missed, (0.06 + 0) / 2 / 2, rtol=1e-5)
    false = measure.region_error(sources(s2=1.0), truth, LINE)
    np.testing.assert_allclose(false, missed, rtol=1e-6)
    weak = sources(s2=1.0, s8=0.4)
    np.testing.assert_allclose(measure.region_error(truth, weak, LINE), missed)
    assert measure.region_error(truth, weak, LINE, threshold=0.3) == 0
    assert measure.region_error(truth, sources(), LINE) == np.inf


def test_the_dispersion_is_the_spread_around_the_truth(x64, getkey):
    truth = sources(s4=3.0)
    assert measure.spatial_dispersion(truth, sources(s4=1.0), LINE) == 0
    spread = sources(s3=1.0, s4=2.0, s5=1.0, s7=1.0)
    expected = np.sqrt((1 + 0 + 1 + 9) / 7) * 0.01
    found = measure.spatial_dispersion(truth, spread, LINE)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert measure.spatial_dispersion(truth, sources(), LINE) == np.inf
    asked = functools.partial(measure.spatial_dispersion, truth, positions=LINE)
    assert_gradients({"dispersion": asked}, jax.numpy.asarray(spread), getkey(), 1e-5)


def test_counts_at_a_threshold():
    truth = sources(s1=2.0, s2=2.0, s3=2.0, s4=2.0)
    estimate = sources(s1=1.0, s2=0.8, s3=0.1, s9=0.7)
    precision, recall, f1 = measure.source_detection(truth, estimate)
    np.testing.assert_allclose(
        [precision, recall, f1], [2 / 3, 2 / 4, 4 / 7], rtol=1e-6
    )
    loose = measure.source_detection(truth, estimate, threshold=0.05)
    np.testing.assert_allclose(loose, [3 / 4, 3 / 4, 3 / 4], rtol=1e-6)
    np.testing.assert_array_equal(measure.source_detection(truth, sources()), 0)


def test_the_auc_is_the_part_of_pairs_in_order(getkey):
    drawn = np.asarray(jax.random.normal(getkey(), (2, 1, 60)))
    truth = np.where(drawn[0] > 0.5, drawn[0], 0)
    estimate = np.round(np.abs(truth + drawn[1]), 1)  # rounded: with ties
    true = truth[0] > 0
    a, b = estimate[0][true][:, None], estimate[0][~true][None]
    expected = np.mean((a > b) + 0.5 * (a == b))
    np.testing.assert_allclose(measure.source_auc(truth, estimate), expected, rtol=1e-5)
    assert np.isnan(measure.source_auc(np.zeros((2, 3)), np.ones((2, 3))))


def test_all_of_it_runs_over_a_batch_of_runs():
    truth = np.stack([sources(s2=1.0), sources(s8=2.0)])
    estimate = np.stack([sources(s3=1.0), sources(s8=2.0, s5=1.5)])

    @jax.jit
    @functools.partial(jax.vmap, in_axes=(0, 0))
    def all_of(truth, estimate):
        return (
            measure.peak_error(truth, estimate, LINE),
            measure.region_error(truth, estimate, LINE),
            measure.source_auc(truth, estimate),
            measure.source_detection(truth, estimate).f1,
        )

    peak, region, auc, f1 = all_of(truth, estimate)
    np.testing.assert_allclose(peak, [0.01, 0], atol=1e-7)
    np.testing.assert_allclose(region, [0.01, 0.0075], rtol=1e-5)
    np.testing.assert_allclose(auc, [4 / 9, 1], rtol=1e-6)
    np.testing.assert_allclose(f1, [0, 2 / 3], rtol=1e-6)


def test_positions_of_other_sources_get_a_sentence(unhooked):
    with pytest.raises(ValueError, match=r"they must be \(10, 3\), in m"):
        measure.peak_error(sources(), sources(), LINE[:4])
