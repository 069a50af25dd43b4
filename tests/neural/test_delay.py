"""Delays: when what is sent arrives, where, and how lengths and speed change it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js


def chain(n=3, lengths=None, speed=2.0, **more):
    """Node 0 drives 1 drives 2: weights[i, j] goes from j to i."""
    weights = np.zeros((n, n))
    for j in range(n - 1):
        weights[j + 1, j] = 1.0
    if lengths is not None:
        more["tract_lengths_mm"] = np.full((n, n), lengths, float)
    return js.Connectome(weights=weights, speed_m_per_s=speed, **more)


def network(connectome, **more):
    n = connectome.n_nodes
    kick = np.zeros(n)
    kick[0] = 1e5
    more = {
        "model": js.Wendling(),
        "coupling": js.LinearCoupling(G=100.0),
        "noise": js.NoNoise(),
        "stimulus": js.PulseTrain(amplitude=kick, start_s=0.004, width_s=0.003),
        "dt_s": 1e-4,
        "duration_s": 0.06,
    } | more
    return js.Network(connectome=connectome, **more)


def onsets(net, key):
    """First tick at which each node leaves the path of an unstimulated network."""
    kicked = js.simulate(net, key)["activity"].values
    quiet = js.simulate(js.replace(net, {"stimulus.amplitude": 0.0}), key)
    moved = np.asarray(abs(kicked - quiet["activity"].values) > 1e-7)
    return [int(np.argmax(moved[:, i])) for i in range(3)]


def test_a_pulse_arrives_after_length_over_speed(x64, getkey):
    at = onsets(network(chain()), getkey())  # at once: what a synapse alone takes
    for lengths, speed in ((10.0, 2.0), (20.0, 2.0), (20.0, 3.0)):
        later = onsets(network(chain(lengths=lengths, speed=speed)), getkey())
        ticks = lengths / speed * 1e-3 / 1e-4
        assert later[0] == at[0]
        assert abs((later[1] - at[1]) - ticks) <= 1
        assert abs((later[2] - at[2]) - 2 * ticks) <= 2


def one_edge(target, source, lengths=None):
    weights = np.zeros((3, 3))
    weights[target, source] = 1.0
    lengths = None if lengths is None else np.full((3, 3), lengths)
    return js.Connectome(weights=weights, tract_lengths_mm=lengths)


@pytest.mark.parametrize("lengths", [None, 5.0], ids=["instant", "delayed"])
def test_one_edge_lights_the_right_node(getkey, lengths):
    key = getkey()

    def lit(weights):
        net = js.replace(
            network(one_edge(2, 0, lengths), duration_s=0.03),
            {"connectome.weights": weights},
        )
        moved = js.simulate(net, key)["activity"].values
        still = js.replace(net, {"coupling.G": 0.0})
        return abs(moved - js.simulate(still, key)["activity"].values).max(0) > 1e-4

    graphs = jnp.stack([one_edge(i, j).weights for i in range(3) for j in range(3)])
    targets = np.repeat(np.arange(3), 3)
    assert lit(graphs[6]).tolist() == [False, False, True]  # from 0 to 2
    batched = np.asarray(jax.vmap(lit)(graphs))
    assert (batched == np.eye(3, dtype=bool)[targets]).all()


def test_delayed_coupling_equals_a_loop_written_out(x64, getkey):
    rng = np.random.default_rng(0)
    n, dt, steps = 4, 1e-3, 450
    weights, lengths = rng.random((n, n)), rng.random((n, n)) * 40
    lengths[0, 1] = 0.0
    net = js.Network(
        model=js.Wendling.preset("Type3"),
        connectome=js.Connectome(weights=weights, tract_lengths_mm=lengths),
        coupling=js.LinearCoupling(G=3.0),
        noise=js.NoNoise(),
        initial=js.GivenState(names=("y1",), values=[[1.0, 2.0, 3.0, 4.0]]),
        dt_s=dt,
        burn_in_s=0.1,
        duration_s=(steps - 100) * dt,
    )
    lfp = np.asarray(js.simulate(net, getkey())["activity"].values)

    model = net.model
    lag = lengths / 3.0 * 1e-3 / dt
    state = net.initial.state(model, n, None)
    outputs = [np.asarray(model.output(state))]
    drift = jax.jit(lambda y, u: model.drift(y, {"pyramidal_input": u}))
    found = []
    for t in range(steps):
        heard = np.zeros(n)
        for i in range(n):
            for j in range(n):
                whole = int(lag[i, j])
                part = lag[i, j] - whole
                after = outputs[max(t - whole, 0)][j]
                before = outputs[max(t - whole - 1, 0)][j]
                heard[i] += weights[i, j] * ((1 - part) * after + part * before)
        u = jnp.asarray(3.0 * heard)
        k = drift(state, u)
        ahead = jax.tree.map(lambda y, k: y + dt * k, state, k)
        m = drift(ahead, u)
        state = jax.tree.map(lambda y, k, m: y + dt / 2 * (k + m), state, k, m)
        outputs.append(np.asarray(model.output(state)))
        found.append(np.asarray(model.activity(state)))
    assert np.allclose(lfp, np.array(found)[100:], atol=1e-9)


def test_zero_lengths_are_a_coupling_frozen_over_the_tick(x64, getkey):
    key = getkey()
    frozen = network(chain(lengths=0.0), solver=js.Euler())
    instant = network(chain(), solver=js.Euler())
    a, b = (js.simulate(net, key)["activity"].values for net in (frozen, instant))
    assert np.allclose(a, b, atol=1e-12)


@pytest.mark.slow
def test_speed_and_lengths_have_gradients(x64, getkey):
    rng = np.random.default_rng(1)
    lengths = rng.uniform(5.0, 40.0, (3, 3))
    connectome = js.Connectome(weights=rng.random((3, 3)), tract_lengths_mm=lengths)
    net = js.Network(
        model=js.Wendling.preset("Type3"),
        connectome=connectome,
        coupling=js.LinearCoupling(G=20.0),
        dt_s=1e-3,
        duration_s=0.25,
        burn_in_s=0.05,
    )
    key = getkey()

    def loss(speed, lengths):
        paths = ("connectome.speed_m_per_s", "connectome.tract_lengths_mm")
        changed = js.replace(net, dict(zip(paths, (speed, lengths), strict=True)))
        return jnp.mean(js.simulate(changed, key)["activity"].values ** 2)

    at = (jnp.asarray(3.0), jnp.asarray(lengths))
    by_speed, by_lengths = jax.grad(loss, (0, 1))(*at)
    value = jax.jit(loss)
    h = 1e-6
    difference = (value(at[0] + h, at[1]) - value(at[0] - h, at[1])) / (2 * h)
    assert np.allclose(by_speed, difference, rtol=1e-6)
    direction = jnp.asarray(rng.normal(size=(3, 3)))
    up, down = (value(at[0], at[1] + s * h * direction) for s in (1, -1))
    along = float(jnp.vdot(by_lengths, direction))
    assert np.allclose(along, (up - down) / (2 * h), rtol=1e-5)
    assert abs(along) > 1e-3
    _, forward = jax.jvp(loss, at, (jnp.ones(()), direction))
    assert np.allclose(forward, by_speed + along, rtol=1e-9)


def test_a_lag_beyond_the_past_that_is_kept_gives_nan_and_not_a_wrong_delay(getkey):
    net = network(chain(lengths=20.0), duration_s=0.01)
    kept = net.connectome.max_delay_s
    assert kept == 0.015

    def run(speed):
        net_ = js.replace(net, {"connectome.speed_m_per_s": speed})
        return js.simulate(net_, jax.random.key(0))["activity"].values

    fits, too_slow = jax.vmap(run)(jnp.array([20.0 / 15.0, 1.0]))
    assert np.isfinite(fits).all() and np.isnan(too_slow).any()
    slower = js.replace(net, {"connectome.speed_m_per_s": 1.0})
    assert slower.connectome.max_delay_s >= 0.02
    assert js.simulate(slower, getkey()).ok


def test_vmap_over_delayed_networks_equals_a_loop(getkey):
    net = network(chain(lengths=7.3), duration_s=0.03)
    key = getkey()

    def run(G, speed):
        paths = {"coupling.G": G, "connectome.speed_m_per_s": speed}
        return js.simulate(js.replace(net, paths), key)["activity"].values

    Gs, speeds = jnp.array([10.0, 50.0]), jnp.array([2.0, 3.1])
    batched = jax.vmap(run)(Gs, speeds)
    for one, G, speed in zip(batched, Gs, speeds, strict=True):
        assert np.allclose(one, run(G, speed), atol=1e-5)
