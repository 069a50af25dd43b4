"""Losses between spectra against their formulas in numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim import measure

from .gradients import assert_gradients


LOSSES = {
    "psd_mse": {},
    "log_psd_mse": {},
    "weighted_psd_mse": {"roi_band": (8, 13)},
    "decibel_mse": {},
    "slope_loss": {},
    "peak_loss": {},
    "band_ratio_loss": {},
    "band_fraction_loss": {},
}
FREQS = np.fft.rfftfreq(250, 1 / 250)
BAND = (FREQS >= 1) & (FREQS <= 50)


@pytest.fixture
def pair(getkey):
    return tuple(
        measure.welch(jax.random.normal(getkey(), (1000, 2)), 250.0, nperseg=250)[1]
        for _ in range(2)
    )


def named(target):
    """Each loss as a function of the estimate alone."""

    def against(name, options):
        return lambda psd: getattr(measure, name)(psd, target, FREQS, **options)

    return {name: against(name, options) for name, options in LOSSES.items()}


def test_the_same_spectrum_is_at_distance_zero_and_another_is_not(pair):
    for name, loss in named(pair[0]).items():
        near, far = jax.jit(lambda p, q, loss=loss: (loss(p), loss(q)))(*pair)
        assert near < 1e-9, name
        assert far.shape == () and far > 0, name


def test_the_gradients_are_finite_differences(x64, getkey):
    psd, target = jax.random.uniform(getkey(), (2, 126, 2), jnp.float64, 0.5, 2.0)
    assert_gradients(named(target), psd, getkey(), rtol=1e-5)


def test_compiled_and_vmapped_they_are_the_same(pair):
    batch = jnp.stack([pair[0], 2 * pair[0]])

    def losses(psd):
        return jnp.stack([loss(psd) for loss in named(pair[1]).values()])

    mapped = jax.jit(jax.vmap(losses))(batch)
    np.testing.assert_allclose(mapped, [losses(b) for b in batch], rtol=2e-5)


def test_the_formulas_are_the_documented_ones(pair):
    p, q = (np.asarray(x, np.float64)[BAND] for x in pair)
    options = dict(freq_range=(1, 50))
    np.testing.assert_allclose(
        measure.psd_mse(*pair, FREQS, **options), ((p - q) ** 2).mean(), rtol=1e-5
    )
    decades = (np.log10(p + 1e-10) - np.log10(q + 1e-10)) ** 2
    np.testing.assert_allclose(
        measure.log_psd_mse(*pair, FREQS, **options), decades.mean(), rtol=1e-5
    )
    np.testing.assert_allclose(
        measure.decibel_mse(*pair, FREQS, **options), 100 * decades.mean(), rtol=1e-4
    )


def test_the_weights_of_bins_add_up_to_one(pair):
    p, q = (np.asarray(x, np.float64) for x in pair)
    weights = np.where((FREQS >= 8) & (FREQS <= 13), 10.0, 1.0)
    expected = (weights[:, None] * (p - q) ** 2).sum(0).mean() / weights.sum()
    band = measure.weighted_psd_mse(*pair, FREQS, roi_band=(8, 13))
    own = measure.weighted_psd_mse(*pair, FREQS, weight_fn=lambda f: 2 * weights)
    plain = measure.weighted_psd_mse(*pair, FREQS)
    np.testing.assert_allclose(band, expected, rtol=1e-5)
    np.testing.assert_allclose(own, expected, rtol=1e-5)
    np.testing.assert_allclose(plain, measure.psd_mse(*pair), rtol=1e-5)


def test_one_target_spectrum_stands_for_every_node(pair):
    psd, target = pair
    one = target[:, 0]
    both = jnp.stack([one, one], axis=1)
    np.testing.assert_allclose(
        measure.log_psd_mse(psd, one), measure.log_psd_mse(psd, both), rtol=1e-6
    )
    np.testing.assert_allclose(
        measure.log_psd_mse(one, psd[:, :1]), measure.log_psd_mse(one, psd[:, 0])
    )


def test_host_float64_targets_are_taken(pair):
    target = np.asarray(pair[1], np.float64)
    assert measure.log_psd_mse(pair[0], target).dtype == jnp.float32


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda p: measure.psd_mse(p, p[:-1]), "126 frequency bins and the target 125"),
        (lambda p: measure.psd_mse(p, p[:, :1]), "same nodes"),
        (lambda p: measure.psd_mse(p, p, FREQS[:9]), "freqs has 9 bins"),
        (lambda p: measure.psd_mse(p, p, freq_range=(1, 9)), "give freqs="),
        (lambda p: measure.weighted_psd_mse(p, p, roi_band=(1, 9)), "give freqs="),
        (
            lambda p: measure.weighted_psd_mse(
                p, p, FREQS, roi_band=(1, 9), weight_fn=np.ones_like
            ),
            "not both",
        ),
        (
            lambda p: measure.weighted_psd_mse(p, p, FREQS, weight_fn=lambda f: f[1:]),
            "one weight for each",
        ),
    ],
)
def test_bad_input_gets_a_sentence(pair, unhooked, call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(pair[0])
