"""ErpSources: the waveforms of CaliBrain, and what always holds of them."""

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.meeg.epoch import onset_sample, samples_between
from jaxsim.meeg.zero_phase import band_passed, causal_matrix, hann


FOUND = np.load(Path(__file__).parents[1] / "reference" / "calibrain_forward.npz")
shaped = eqx.filter_jit(lambda erp, white, length: erp.shaped(white, length))


def tutorial(**more):
    """90 samples at 100 Hz, 80 of them after the stimulus."""
    given = {
        "tmin_s": -0.1,
        "tmax_s": 0.8,
        "rate_hz": 100.0,
        "low_hz": 2.0,
        "high_hz": 8.0,
        "amplitude_nam": 8.0,
        "sigma": 0.15,
        "lowest_nam": 2.0,
        "highest_nam": 20.0,
        "random_timing": False,
        "n_locations": 32,
        "n_active": 4,
    }
    return js.ErpSources(**(given | {"shortest_samples": 28} | more))


def test_segments_of_any_length_are_filtered_as_by_the_reference(x64):
    """Forwards and backwards with an odd extension of 27 samples (filtfilt)."""
    long = jnp.asarray(causal_matrix(200, 2.0, 8.0, 100.0))
    # samples behind the segment must not matter
    white = jnp.concatenate([jnp.asarray(FOUND["FF_in"]), jnp.full(66, 7.0)])
    length = jnp.asarray(80)
    found = jax.jit(band_passed)(white, length, long)
    np.testing.assert_allclose(found[:80], FOUND["FF_out"], atol=1e-9)
    assert (found[80:] == 0).all()
    windowed = found * hann(length, 146, found.dtype)
    expected = FOUND["FF_hann_norm"]
    np.testing.assert_allclose(
        windowed[:80] / jnp.abs(windowed).max(), expected, atol=2e-9
    )


def test_it_agrees_with_scipy_at_rates_where_polynomials_fail(x64):
    from scipy.signal import butter, sosfiltfilt

    white = np.random.default_rng(0).normal(size=500)
    sections = butter(4, [1 / 500, 5 / 500], "bandpass", output="sos")
    matrix = jnp.asarray(causal_matrix(554, 1.0, 5.0, 1000.0))
    found = jax.jit(band_passed)(jnp.asarray(white), 500, matrix)
    expected = sosfiltfilt(sections, white)
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(expected).max())


def reference_draws(seed, n_after, shortest, random_timing):
    """White noise, length, offset and z as CaliBrain draws them, in its order."""
    draw, length, offset = np.random.RandomState(seed), n_after, 0
    if random_timing:
        length = draw.randint(shortest, n_after + 1)
        offset = draw.randint(0, n_after - length + 1)
    return np.pad(draw.randn(length), (0, n_after - length)), length, offset, draw


@pytest.mark.parametrize("index", range(3))
def test_the_default_waveforms_are_those_of_the_reference(index, x64):
    erp, seed = js.ErpSources(), (1, 2, 512)[index]
    white, length, offset, draw = reference_draws(seed, 125, 82, True)
    segment = shaped(erp, jnp.asarray(white), jnp.asarray(length))
    size = np.clip(draw.lognormal(np.log(20.0), 0.2), 2.5, 50)
    start = 125 + offset
    expected = FOUND["W_dflt"][index]
    found = np.zeros(250)
    found[start : start + length] = size * np.asarray(segment)[:length]
    # the reference filters by polynomials, which at 250 Hz is 4e-5 off
    np.testing.assert_allclose(found, expected, atol=2e-4 * size)


def test_the_tutorial_waveforms_are_those_of_the_reference(x64):
    """Its onset is a sample late there (a rounding), so 79 samples are fed."""
    late = tutorial(tmax_s=0.79)
    for index, seed in enumerate((1, 2, 512)):
        white, length, _, draw = reference_draws(seed, 79, 28, False)
        segment = shaped(late, jnp.asarray(white), jnp.asarray(length))
        size = np.clip(draw.lognormal(np.log(8.0), 0.15), 2, 20)
        expected = FOUND["W_tut"][index]
        assert (expected[:11] == 0).all()
        np.testing.assert_allclose(size * segment, expected[11:], atol=1e-6)


