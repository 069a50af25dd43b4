"""Sources that are added to an epoch: their shapes, spectra and influences."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import meeg


def epoch(n_locations=4, **more):
    given = {"tmin_s": -0.2, "tmax_s": 0.8, "rate_hz": 250.0}
    return meeg.SilentSources(n_locations=n_locations, **(given | more))


def run(key, *steps, **more):
    names = {f"step{i}": step for i, step in enumerate(steps)}
    return js.simulate(js.Pipeline(epoch=epoch(**more), **names), key)


def test_a_silent_epoch_is_half_open_and_silent(getkey):
    made = run(getkey(), n_components=3)
    assert made["activity"].values.shape == (250, 12)
    times = made["activity"].clock.times(250)
    assert abs(times[0] + 0.2) < 1e-6 and times[-1] < 0.8
    assert not made["activity"].values.any() and not made["active"].values.any()


def test_peaks_have_their_latency_width_and_amplitude(getkey):
    peak = meeg.GaussianErp(
        latency_s=0.3, width_s=0.12, amplitude_nam=-7.0, locations=(2, 0)
    )
    made = run(getkey(), peak)
    values, times = (
        np.asarray(made["activity"].values),
        made["activity"].clock.times(250),
    )
    wave = values[:, 2]
    np.testing.assert_array_equal(values[:, 0], wave)
    np.testing.assert_array_equal(made["active"].values, [True, False, True, False])
    np.testing.assert_allclose(wave.min(), -7.0, rtol=1e-5)
    assert abs(times[wave.argmin()] - 0.3) < 2e-3
    # area of a Gaussian of sd = width / 6
    np.testing.assert_allclose(
        wave.sum() / 250, -7.0 * 0.02 * np.sqrt(2 * np.pi), rtol=1e-4
    )


def test_trials_vary_and_habituate(getkey):
    peak = meeg.GaussianErp(
        latency_s=0.3,
        width_s=0.2,
        amplitude_nam=20.0,
        latency_jitter_s=0.02,
        amplitude_slope_nam=-0.05,
    )
    chain = js.Pipeline(epoch=epoch(), erp=peak)
    trials = js.grid({"erp.trial": np.arange(200.0)})
    waves = np.asarray(js.sweep(chain, trials, getkey())["activity"].values)[..., 0]
    heights, late = waves.max(1), waves.argmax(1) / 250 - 0.2
    np.testing.assert_allclose(heights, 20 - 0.05 * np.arange(200), atol=0.08)
    assert abs(late.mean() - 0.3) < 4 * 0.02 / np.sqrt(200)
    assert 0.8 < late.std() / 0.02 < 1.2


def test_steps_add_up_and_leave_each_other_alone(getkey):
    key = getkey()
    first = meeg.GaussianErp(amplitude_jitter_nam=3.0)
    second = meeg.ErspSources(locations=(1,))
    both, one = run(key, first, second), run(key, first)
    np.testing.assert_array_equal(
        both["activity"].values[:, 0], one["activity"].values[:, 0]
    )
    assert both["activity"].values[:, 1].any()
    np.testing.assert_array_equal(both["active"].values, [True, True, False, False])


@pytest.mark.parametrize("kind", ("none", "burst", "inverse_burst", "amplitude"))
def test_an_oscillation_has_its_frequency_and_envelope(kind):
    step = meeg.ErspSources(
        frequency_hz=20.0,
        amplitude_nam=3.0,
        phase_turns=0.25,
        latency_s=0.3,
        width_s=0.4,
        taper=0.5,
        lowest=0.1,
        modulation=kind,
        modulation_hz=2.0,
    )
    made = run(jax.random.key(0), step)
    times = made["activity"].clock.times(250)
    window = {
        "none": np.ones(250),
        "burst": np.where(np.abs(times - 0.3) < 0.09, 1, np.nan),
        "inverse_burst": np.where(np.abs(times - 0.3) < 0.09, 0.1, np.nan),
        "amplitude": 0.1 + 0.9 * (1 + np.sin(4 * np.pi * times)) / 2,
    }[kind]
    if "burst" in kind:
        window[np.abs(times - 0.3) > 0.21] = 0.1 if kind == "burst" else 1.0
    expected = 3.0 * window * np.cos(2 * np.pi * 20 * times)
    known = np.isfinite(expected)
    found = np.asarray(made["activity"].values)[:, 0]
    np.testing.assert_allclose(found[known], expected[known], atol=2e-4)
    assert np.abs(found).max() <= 3.0 + 1e-5


def test_a_drawn_phase_is_new_in_every_run_so_that_the_mean_vanishes(getkey):
    step = meeg.ErspSources(modulation="none", amplitude_nam=1.0)
    chain = js.Pipeline(epoch=epoch(), ersp=step)
    many = js.sweep(chain, js.grid({}), getkey(), repeats=400)
    waves = np.asarray(many["activity"].values)[..., 0].reshape(-1, 250)
    # of unit oscillations of random phase the mean has an rms of sqrt(1 / 2n)
    assert np.sqrt((waves.mean(0) ** 2).mean()) < 4 * np.sqrt(1 / 800)
    np.testing.assert_allclose((waves**2).mean(), 0.5, rtol=0.02)


COEFFICIENTS = np.array([[[0.9, 0.0], [0.4, 0.5]], [[-0.6, 0.0], [0.0, 0.1]]])


@functools.cache
def connected():
    """A long run of two sources, of which the first drives the second."""
    step = meeg.ArSources(COEFFICIENTS, innovation_nam=[1.0, 2.0], locations=(0, 2))
    made = run(jax.random.key(5), step, tmax_s=159.8, n_locations=3)
    return np.asarray(made["activity"].values, float)[:, [0, 2]]


def test_connected_sources_have_their_known_spectrum():
    """S(f) = H Sigma H*, H the inverse of 1 - sum A_l exp(-2 pi i f l)."""
    from scipy.signal import welch

    lines, found = welch(connected(), 1.0, nperseg=128, axis=0)
    turns = np.exp(-2j * np.pi * lines[:, None] * np.array([1, 2])[None])
    inverse = np.eye(2) - np.einsum("fl,lij->fij", turns, COEFFICIENTS)
    transfer = np.linalg.inv(inverse)
    cross = transfer @ np.diag([1.0, 4.0]) @ transfer.conj().swapaxes(1, 2)
    expected = 2 * np.einsum("fii->fi", cross).real
    # 625 half-overlapping segments: 6 % standard error, and 4 of these at most
    ratio = found[2:-2] / expected[2:-2]
    assert np.abs(ratio - 1).max() < 0.25 and abs(ratio.mean() - 1) < 0.02


def test_influence_runs_from_the_column_to_the_row():
    """Granger: the past of the first helps to predict the second, not vice versa."""
    x = connected()

    def gain(to, other):
        past = [x[2 - lag : len(x) - lag] for lag in (1, 2)]
        own = np.stack([p[:, to] for p in past], 1)
        both = np.concatenate([own, np.stack([p[:, other] for p in past], 1)], 1)
        left = [
            np.linalg.lstsq(rows, x[2:, to], rcond=None)[1][0] for rows in (own, both)
        ]
        return len(x) * np.log(left[0] / left[1])

    # twice the log likelihood ratio: chi-squared of 2 degrees without influence
    assert gain(1, 0) > 1000 and gain(0, 1) < 14


def test_the_background_falls_with_its_exponent_and_is_labelled(getkey):
    step = meeg.BackgroundSources(std_nam=2.0, exponent=1.0)
    made = run(getkey(), step, n_locations=50, tmax_s=3.8)
    values = np.asarray(made["background"].values)
    np.testing.assert_array_equal(values, made["activity"].values)
    power = (np.abs(np.fft.rfft(values, axis=0)) ** 2).mean(1)[1:-1]
    slope = np.polyfit(np.log(np.arange(1, len(power) + 1)), np.log(power), 1)[0]
    assert abs(slope + 1) < 0.06
    np.testing.assert_allclose((values**2).mean(), 4, rtol=0.1)
    assert not made["active"].values.any()


@pytest.mark.parametrize("profile", ("gaussian", "flat"))
def test_a_patch_keeps_the_moment_and_falls_off(profile, getkey):
    places = meeg.in_ball(0.01, 0.03)
    middle = meeg.nearest(places, (0, 0, 0))
    peak = meeg.GaussianErp(0.3, 0.2, 10.0, locations=(middle,))
    patch = meeg.Patches(places, radius_m=0.0101, profile=profile)
    made = run(getkey(), peak, patch, n_locations=len(places), n_components=2)
    values = np.asarray(made["activity"].values).reshape(250, -1, 2)
    np.testing.assert_allclose(values[..., 0].sum(1).max(), 10.0, rtol=1e-4)
    assert not values[..., 1].any()
    assert made["active"].values.sum() == 7  # the middle and its six neighbours
    weights = values[125, :, 0] / values[125, middle, 0]
    away = np.linalg.norm(places, axis=1)
    shape = np.exp(-0.5 * (away / 0.0101) ** 2)
    # to where it is spread, B_ij is divided by the sum over i of its own column j
    expected = shape if profile == "gaussian" else (away <= 0.0101)
    np.testing.assert_allclose(weights, expected, rtol=1e-4, atol=1e-6)


def test_the_width_of_a_patch_has_a_gradient(x64):
    places = jnp.asarray(meeg.in_ball(0.01, 0.02))
    card = meeg.signals.ACTIVITY
    one = jnp.zeros((1, len(places))).at[0, 0].set(1.0)
    activity = js.Series(one, js.Clock(jnp.zeros(()), 1.0), card)
    active = js.Series(one[0] > 0, None, meeg.signals.ACTIVE)

    @jax.jit
    def outcome(radius):
        made = meeg.Patches(places, radius)(activity, active)
        return (made["activity"].values ** 2).sum()

    slope = jax.grad(outcome)(0.01)
    numeric = (outcome(0.01 + 1e-6) - outcome(0.01 - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope, numeric, rtol=1e-5)


def test_impossible_sources_are_refused(getkey):
    with pytest.raises(ValueError, match="give one of each per peak"):
        meeg.GaussianErp(latency_s=0.3)
    with pytest.raises(ValueError, match="largest pole has modulus 1.1"):
        meeg.ArSources([[[1.1]]], locations=(0,))
    with pytest.raises(ValueError, match=r"2 locations need \(lags, 2, 2\)"):
        meeg.ArSources([[[0.5]]])
    with pytest.raises(ValueError, match="no sample lies in"):
        epoch(tmax_s=-0.2)
    with pytest.raises(ValueError, match="locations names 9, but there are 4"):
        run(getkey(), meeg.ErspSources(locations=(9,)))
    with pytest.raises(ValueError, match="but locations have 1 components"):
        run(getkey(), meeg.ErspSources(direction=(1.0, 0.0)))
    network = js.Network(model=js.JansenRit(), duration_s=0.01)
    with pytest.raises(ValueError, match="adds source moments in nAm, but .* in mV"):
        js.Pipeline(network=network, more=meeg.BackgroundSources())
