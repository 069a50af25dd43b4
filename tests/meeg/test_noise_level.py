"""Noise levels: exact where the noise is known, near the truth where it is not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import meeg
from jaxsim.meeg.noise_evidence import scored
from jaxsim.meeg.signals import FIELD, GAIN, NOISE
from tests.contracts.estimator_examples import series
from tests.meeg.reference import problem


def level(step, *signals):
    made = step(*signals)
    return float(made["noise_variance"].values)


def test_the_oracle_knows_and_has_a_floor(getkey):
    values = 2.0 * jax.random.normal(getkey(), (50, 4))
    field = series(3.0 + 0 * values, FIELD)
    found = level(meeg.OracleNoise(), series(values, NOISE), field)
    np.testing.assert_allclose(found, np.var(values), rtol=1e-5)
    silent = level(meeg.OracleNoise(floor=1e-4), series(0 * values, NOISE), field)
    np.testing.assert_allclose(silent, 9e-4, rtol=1e-5)


def test_a_stated_level_is_what_sensor_noise_of_that_size_has(unhooked, getkey):
    process = js.Pipeline(
        sources=js.testing.GivenSignals(
            (series(jnp.zeros((2000, 8)), FIELD),), ("field",)
        ),
        noise=js.SensorNoise(noise_std=3.0),
        oracle=meeg.OracleNoise(),
        stated=meeg.StatedNoise(noise_std=3.0),
    )
    names = ("oracle.noise_variance", "stated.noise_variance")
    known, said = (
        float(js.simulate(process, getkey(), names)[name].values) for name in names
    )
    assert said == 9.0
    np.testing.assert_allclose(known, said, rtol=0.05)
    with pytest.raises(ValueError, match=r"shape \(3,\); estimators take one level"):
        meeg.StatedNoise(noise_std=[1.0, 2.0, 3.0])


def test_the_level_has_the_unit_of_the_field_squared():
    values = jnp.ones((5, 2)).at[1].set(2.0)
    field = series(values, FIELD._replace(unit="fT"))
    made = meeg.BaselineNoise(onset_s=-0.05)(field)
    assert made["noise_variance"].card.unit == "fT^2"


@pytest.mark.parametrize("onset_s, n", ((0.0, 10), (0.2, 30), (-0.051, 5)))
def test_the_baseline_is_what_comes_before_the_onset(x64, getkey, onset_s, n):
    values = jax.random.normal(getkey(), (60, 3)).at[n:].multiply(100.0)
    made = meeg.BaselineNoise(onset_s=onset_s)(series(values, FIELD))
    expected = np.var(values[:n], axis=0, ddof=1).mean()
    np.testing.assert_allclose(made["noise_variance"].values, expected, rtol=1e-9)
    assert made["status"] == 1


def test_no_baseline_is_a_status_and_the_whole_recording(x64, getkey):
    values = jax.random.normal(getkey(), (60, 3))
    made = meeg.BaselineNoise(onset_s=-0.1)(series(values, FIELD))
    assert made["status"] == 5
    expected = np.var(values, axis=0, ddof=1).mean()
    np.testing.assert_allclose(made["noise_variance"].values, expected, rtol=1e-9)


def drawn(getkey, noise=1.5, moment=0.7, n_times=400):
    """Sources all alike, and noise."""
    gain, *_ = problem()
    sources = moment * jax.random.normal(getkey(), (n_times, 20))
    field = sources @ gain.T + noise * jax.random.normal(getkey(), (n_times, 8))
    return series(field, FIELD), series(gain, GAIN)


def test_evidence_and_held_out_samples_find_the_noise(getkey):
    field, gain = drawn(getkey)
    for step in (meeg.EvidenceNoise(), meeg.TemporalCv()):
        np.testing.assert_allclose(level(step, field, gain), 1.5**2, rtol=0.2)


@pytest.mark.slow
def test_evidence_is_at_its_minimum(x64, getkey):
    field, gain = drawn(getkey)
    found = meeg.EvidenceNoise()(field, gain)
    assert found["status"] == 1
    again, learned = meeg.bayesian_minimum_norm(
        gain.values, field.values, None, tol=1e-10, max_iter=5000
    )
    np.testing.assert_allclose(found["noise_variance"].values, learned, rtol=1e-4)


def test_scoring_ends_where_the_slope_is_zero(x64):
    signal = jnp.asarray([1.0, 0.5, 0.1, 0.01])
    logs, step = scored(signal, 2.0 * signal + 0.3)  # data as the model has them
    np.testing.assert_allclose(jnp.exp(logs), [2.0, 0.3], rtol=1e-6)
    assert jnp.abs(step).max() < 1e-6


def test_held_out_sensors_see_more_noise_where_there_is_more(getkey):
    step = meeg.SpatialCv()
    found = [level(step, *drawn(getkey, noise)) for noise in (0.2, 1.0, 5.0)]
    assert found[0] < found[1] < found[2]
    np.testing.assert_allclose(found[1], 1.0, rtol=1.0)


def test_folds_must_fit(unhooked, getkey):
    field, gain = drawn(getkey, n_times=6)
    with pytest.raises(ValueError, match="n_folds = 9, but there are 8 sensors"):
        meeg.SpatialCv(n_folds=9)(field, gain)
    with pytest.raises(ValueError, match="n_folds = 4, but the field has 6 samples"):
        meeg.TemporalCv()(field, gain)
