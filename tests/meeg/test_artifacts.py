"""Artifacts: each what it says, and all of them together the field."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import meeg
from jaxsim.meeg import signals
from jaxsim.testing import GivenSignals


RATE_HZ = 250.0


def quiet(n_seconds=60.0, n_sensors=2, level=0.0):
    values = jnp.full((int(n_seconds * RATE_HZ), n_sensors), level)
    series = js.Series(values, js.Clock(jnp.zeros(()), RATE_HZ), signals.FIELD)
    return GivenSignals((series,), ("field",))


def alone(artifact, key, **more):
    name = next(n for n in type(artifact).makes if n != "field")
    made = js.simulate(js.Pipeline(given=quiet(**more), it=artifact), key)
    return np.asarray(made[name].values)


def peaks(wave, height):
    above = wave > height
    return np.flatnonzero(above[1:] & ~above[:-1])


def test_the_field_is_the_sum_of_its_labelled_parts(getkey):
    sources, cap = meeg.on_sphere(20), meeg.even_layout(8)
    chain = js.Pipeline(
        erp=js.ErpSources(n_locations=20, n_active=2),
        eeg=js.SphereEeg(sources, cap.positions_m, meeg.radial(sources)),
        noise=js.SensorNoise(snr_db=5.0),
        blinks=meeg.Blinks(meeg.eye_pattern(cap.positions_m), rate_per_min=120.0),
        heart=meeg.Heartbeats(),
        muscles=meeg.Muscles(rate_per_min=60.0),
        line=meeg.LineNoise(),
        drift=meeg.Drift(),
        pops=meeg.ElectrodePops(rate_per_min=60.0),
        bad=meeg.BadChannels(noise_std=3.0, sensors=(4,)),
    )
    made = js.simulate(chain, getkey())
    parts = ("field_clean", "noise", "blink", "heartbeat", "muscle", "line", "drift")
    values = [np.asarray(made[n].values, float) for n in (*parts, "pop", "bad")]
    assert all(np.abs(v).max() > 0 for v in values)
    np.testing.assert_allclose(sum(values), made["field"].values, atol=2e-4)
    assert not made["blink"].card.observed and made["field"].card.observed


def test_noise_behind_an_artifact_is_refused():
    with pytest.raises(ValueError, match="stands behind line, so that an artifact"):
        js.Pipeline(given=quiet(), line=meeg.LineNoise(), noise=js.SensorNoise())


def test_blinks_come_as_often_as_said_and_look_alike(getkey):
    blinks = meeg.Blinks((1.0, -0.5), amplitude=80.0, rate_per_min=12.0)
    wave = alone(blinks, getkey(), n_seconds=1200.0)
    np.testing.assert_allclose(wave[:, 1], -0.5 * wave[:, 0], atol=1e-4)
    begun = peaks(wave[:, 0], 2.0)
    # a Poisson process: 240 blinks, sd 15.5, a few of which overlap
    assert abs(len(begun) - 240) < 4 * 15.5
    apart = [k for i, k in enumerate(begun[:-1]) if begun[i + 1] - k > 80]
    assert abs(np.median([wave[k : k + 62, 0].max() for k in apart]) - 80) < 0.1
    tails = [wave[k + 66 : k + 70, 0].max() for k in apart[1:]]
    assert np.median(tails) < 1e-3  # 250 ms are 62.5 samples


def test_eyes_are_seen_at_the_front_on_both_sides_alike():
    places = np.array([[0, 1, 0.1], [0, -1, 0.1], [0.5, 0.8, 0.1], [-0.5, 0.8, 0.1]])
    places = 0.09 * places / np.linalg.norm(places, axis=1, keepdims=True)
    seen = meeg.eye_pattern(places)
    assert np.abs(seen).max() == 1 and np.abs(seen[1]) < 0.2
    np.testing.assert_allclose(seen[2], seen[3], rtol=1e-4)


def test_hearts_beat_at_their_rate(getkey):
    wave = alone(meeg.Heartbeats(rate_bpm=72.0, amplitude=10.0), getkey())[:, 0]
    beats = peaks(wave, 6.0) / RATE_HZ
    assert abs(len(beats) - 72) <= 3
    assert 0.02 < np.diff(beats).std() / np.diff(beats).mean() < 0.08
    np.testing.assert_allclose(wave.max(), 10, rtol=0.05)


def test_muscles_are_fast_and_come_in_bursts(getkey):
    wave = alone(meeg.Muscles(low_hz=30.0), getkey())
    power = (np.abs(np.fft.rfft(wave, axis=0)) ** 2).sum(1)
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE_HZ)
    assert power[hertz < 15].sum() < 0.01 * power.sum()
    by_second = wave[:, 0].reshape(60, -1).std(1)
    assert (by_second < 0.1).any() and by_second.max() > 5


def test_the_hum_is_at_the_mains_and_its_harmonics(getkey):
    hum = meeg.LineNoise(amplitude=(5.0, 2.0, 9.0), frequency_hz=50.0)
    wave = alone(hum, getkey())[:, 0]
    size = 2 * np.abs(np.fft.rfft(wave)) / len(wave)
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE_HZ)
    found = {f: s for f, s in zip(hertz, size, strict=True) if s > 0.1}
    # 150 Hz is above half of 250 Hz
    assert set(found) == {50.0, 100.0}
    np.testing.assert_allclose([found[50.0], found[100.0]], [5, 2], rtol=1e-2)


def test_drift_grows_as_the_square_root_of_time(getkey):
    wave = alone(meeg.Drift(amplitude=2.0), getkey(), n_sensors=400)
    spread = wave.std(1)
    for second in (1, 4, 25):
        expected = 2.0 * np.sqrt(second)
        assert abs(spread[int(second * RATE_HZ)] / expected - 1) < 4 / np.sqrt(800)


def test_pops_die_away(getkey):
    pops = meeg.ElectrodePops(rate_per_min=2.0, decay_s=0.2)
    wave = alone(pops, getkey(), n_sensors=20)
    jump = np.argwhere(np.abs(np.diff(wave, axis=0)) > 20)
    assert 20 < len(jump) < 60  # of about 40, those above a quarter of their sd
    k, sensor = next((k, s) for k, s in jump if k < len(wave) - 60)
    later = wave[k + 1 + 50, sensor] / wave[k + 1, sensor]
    np.testing.assert_allclose(later, np.exp(-1), rtol=1e-3)


def test_bad_channels_lose_the_field(getkey):
    given = quiet(level=7.0, n_sensors=3)
    flat = js.Pipeline(given=given, bad=meeg.BadChannels(sensors=(1,)))
    field = np.asarray(js.simulate(flat, getkey())["field"].values)
    np.testing.assert_array_equal(field[0], [7, 0, 7])
    loud = js.replace(flat, {"bad.noise_std": 4.0})
    field = np.asarray(js.simulate(loud, getkey())["field"].values)
    assert abs(field[:, 1].std() / 4 - 1) < 0.05 and (field[:, 0] == 7).all()


@pytest.mark.slow
def test_an_average_reference_keeps_the_sum_and_loses_a_rank(getkey):
    sources, cap = meeg.on_sphere(20), meeg.even_layout(8)
    steps = {
        "erp": js.ErpSources(n_locations=20, n_active=9),
        "eeg": js.SphereEeg(sources, cap.positions_m, meeg.radial(sources)),
        "noise": js.SensorNoise(),
    }
    key = getkey()
    plain = js.simulate(js.Pipeline(**steps), key)
    made = js.simulate(js.Pipeline(**steps, average=meeg.AverageReference()), key)
    field = np.asarray(made["field"].values, float)
    np.testing.assert_allclose(field.mean(1), 0, atol=1e-5)
    parts = np.asarray(made["field_clean"].values) + np.asarray(made["noise"].values)
    np.testing.assert_allclose(field, parts, atol=1e-5)
    assert np.linalg.matrix_rank(field, tol=1e-3) == 7
    assert np.linalg.matrix_rank(np.asarray(plain["field"].values), tol=1e-3) == 8
    by_gain = np.asarray(made["activity"].values) @ np.asarray(made["gain"].values).T
    np.testing.assert_allclose(by_gain, made["field_clean"].values, atol=1e-5)


def test_patterns_for_other_sensors_are_refused(getkey):
    with pytest.raises(ValueError, match="Blinks.pattern has shape .* has 2 sensors"):
        alone(meeg.Blinks(np.ones(5)), getkey())
    with pytest.raises(ValueError, match="Muscles.patterns has shape .* has 2 sensors"):
        alone(meeg.Muscles(np.ones((1, 5))), getkey())
    with pytest.raises(ValueError, match="names 7, but the field has 2 sensors"):
        alone(meeg.BadChannels(sensors=(7,)), getkey())


def test_a_key_changes_only_its_own_artifact():
    key = jax.random.key(8)
    one = js.Pipeline(given=quiet(), drift=meeg.Drift())
    two = js.Pipeline(given=quiet(), pops=meeg.ElectrodePops(), drift=meeg.Drift())
    drifts = [js.simulate(p, key)["drift"].values for p in (one, two)]
    np.testing.assert_array_equal(*drifts)
