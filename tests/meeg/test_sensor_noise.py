"""SensorNoise: exact ratios, the factor of CaliBrain, and the spectra it promises."""

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.meeg import signals
from jaxsim.testing import GivenSignals


FOUND = np.load(Path(__file__).parents[1] / "reference" / "calibrain_forward.npz")
drawn = eqx.filter_jit(
    lambda noise, key, n, m: noise.drawn(key, (n, m), jnp.result_type(float))
)


@pytest.fixture
def field(getkey):
    """40 samples at 4 sensors, the first half silent."""
    values = (
        jax.random.normal(getkey(), (40, 4))
        * jnp.where(jnp.arange(40) < 20, 0.0, 1.0)[:, None]
    )
    clock = js.Clock(jnp.zeros(()), 100.0)
    return js.Series(values, clock, signals.FIELD, (("sensor", tuple("abcd")),))


def noisy(field, key, **given):
    made = js.SensorNoise(**given)(field, key)
    return {
        n: np.asarray(v.values if hasattr(v, "values") else v) for n, v in made.items()
    }


def norm_ratio(made):
    return np.linalg.norm(made["noise"]) / np.linalg.norm(made["field_clean"])


def test_the_factor_is_that_of_the_reference(x64):
    clean = jnp.asarray((FOUND["A_L"] @ FOUND["A_x"]).T)
    white = np.random.RandomState(7).normal(0, 0.2, (8, 12)).T
    for alpha in (0.5, 0.8):
        step = js.SensorNoise(alpha_snr=alpha)
        eta, kept = step.level(clean, jnp.asarray(white))
        np.testing.assert_allclose(eta, FOUND[f"S_eta_a{alpha}"], rtol=1e-13)
        assert kept == 1
    # 15.794590359990163 and a quarter of it, as the page of numbers has them
    eta = js.SensorNoise().level(clean, jnp.asarray(white))[0]
    np.testing.assert_allclose(eta, 15.794590359990163, rtol=1e-13)
    np.testing.assert_allclose(eta * white.T, FOUND["S_noise"], rtol=1e-12)


@pytest.mark.parametrize("alpha", (0.1, 0.5, 0.8))
def test_the_ratio_of_norms_is_exact(alpha, field, getkey):
    made = noisy(field, getkey(), alpha_snr=alpha)
    np.testing.assert_allclose(norm_ratio(made), (1 - alpha) / alpha, rtol=1e-5)
    in_db = 20 * np.log10(alpha / (1 - alpha))
    np.testing.assert_allclose(made["snr_db"], in_db, atol=1e-4)
    np.testing.assert_allclose(made["field"], made["field_clean"] + made["noise"])


def test_decibels_say_the_same(field, getkey):
    key = getkey()
    by_db = noisy(field, key, snr_db=20 * np.log10(4))
    by_alpha = noisy(field, key, alpha_snr=0.8)
    np.testing.assert_allclose(by_db["field"], by_alpha["field"], rtol=1e-4, atol=1e-5)


def test_an_alpha_of_one_adds_nothing_and_of_zero_leaves_nothing(field, getkey):
    none, only = (noisy(field, getkey(), alpha_snr=a) for a in (1.0, 0.0))
    np.testing.assert_array_equal(none["field"], field.values)
    assert none["eta"] == 0 and (none["noise"] == 0).all()
    np.testing.assert_array_equal(only["field"], only["noise"])
    np.testing.assert_allclose(norm_ratio(only), 1, rtol=1e-6)


def test_a_silent_field_gets_no_noise_but_a_fixed_one(field, getkey):
    silent = field.times(0.0)
    made = noisy(silent, getkey(), snr_db=0.0)
    assert (made["field"] == 0).all() and np.isfinite(made["snr_db"])
    made = noisy(silent, getkey(), noise_std=3.0)
    assert 2.2 < made["noise"].std() < 3.8


def test_the_level_has_gradients_at_every_alpha(field, getkey):
    key = getkey()

    def outcome(alpha, factor):
        made = js.SensorNoise(alpha_snr=alpha)(field.times(factor), key)
        return (made["field"].values ** 2).sum()

    slope = jax.jit(jax.grad(outcome, (0, 1)))
    for alpha in (0.0, 0.5, 1.0):
        assert np.isfinite(slope(alpha, 1.0)).all()


