"""Stimuli: what is shown when, at which node and at which site."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js


def shown(stimulus, n_ticks=100, n_nodes=2, dt_s=1e-3, first=0):
    return np.asarray(stimulus.drive(first, n_ticks, n_nodes, dt_s))


def run(stimulus, key, n=2, **more):
    more = {"duration_s": 0.1, "dt_s": 1e-3} | more
    return js.simulate(
        js.Network(
            model=js.Wendling(),
            connectome=js.Connectome(weights=np.zeros((n, n))),
            noise=js.NoNoise(),
            stimulus=stimulus,
            **more,
        ),
        key,
    )["activity"].values


def test_a_waveform_is_held_at_its_own_rate():
    values = np.arange(10.0)
    x = shown(js.Waveform(values, rate_hz=250.0), n_ticks=50)
    assert (x[:40, 0] == np.repeat(values, 4)).all()
    assert (x[40:] == 0).all()  # after its end
    assert (shown(js.Waveform(values), first=-5)[:5] == 0).all()  # before time zero
    assert (shown(js.Waveform(values, rate_hz=3000.0), 5)[:4, 1] == values[::3]).all()


def test_a_waveform_keeps_its_place_after_a_million_ticks():
    values = np.arange(1200.0)
    x = shown(js.Waveform(values, rate_hz=1.0), 3, dt_s=1e-3, first=1_100_999)
    assert x[:, 0].tolist() == [1100.0, 1101.0, 1101.0]


def test_a_waveform_per_node_reaches_its_node(getkey):
    values = np.zeros((50, 3))
    values[10:20, 1] = 200.0
    quiet = run(None, getkey(), n=3)
    moved = run(js.Waveform(values), getkey(), n=3) - quiet
    assert float(abs(moved[:, 1]).max()) > 0.1
    assert float(abs(moved[:, jnp.array([0, 2])]).max()) == 0.0
    assert float(abs(moved[:10]).max()) == 0.0


@pytest.mark.parametrize("site", ["pyramidal_input", "y0"])
def test_a_constant_at_a_site_is_that_term_of_the_equation(x64, getkey, site):
    lfp = run(
        js.ConstantStimulus(amplitude=7.0, site=site), getkey(), n=1, solver=js.Euler()
    )
    model, dt = js.Wendling(), 1e-3
    state, expected = model.rest(1), []
    for _ in range(5):
        slope = model.drift(state, {site: jnp.full(1, 7.0)})
        state = jax.tree.map(lambda y, k: y + dt * k, state, slope)
        expected.append(model.activity(state))
    assert np.allclose(lfp[:5], jnp.stack(expected), atol=1e-12)
    if site == "pyramidal_input":
        mean = run(None, getkey(), n=1, solver=js.Euler())
        assert not np.allclose(mean, lfp)


def test_pulses_come_at_their_times_and_carry_their_charge():
    pulses = js.PulseTrain(
        amplitude=10.0, start_s=0.0125, width_s=0.004, period_s=0.02, n_pulses=3
    )
    x = shown(pulses)[:, 0]
    assert np.allclose(x[12:17], [5.0, 10.0, 10.0, 10.0, 5.0], atol=1e-3)
    assert np.allclose(x[32:37], x[12:17], atol=1e-3)
    assert abs(x.sum() * 1e-3 - 3 * 10.0 * 0.004) < 1e-5
    endless = js.replace(pulses, {"n_pulses": None})
    assert abs(shown(endless, 1000)[:, 0].sum() * 1e-3 - 50 * 0.04) < 0.05
    narrow = js.PulseTrain(amplitude=1.0, start_s=0.0198, width_s=1e-4, period_s=0.02)
    assert abs(shown(narrow).sum() / 2 * 1e-3 - 1e-4) < 1e-8
    with pytest.raises(ValueError, match="longer than period_s"):
        js.PulseTrain(width_s=2.0, period_s=1.0)


def test_pulses_can_be_aimed_at_nodes(getkey):
    moved = run(
        js.PulseTrain(amplitude=np.array([0.0, 100.0]), start_s=0.02), getkey()
    ) - run(None, getkey())
    assert float(abs(moved[:, 0]).max()) == 0.0 < float(abs(moved[:, 1]).max())


@pytest.mark.slow
def test_stimuli_are_differentiable(x64, getkey):
    key = getkey()
    net = js.Network(
        model=js.Wendling(),
        noise=js.NoNoise(),
        stimulus=js.PulseTrain(start_s=0.0103, width_s=0.0113, amplitude=50.0),
        duration_s=0.06,
        dt_s=1e-3,
    )

    def loss(values):
        paths = ("stimulus.start_s", "stimulus.width_s", "stimulus.amplitude")
        changed = js.replace(net, dict(zip(paths, values, strict=True)))
        return jnp.mean(js.simulate(changed, key)["activity"].values ** 2)

    at = jnp.array([0.0103, 0.0113, 50.0])
    slope = jax.grad(loss)(at)
    for i, h in enumerate((1e-6, 1e-6, 1e-3)):
        step = jnp.zeros(3).at[i].set(h)
        difference = (loss(at + step) - loss(at - step)) / (2 * h)
        assert np.allclose(slope[i], difference, rtol=1e-5)