@pytest.mark.parametrize("start", (-0.1, -0.2, -0.3, -0.5, -0.7, -1.1))
@pytest.mark.parametrize("rate", (100.0, 250.0, 256.0, 300.0, 512.0, 1000.0))
def test_the_onset_is_never_a_sample_off(start, rate):
    from fractions import Fraction

    exact = -Fraction(str(start)) * Fraction(str(rate))
    expected = -(-exact.numerator // exact.denominator)
    assert onset_sample(start, 0.0, rate) == expected
    assert samples_between(start, 0.0, rate) == expected


@pytest.fixture(scope="module")
def many():
    """300 active sources of default timing."""
    erp = js.ErpSources(n_locations=400, n_active=300, sigma=1.0)
    return js.simulate(erp, jax.random.key(3))


def test_before_the_stimulus_all_is_silent(many):
    values, times = many["activity"].values, many["activity"].clock.times(250)
    assert (np.asarray(values)[times < 0] == 0).all()
    assert times[0] == -0.5 and times[125] == 0.0


def test_peaks_are_lognormal_within_the_limits(many):
    peaks = np.abs(many["activity"].values).max(0)
    active = np.asarray(many["active"].values)
    assert active.sum() == 300 and (peaks[~active] == 0).all()
    peaks = peaks[active]
    assert peaks.min() >= 2.5 * (1 - 1e-6) and peaks.max() <= 50 * (1 + 1e-6)
    # the median survives the limits: 20 nAm, within 3 standard errors of 300 draws
    assert abs(np.log(np.median(peaks) / 20)) < 3 * 1.2533 / np.sqrt(300)
    # log-normal of sigma 1: P(A > 50) = 0.180, P(A < 2.5) = 0.0188
    assert abs((peaks > 49.99).mean() - 0.180) < 3 * np.sqrt(0.18 * 0.82 / 300)


def test_signs_and_timings_are_random(many):
    values = np.asarray(many["activity"].values)[:, np.asarray(many["active"].values)]
    first = np.sign(values[np.abs(values).argmax(0), np.arange(300)])
    assert abs(first.mean()) < 3 / np.sqrt(300)
    starts = (values != 0).argmax(0)
    assert starts.min() <= 128 and starts.max() > 150
    lengths = (values != 0).sum(0)
    assert lengths.min() >= 82 - 2 and lengths.max() <= 125


def test_the_power_lies_in_the_band_as_far_as_the_window_lets_it(many):
    values = np.asarray(many["activity"].values)
    power = (np.abs(np.fft.rfft(values, axis=0)) ** 2).sum(1)
    hertz = np.fft.rfftfreq(250, 1 / 250)
    assert power[hertz <= 6].sum() > 0.95 * power.sum()
    assert power[hertz > 12].sum() < 1e-2 * power.sum()


def test_components_turn_or_stand_still(getkey):
    key = getkey()
    turning = js.simulate(tutorial(n_components=3), key)
    steady = js.simulate(tutorial(n_components=3, components="steady"), key)
    for made, rank in ((turning, 3), (steady, 1)):
        chosen = np.flatnonzero(made["active"].values)
        of_one = np.asarray(made["activity"].values).reshape(90, 32, 3)[:, chosen[0]]
        assert np.linalg.matrix_rank(of_one, tol=1e-4) == rank


def test_a_component_more_changes_no_draw_of_the_others(getkey):
    key = getkey()
    one = js.simulate(tutorial(), key)["activity"].values
    two = js.simulate(tutorial(n_components=2), key)["activity"].values
    np.testing.assert_allclose(two[:, ::2], one, rtol=1e-5, atol=1e-6)


def test_the_field_has_gradients_with_respect_to_the_amplitude(getkey):
    key = getkey()

    def outcome(size):
        erp = tutorial(amplitude_nam=size, sigma=0.0)
        return jnp.abs(js.simulate(erp, key)["activity"].values).max()

    np.testing.assert_allclose(jax.grad(outcome)(8.0), 1.0, rtol=1e-5)


BAD = {
    "too many active": (dict(n_active=40), "n_active = 40 is more than the 32"),
    "an onset elsewhere": (dict(onset_s=0.9), "onset_s = 0.9 s lies outside the epoch"),
    "no samples left": (
        dict(onset_s=0.7),
        "10 samples follow the stimulus; the filter needs 28",
    ),
    "no room for the shortest": (
        dict(onset_s=0.4, shortest_samples=50, random_timing=True),
        "40 samples follow the stimulus, fewer than shortest_samples = 50",
    ),
    "segments too short": (dict(shortest_samples=20), r"shortest_samples = 20 .*\[28"),
    "an empty band": (dict(low_hz=8.0), "the band from low_hz = 8.0 Hz .* is empty"),
    "above Nyquist": (dict(low_hz=50.0, high_hz=60.0), "not below half of rate_hz"),
    "limits in disorder": (dict(lowest_nam=30.0), "lowest_nam = 30.0 nAm is above"),
}


def test_the_shortest_segment_is_asked_of_random_timing_only():
    assert tutorial(shortest_samples=82).n_after_onset == 80
    assert js.ErpSources(tmax_s=0.3, random_timing=False).n_after_onset == 75


@pytest.mark.parametrize("case", BAD)
def test_impossible_epochs_are_refused(case):
    given, sentence = BAD[case]
    with pytest.raises(ValueError, match=sentence):
        tutorial(**given)