def test_noise_has_the_covariance_asked_for(getkey):
    wanted = np.array([[2.0, 0.9, 0.0], [0.9, 1.0, -0.3], [0.0, -0.3, 0.5]])
    noise = drawn(js.SensorNoise(covariance=wanted), getkey(), 20000, 3)
    # a sample covariance of n draws: variance (S_ii S_jj + S_ij^2) / n
    sure = np.sqrt((np.outer(np.diag(wanted), np.diag(wanted)) + wanted**2) / 20000)
    assert (np.abs(np.cov(np.asarray(noise).T) - wanted) < 4 * sure).all()


def test_an_autoregression_has_its_textbook_covariance(getkey):
    """AR(2): r1 = a1 / (1 - a2), r2 = a1 r1 + a2, variance from Yule and Walker."""
    a1, a2 = 1.2, -0.5
    noise = np.asarray(drawn(js.SensorNoise(ar=[a1, a2]), getkey(), 4000, 20))
    r1 = a1 / (1 - a2)
    variance = 1 / (1 - a1 * r1 - a2 * (a1 * r1 + a2))
    np.testing.assert_allclose(noise.var(), variance, rtol=0.05)
    lagged = [
        (noise[k:] * noise[: len(noise) - k]).mean() / noise.var() for k in (1, 2)
    ]
    np.testing.assert_allclose(lagged, [r1, a1 * r1 + a2], atol=0.02)
    # it starts in its steady state
    np.testing.assert_allclose(noise[:200].var(), noise.var(), rtol=0.2)


@pytest.mark.parametrize("exponent", (0.0, 1.0, 2.0))
def test_a_power_law_falls_with_its_exponent(exponent, getkey):
    noise = np.asarray(drawn(js.SensorNoise(exponent=exponent), getkey(), 2048, 20))
    power = (np.abs(np.fft.rfft(noise, axis=0)) ** 2).mean(1)[1:-1]
    number = np.arange(1, len(power) + 1)
    slope = np.polyfit(np.log(number), np.log(power), 1)[0]
    assert abs(slope + exponent) < 0.06
    np.testing.assert_allclose((noise**2).mean(), 1, rtol=0.15)


def test_sensors_may_differ(getkey):
    noise = js.SensorNoise(sensor_scale=[1.0, 0.0, 3.0])
    spread = np.asarray(drawn(noise, getkey(), 4000, 3)).std(0)
    np.testing.assert_allclose(spread, [1, 0, 3], rtol=0.05)


def test_names_and_units_of_the_sensors_stay(field, getkey):
    card = signals.FIELD._replace(unit="fT")
    meg = js.Series(field.values, field.clock, card, field.labels)
    made = js.SensorNoise()(meg, getkey())
    for name in ("field", "field_clean", "noise"):
        assert made[name].card.unit == "fT"
        assert made[name].labels_of("sensor") == tuple("abcd")


def test_a_sweep_over_the_ratio_compiles_once_and_keeps_the_sources(field, getkey):
    given = GivenSignals((field,), ("field",))
    chain = js.Pipeline(given=given, noise=js.SensorNoise(snr_db=5.0))
    made = js.sweep(chain, js.grid({"noise.snr_db": [0.0, 10.0]}), getkey())
    np.testing.assert_allclose(made["snr_db"].values, [0, 10], atol=1e-4)


BAD = {
    "two levels": (dict(alpha_snr=0.5, snr_db=3.0), "alpha_snr and snr_db both say"),
    "alpha above one": (dict(alpha_snr=1.5), r"alpha_snr = 1.5 is outside \[0, 1\]"),
    "two spectra": (dict(ar=[0.5], exponent=1.0), "ar and exponent both give"),
    "an unstable filter": (dict(ar=[1.1]), "not stable: its largest pole .* 1.1"),
    "a flat covariance": (dict(covariance=np.ones((3, 3))), "not positive definite"),
    "no square": (dict(covariance=np.ones((3, 2))), "it is a square"),
    "one-sided": (dict(covariance=[[1.0, 0.5], [0.0, 1.0]]), "not symmetric"),
}


@pytest.mark.parametrize("case", BAD)
def test_impossible_noise_is_refused(case):
    given, sentence = BAD[case]
    with pytest.raises(ValueError, match=sentence):
        js.SensorNoise(**given)
