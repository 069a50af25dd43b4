"""Networks: clocks, monitors, burn-in, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.neural.span import plan


def net(n=2, **more):
    more = {
        "duration_s": 0.12,
        "dt_s": 1e-3,
        "model": js.Wendling.preset("Type3"),
    } | more
    weights = 0.5 * (1 - np.eye(n))
    return js.Network(connectome=js.Connectome(weights=weights), **more)


def values(network, key):
    return np.asarray(js.simulate(network, key)["activity"].values)


def test_without_a_connectome_there_is_one_node(getkey):
    recording = js.simulate(js.Network(model=js.Wendling()), getkey())
    activity = recording["activity"]
    assert activity.values.shape == (10_000, 1)
    assert activity.card.unit == "mV" and activity.card.dims == "time node"
    assert np.allclose(activity.clock.times(3), [1e-4, 2e-4, 3e-4])
    assert recording.ok


def test_samples_are_stamped_with_the_end_of_their_period(getkey):
    monitor = js.TemporalAverage(period_s=0.02)
    recording = js.simulate(net(monitor=monitor, burn_in_s=0.1), getkey())
    activity = recording["activity"]
    assert activity.values.shape == (6, 2)
    assert np.allclose(activity.clock.times(6), 0.02 * np.arange(1, 7))


@pytest.mark.slow
def test_the_temporal_average_is_the_mean_of_each_period(x64, getkey):
    key = getkey()
    every = values(net(duration_s=1.2), key)
    for ticks in (4, 30, 240, 1200):
        monitor = js.TemporalAverage(period_s=ticks * 1e-3)
        mean = values(net(duration_s=1.2, monitor=monitor), key)
        assert np.allclose(mean, every.reshape(-1, ticks, 2).mean(1), atol=1e-9)


def test_states_pass_through_the_monitor_too(x64, getkey):
    monitor = js.TemporalAverage(period_s=0.01)
    named = {"variables": ("y1", "y0"), "duration_s": 0.05}
    whole = js.simulate(net(**named), key := getkey())["states"].values
    mean = js.simulate(net(**named, monitor=monitor), key)["states"]
    assert mean.card.dims == "time variable node"
    expected = np.asarray(whole).reshape(5, 10, 2, 2).mean(1)
    assert np.allclose(mean.values, expected, atol=1e-9)


def test_a_deterministic_burn_in_is_time_not_recorded(getkey):
    for burn_in_s in (0.2, 0.35):  # whole spans, and a piece of one
        burnt = net(noise=js.NoNoise(), burn_in_s=burn_in_s, duration_s=0.1)
        whole = net(noise=js.NoNoise(), duration_s=burn_in_s + 0.1)
        expected = values(whole, getkey())[-100:]
        assert np.allclose(values(burnt, getkey()), expected, atol=2e-4)


@pytest.mark.parametrize("ticks", [1, 3, 7, 40, 66, 150, 199, 200, 211, 400, 630, 2000])
def test_spans_cover_samples_exactly(ticks):
    span = plan(ticks)
    longer = plan(ticks, blocks=5)
    assert (longer.ticks, longer.samples) == (5 * span.ticks, 5 * span.samples) or (
        longer == span and ticks > 200
    )
    assert span.ticks * span.parts == ticks * span.samples
    assert span.samples == 1 or span.parts == 1
    assert span.ticks <= max(200, ticks if span.parts == 1 else 0)


@pytest.mark.slow
def test_gradients_forward_and_reverse_agree_with_differences(x64, getkey):
    key = getkey()
    process = net(
        coupling=js.LinearCoupling(G=5.0),
        monitor=js.Subsample(period_s=2e-3),
        burn_in_s=0.05,
        duration_s=0.25,
    )
    paths = ("model.A", "coupling.G", "model.p_sigma", "connectome.weights")

    def loss(values):
        changed = js.replace(process, dict(zip(paths, values, strict=True)))
        return jnp.mean(js.simulate(changed, key)["activity"].values ** 2)

    at = [js.get(process, path) for path in paths]
    reverse = jax.grad(loss)(at)
    toward = [jnp.asarray(np.random.default_rng(i).normal(size=x.shape))
              for i, x in enumerate(at)]  # fmt: skip
    forward = jax.jvp(loss, (at,), (toward,))[1]
    along = sum(jnp.vdot(g, d) for g, d in zip(reverse, toward, strict=True))
    assert np.allclose(forward, along, rtol=1e-9)
    h = 1e-6
    value = jax.jit(loss)
    up, down = (
        value([x + s * h * d for x, d in zip(at, toward, strict=True)]) for s in (1, -1)
    )
    assert np.allclose(along, (up - down) / (2 * h), rtol=1e-5)
    assert all(float(jnp.abs(g).max()) > 0 for g in reverse)


def test_vmap_and_jit_give_what_a_loop_gives(getkey):
    key = getkey()
    process = net()

    def run(A):
        return js.simulate(js.replace(process, {"model.A": A}), key)["activity"].values

    As = jnp.array([4.0, 5.0, 6.0])
    together = jax.vmap(run)(As)
    for one, A in zip(together, As, strict=True):
        assert np.allclose(one, run(A), atol=2e-4)
    assert np.allclose(jax.jit(run)(As[0]), run(As[0]), atol=2e-4)


def test_float32_stays_float32_and_x64_is_float64(getkey):
    assert values(net(), getkey()).dtype == np.float32
    with jax.enable_x64(True):
        assert values(net(), getkey()).dtype == np.float64


@pytest.mark.slow
def test_the_dt_invariant_noise_gives_the_same_spread_at_any_step(getkey):
    spreads = []
    for dt_s, n in ((1e-3, 64), (2.5e-4, 64)):
        network = js.Network(
            model=js.Wendling.preset("Type5"),
            connectome=js.Connectome(weights=np.zeros((n, n))),
            monitor=js.Subsample(period_s=5e-3),
            dt_s=dt_s,
            burn_in_s=0.5,
            duration_s=1.5,
        )
        spreads.append(values(network, getkey()).std())
    assert abs(spreads[0] / spreads[1] - 1) < 0.03
    assert abs(spreads[0] / (0.058 * 190 / 30) - 1) < 0.05  # sd .058 mV at 30 per step


def test_what_cannot_be_is_refused_with_a_sentence():
    refused = {
        r"duration_s = 0.1234 s is 123.4 .*Take 0.123 or 0.124": {"duration_s": 0.1234},
        r"burn_in_s = 0.0005 s": {"burn_in_s": 5e-4},
        r"TemporalAverage.period_s = 0.0015 s": {
            "monitor": js.TemporalAverage(period_s=1.5e-3)
        },
        r"coupling.site = 'y_0' is no site of Wendling.*Did you mean 'y0'": {
            "coupling": js.LinearCoupling(site="y_0")
        },
        r"stimulus.site = 'p'": {"stimulus": js.ConstantStimulus(site="p")},
        r"Wendling has no 'y10'.*Did you mean": {"variables": ("y10",)},
        r"model.A has shape \(3,\)": {"model": js.Wendling(A=np.ones(3))},
        r"noise.sigma has shape \(5,\).*2 node": {
            "noise": js.WhiteNoise(sigma=np.ones(5))
        },
        r"stimulus.amplitude has shape \(5,\)": {
            "stimulus": js.ConstantStimulus(amplitude=np.ones(5))
        },
        r"stimulus.values has shape \(7, 5\)": {
            "stimulus": js.Waveform(values=np.ones((7, 5)))
        },
        r"dt_s = 0.0 ": {"dt_s": 0.0},
        r"dt_s = 0.004 s is too long for Wendling.*from 0.004 s on": {"dt_s": 4e-3},
        r"RungeKutta4 diverges from 0.0056 s on": {
            "dt_s": 6e-3,
            "solver": js.RungeKutta4(),
        },
    }
    for match, parts in refused.items():
        with pytest.raises(ValueError, match=match):
            net(**parts)


def test_a_step_just_short_enough_stays_bounded(getkey):
    bold = net(dt_s=3.9e-3, duration_s=3.9, solver=js.Euler(), noise=js.NoNoise())
    assert np.abs(values(bold, getkey())).max() < 100


def test_a_blow_up_is_a_status_and_not_an_exception(getkey, monkeypatch):
    monkeypatch.setattr(js.Euler, "reach", np.inf)  # or the step would be refused
    coarse = net(dt_s=0.02, duration_s=4.0, solver=js.Euler())
    recording = js.simulate(coarse, getkey())
    assert not recording.ok and "dt_s" in recording.result


def test_another_value_does_not_compile_anew(getkey):
    programs = js.core.simulate._simulate._cached._cache_size
    process = net()
    js.simulate(process, getkey())
    before = programs()
    js.simulate(js.replace(process, {"model.A": 4.0, "coupling.G": 2.0}), getkey())
    assert programs() == before
