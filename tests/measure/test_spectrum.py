"""Spectra against scipy.signal, and against what is known of sines and noise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal

from jaxsim import measure
from jaxsim.core.signal import Clock, Series, Signal

from .gradients import assert_gradients


RATE = 250.0


@pytest.fixture
def noise(getkey):
    return jax.random.normal(getkey(), (1500, 3))


@pytest.mark.parametrize(
    "detrend, window, nperseg",
    [
        ("constant", "hann", 256),
        ("constant", "boxcar", 255),
        ("linear", ("tukey", 0.25), 255),
        (False, "hann", 256),
    ],
)
def test_welch_is_scipys_in_float64(x64, getkey, detrend, window, nperseg):
    x = 3 + jax.random.normal(getkey(), (1500, 2), jnp.float64)
    options = dict(nperseg=nperseg, window=window, detrend=detrend)
    freqs, psd = measure.welch(x, RATE, **options)
    known, expected = scipy.signal.welch(np.asarray(x), RATE, axis=0, **options)
    np.testing.assert_allclose(freqs, known, rtol=1e-12)
    np.testing.assert_allclose(psd, expected, rtol=1e-9, atol=1e-16)
    assert psd.dtype == jnp.float64


def test_welch_in_float32_keeps_five_digits_of_scipys_float64(noise):
    _, psd = measure.welch(noise, RATE, segment_s=1.0)
    exact = np.asarray(noise, np.float64)
    _, expected = scipy.signal.welch(exact, RATE, nperseg=250, axis=0)
    assert psd.dtype == jnp.float32
    # without 0 Hz, where detrending leaves the rounding of the mean
    np.testing.assert_allclose(psd[1:], expected[1:], rtol=1e-5)


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.75])
def test_overlap_is_a_fraction_of_a_segment(x64, getkey, overlap):
    x = jax.random.normal(getkey(), (900,), jnp.float64)
    _, psd = measure.welch(x, RATE, nperseg=200, overlap=overlap)
    shared = int(200 * overlap)
    _, expected = scipy.signal.welch(
        np.asarray(x), RATE, nperseg=200, noverlap=shared, detrend="constant"
    )
    np.testing.assert_allclose(psd, expected, rtol=1e-9)


def test_the_default_segment_is_two_seconds_or_the_whole_of_a_short_signal(noise):
    assert len(measure.welch(noise, RATE)[0]) == 251
    assert len(measure.welch(noise[:100], RATE)[0]) == 51
    assert len(measure.welch(noise, 1.0)[0]) == 33  # slow signals: 64 samples


def test_white_noise_has_a_flat_spectrum_of_two_sigma_squared_over_rate(getkey):
    x = 3.0 * jax.random.normal(getkey(), (200_000,))
    freqs, psd = measure.welch(x, 1000.0, segment_s=0.1)
    # 3999 half-overlapping segments: about 2 percent of scatter a bin
    np.testing.assert_allclose(psd[2:-1], 2 * 9 / 1000, rtol=0.1)
    np.testing.assert_allclose(psd[2:-1].mean(), 2 * 9 / 1000, rtol=0.01)


def test_parseval_the_density_adds_up_to_the_variance(x64, getkey):
    x = jax.random.normal(getkey(), (512, 2), jnp.float64)
    freqs, psd = measure.welch(x, RATE, nperseg=512, window="boxcar")
    np.testing.assert_allclose(psd.sum(0) * freqs[1], x.var(axis=0), rtol=1e-10)


def test_a_sine_has_half_its_squared_amplitude_in_its_band():
    t = np.arange(5000) / 500
    x = 4 * np.sin(2 * np.pi * 10 * t)
    freqs, psd = measure.welch(x, 500.0)
    np.testing.assert_allclose(measure.band_power(freqs, psd, (5, 15)), 8, rtol=1e-5)
    np.testing.assert_allclose(measure.peak_frequency(freqs, psd), 10, atol=1e-4)


def test_nodes_are_independent_and_vmap_equals_a_loop(noise):
    _, together = measure.welch(noise, RATE)
    alone = [measure.welch(noise[:, i], RATE)[1] for i in range(3)]
    np.testing.assert_allclose(together, np.stack(alone, 1), rtol=1e-6)
    mapped = jax.vmap(lambda x: measure.welch(x, RATE)[1])(noise.T)
    np.testing.assert_allclose(mapped, np.stack(alone), rtol=1e-6)


def test_compiled_and_plain_agree_and_frequencies_stay_on_the_host(noise):
    @jax.jit
    def alpha(x):
        freqs, psd = measure.welch(x, RATE)
        assert isinstance(freqs, np.ndarray)
        return measure.band_power(freqs, psd, (8, 13))

    plain = measure.band_power(*measure.welch(noise, RATE), (8, 13))
    np.testing.assert_allclose(alpha(noise), plain, rtol=1e-6)


def test_a_series_brings_its_rate(noise):
    clock = Clock(jnp.zeros(()), RATE)
    series = Series(noise, clock, Signal("time node", "mV", "activity"))
    for ours, plain in zip(
        measure.welch(series), measure.welch(noise, RATE), strict=True
    ):
        np.testing.assert_array_equal(ours, plain)


def test_a_series_of_a_sweep_is_sent_to_measure(noise):
    series = Series(
        noise[None], Clock(jnp.zeros(()), RATE), Signal("time node", "mV", "x")
    )
    with pytest.raises(ValueError, match="1 design axes .* recording.measure"):
        measure.welch(series)


READINGS = {
    "log psd": lambda f, p: jnp.log(p),
    "band_power": lambda f, p: measure.band_power(f, p, (8, 13)),
    "relative_power": lambda f, p: measure.relative_power(f, p, (8, 13)),
    "band_fractions": lambda f, p: measure.band_fractions(f, p)["alpha"],
    "peak_frequency": measure.peak_frequency,
    "mean_frequency": measure.mean_frequency,
    "spectral_slope": measure.spectral_slope,
    "to_decibel": lambda f, p: measure.to_decibel(p),
}


def test_what_is_read_from_a_spectrum_has_a_gradient(x64, getkey):
    x = jax.random.normal(getkey(), (500, 2), jnp.float64)

    def chain(read):
        return lambda x: read(*measure.welch(x, RATE, nperseg=125)).sum()

    functions = {name: chain(read) for name, read in READINGS.items()}
    assert_gradients(functions, x, getkey(), rtol=1e-5)


@pytest.mark.parametrize("kind", ["relative_power", "peak_frequency", "mean_frequency"])
def test_silence_gives_numbers_and_finite_gradients(kind):
    def read(x):
        return READINGS[kind](*measure.welch(x, RATE)).sum()

    value, slope = jax.value_and_grad(read)(jnp.full((600, 2), 5.0))
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


def test_a_constant_has_no_power():
    _, psd = measure.welch(jnp.full((1000,), 7.0), RATE)
    np.testing.assert_allclose(psd, 0, atol=1e-10)


def test_a_nan_spoils_its_own_spectrum_and_no_other(noise):
    _, psd = measure.welch(noise.at[700, 1].set(jnp.nan), RATE)
    assert np.isnan(psd[:, 1]).all()
    assert np.isfinite(psd[:, [0, 2]]).all()
    shares = measure.relative_power(*measure.welch(noise * jnp.nan, RATE), (8, 13))
    assert np.isnan(shares).all()


def test_band_power_is_the_trapezoid_integral(x64):
    freqs = np.arange(0, 60, 0.5)
    psd = np.random.default_rng(0).random((120, 4))
    inside = (freqs >= 8) & (freqs <= 13)
    np.testing.assert_allclose(
        measure.band_power(freqs, psd, (8, 13)),
        np.trapezoid(psd[inside], freqs[inside], axis=0),
        rtol=1e-12,
    )


def test_a_band_of_one_bin_counts_its_width():
    freqs, psd = np.arange(0, 60, 4.0), np.full(15, 3.0)
    np.testing.assert_allclose(measure.band_power(freqs, psd, (11, 13)), 12.0)


def test_the_shares_of_bands_that_touch_add_up_to_one(noise):
    shares = measure.band_fractions(*measure.welch(noise, RATE))
    assert set(shares) == set(measure.BANDS)
    np.testing.assert_allclose(sum(shares.values()), 1, rtol=1e-5)


def test_a_power_law_gives_its_exponent():
    freqs = np.arange(0, 100, 0.5)
    psd = 5.0 * np.maximum(freqs, 0.1) ** -1.7
    np.testing.assert_allclose(measure.spectral_slope(freqs, psd), -1.7, rtol=1e-4)


def test_the_refined_peak_lies_between_bins():
    t = np.arange(20_000) / 1000
    x = np.sin(2 * np.pi * 10.3 * t)
    spectrum = measure.welch(x, 1000.0, segment_s=1.0)
    assert measure.peak_frequency(*spectrum, refine=False) == 10
    np.testing.assert_allclose(measure.peak_frequency(*spectrum), 10.3, atol=0.05)


def test_a_peak_at_the_edge_of_the_band_stays_there():
    freqs, psd = np.arange(1.0, 30.0), np.arange(1.0, 30.0)[::-1].copy()
    assert measure.peak_frequency(freqs, psd, (1, 20)) == 1


def test_decibels_are_ten_times_the_decades():
    np.testing.assert_allclose(
        measure.to_decibel(np.array([1.0, 10.0, 0.0])), [0, 10, -120], atol=1e-4
    )


def test_crop_keeps_the_ends():
    freqs, psd = measure.crop(np.arange(100.0), np.arange(100.0), (1, 50))
    assert freqs[0] == 1 and freqs[-1] == 50 and len(psd) == 50


@pytest.mark.parametrize(
    "options, sentence",
    [
        (dict(segment_s=10.0), "longer than the signal, 1500 samples .6 s."),
        (dict(nperseg=1), "at least 2 samples"),
        (dict(segment_s=1.0, nperseg=250), "same thing"),
        (dict(overlap=1.0), r"outside \[0, 1\)"),
        (dict(detrend="mean"), "choose 'constant'"),
        (dict(window="hannah"), "get_window"),
        (dict(rate_hz=-1.0), "above zero"),
        (dict(rate_hz=None), "give rate_hz="),
    ],
)
def test_bad_settings_get_a_sentence(noise, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        measure.welch(noise, **{"rate_hz": RATE, **options})


def test_bad_bands_get_a_sentence(noise):
    spectrum = measure.welch(noise, RATE, segment_s=1.0)
    with pytest.raises(ValueError, match="no frequency bin lies within 8.1 to 8.9"):
        measure.band_power(*spectrum, (8.1, 8.9))
    with pytest.raises(ValueError, match="0 <= low < high"):
        measure.band_power(*spectrum, (13, 8))
    with pytest.raises(ValueError, match="above 0 Hz"):
        measure.spectral_slope(*spectrum, (0, 8))


def test_traced_frequencies_are_refused(noise):
    freqs, psd = measure.welch(noise, RATE)
    with pytest.raises(TypeError, match="as welch returned it"):
        jax.jit(lambda f: measure.band_power(f, psd, (8, 13)))(jnp.asarray(freqs))


def test_words_and_complex_numbers_are_refused():
    with pytest.raises(TypeError, match="real numbers, not complex64"):
        measure.welch(jnp.ones(100, jnp.complex64), RATE)
    with pytest.raises(TypeError, match="real numbers, not str"):
        measure.welch("activity", RATE)
