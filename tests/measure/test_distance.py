"""Losses between recorded signals and between matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim import measure
from jaxsim.core.signal import Clock, Series, Signal

from .gradients import assert_gradients


RATE = 200.0


def test_spectral_distance_is_the_log_psd_mse_of_welch(getkey):
    a = jax.random.normal(getkey(), (1000, 2))
    b = jax.random.normal(getkey(), (1400, 2))  # another length is fine
    (freqs, p), (_, q) = (measure.welch(x, RATE, segment_s=1.0) for x in (a, b))
    expected = measure.log_psd_mse(p, q, freqs, freq_range=(1, 50))
    np.testing.assert_allclose(measure.spectral_distance(a, b, RATE), expected)


def test_spectral_distance_reads_the_clock_of_series(getkey):
    card, x = Signal("time node", "mV", "x"), jax.random.normal(getkey(), (600, 2))
    fast, slow = (Series(x, Clock(jnp.zeros(()), rate), card) for rate in (RATE, 100.0))
    assert measure.spectral_distance(fast, x) == 0
    with pytest.raises(ValueError, match="200 samples per second and the target 100"):
        measure.spectral_distance(fast, slow)


def test_spectral_distance_does_not_hear_phase_but_power():
    t = np.arange(4000) / RATE
    x = np.sin(2 * np.pi * 10 * t) + np.random.default_rng(0).normal(size=4000)
    delayed, loud = np.roll(x, 9), 2 * x
    assert measure.spectral_distance(delayed, x, RATE) < 1e-3
    np.testing.assert_allclose(
        measure.spectral_distance(loud, x, RATE), np.log10(4) ** 2, rtol=1e-4
    )


def test_the_gradients_are_finite_differences(x64, getkey):
    a, b = (jax.random.normal(getkey(), (400, 2), jnp.float64) for _ in range(2))
    functions = {
        "spectral": lambda a: measure.spectral_distance(a, b, RATE),
        "mean": lambda a: measure.mean_loss(a, b),
        "variance": lambda a: measure.variance_loss(a, b),
    }
    assert_gradients(functions, a, getkey(), rtol=1e-5)


def test_mean_and_variance_losses_hear_what_a_spectrum_does_not(getkey):
    x = 2 * jax.random.normal(getkey(), (5000, 1))
    assert measure.spectral_distance(x + 3, x, RATE) < 1e-6
    sd = x.std()
    np.testing.assert_allclose(measure.mean_loss(x + 3, x), (3 / sd) ** 2, rtol=1e-3)
    np.testing.assert_allclose(
        measure.variance_loss(3 * x, x), np.log(9) ** 2, rtol=1e-4
    )


@pytest.mark.parametrize("name", ["mean_loss", "variance_loss"])
def test_a_constant_target_gives_a_finite_loss_and_gradient(getkey, name):
    x = jax.random.normal(getkey(), (50, 2))
    loss = getattr(measure, name)
    value, slope = jax.value_and_grad(loss)(x, jnp.zeros((50, 2)))
    assert np.isfinite(value) and np.isfinite(slope).all()
    value, slope = jax.value_and_grad(loss)(jnp.zeros((50, 2)), x)
    assert np.isfinite(value) and np.isfinite(slope).all()


def test_matrix_losses_know_their_extremes(getkey):
    fc = measure.functional_connectivity(jax.random.normal(getkey(), (40, 6)))
    np.testing.assert_allclose(measure.fc_correlation_loss(fc, fc), 0, atol=1e-6)
    np.testing.assert_allclose(measure.fc_correlation_loss(-fc, fc), 2, atol=1e-6)
    assert measure.fc_mse(fc, fc) == 0
    rows = np.triu_indices(6, 1)
    half = np.mean((np.asarray(fc)[rows] / 2) ** 2)
    np.testing.assert_allclose(measure.fc_mse(fc / 2, fc), half, rtol=1e-5)


def test_matrix_losses_live_through_a_dead_network():
    silent, target = jnp.zeros((90, 4)), jnp.arange(16.0).reshape(4, 4) / 20

    def loss(x):
        return measure.fc_correlation_loss(measure.functional_connectivity(x), target)

    value, slope = jax.value_and_grad(loss)(silent)
    assert value == 1
    assert np.isfinite(slope).all()


def test_other_nodes_get_a_sentence(getkey, unhooked):
    x = jax.random.normal(getkey(), (300, 3))
    for loss in (measure.mean_loss, measure.variance_loss, measure.fc_mse):
        with pytest.raises(ValueError, match="same nodes"):
            loss(x, x[:, :2])
