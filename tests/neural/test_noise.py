"""Noise: its law, its size, and that nothing else changes it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.neural.noise import BLOCK, draw_ticks


def net(n=3, model=None, **more):
    more = {"duration_s": 0.08, "dt_s": 1e-3} | more
    connectome = js.Connectome(weights=np.zeros((n, n)))
    return js.Network(model=model or js.Wendling(), connectome=connectome, **more)


def activity(network, key):
    return np.asarray(js.simulate(network, key)["activity"].values)


def draws(noise, key, n_ticks=2000, n_nodes=3, dt_s=1e-4):
    return np.asarray(noise.drive(key, 0, n_ticks, n_nodes, dt_s))


def test_gaussian_noise_has_its_moments(getkey):
    x = draws(js.WhiteNoise(sigma=3.0), getkey(), 20_000)
    assert abs(x.mean()) < 0.05
    assert abs(x.std() - 3.0) < 0.05
    assert abs((x**4).mean() / x.var() ** 2 - 3.0) < 0.15
    assert abs(np.corrcoef(x.T)[np.triu_indices(3, 1)]).max() < 0.03
    assert abs(np.corrcoef(x[1:, 0], x[:-1, 0])[0, 1]) < 0.03


def test_uniform_noise_lies_between_plus_and_minus_sigma(getkey):
    x = draws(js.WhiteNoise(sigma=2.0, distribution="uniform"), getkey())
    assert -2.0 <= x.min() < -1.95 and 1.95 < x.max() <= 2.0
    assert abs(x.std() - 2.0 / np.sqrt(3)) < 0.03


def test_shared_noise_is_the_same_everywhere(getkey):
    x = draws(js.WhiteNoise(shared=True), getkey())
    assert (x[:, :1] == x).all()
    y = draws(js.WhiteNoise(shared=False), getkey())
    assert not (y[:, :1] == y).all()


def test_an_unknown_law_is_refused_with_its_choices():
    with pytest.raises(ValueError, match="'gaussian', 'uniform'"):
        js.WhiteNoise(distribution="deterministic")
    with pytest.raises(ValueError, match="site = 'soma' is no site of Wendling"):
        net(noise=js.WhiteNoise(site="soma"))


def test_intensity_scaling_follows_the_step_and_per_step_does_not(getkey):
    for dt_s in (1e-4, 1e-3):
        key = getkey()
        scaled = draws(js.WhiteNoise(sigma=2.0), key, dt_s=dt_s)
        plain = draws(js.WhiteNoise(sigma=2.0, scaling="per_step"), key, dt_s=dt_s)
        assert np.allclose(scaled, plain * np.sqrt(1e-4 / dt_s))


@pytest.mark.slow
def test_a_tick_draws_the_same_in_any_stretch(getkey):
    key = getkey()
    whole = draw_ticks(key, -3 * BLOCK, 6 * BLOCK, 2, jax.random.normal)
    for first, n_ticks in [(-150, 137), (190, 20), (7, 410)]:
        part = draw_ticks(key, first, n_ticks, 2, jax.random.normal)
        assert (part == whole[first + 3 * BLOCK :][:n_ticks]).all(), (first, n_ticks)
    for n_ticks in (50, 150, 400):  # starts are traced
        starts = jnp.arange(-2, 2, dtype=jnp.int32) * n_ticks
        stretches = jax.vmap(
            lambda s, n=n_ticks: draw_ticks(key, s, n, 2, jax.random.normal)
        )(starts)
        long = draw_ticks(key, -800, 1600, 2, jax.random.normal)
        expected = long[800 - 2 * n_ticks :][: 4 * n_ticks]
        assert (stretches.reshape(-1, 2) == expected).all(), n_ticks


def test_a_node_more_leaves_the_noise_of_the_others_alone(getkey):
    key = getkey()
    x = np.asarray(js.WhiteNoise().drive(key, 0, 400, 4, 1e-4))
    y = np.asarray(js.WhiteNoise().drive(key, 0, 400, 9, 1e-4))
    assert (x == y[:, :4]).all()
    assert (activity(net(3), key) == activity(net(5), key)[:, :3]).all()


def test_another_duration_leaves_earlier_samples_alone(getkey):
    key = getkey()
    long = activity(net(duration_s=1.3), key)
    for duration_s in (0.001, 0.35):
        short = activity(net(duration_s=duration_s), key)
        assert (short == long[: len(short)]).all(), duration_s


def test_another_monitor_sees_the_same_trajectory(getkey):
    key = getkey()
    every = activity(net(duration_s=0.63), key)
    for period_s, k in ((7e-3, 7), (0.21, 210)):
        monitor = js.Subsample(period_s=period_s)
        seen = activity(net(duration_s=0.63, monitor=monitor), key)
        assert (seen == every[k - 1 :: k]).all(), k


def test_time_zero_has_the_same_noise_whatever_the_burn_in(getkey):
    # noise alone decides: the state forgets its start within some hundred ms
    key = getkey()
    runs = [
        activity(net(burn_in_s=burn_in_s, model=js.Wendling.preset("Type1")), key)
        for burn_in_s in (1.517, 2.0)
    ]
    assert np.allclose(runs[0], runs[1], atol=1e-4)


def test_a_quiet_model_is_the_same_as_no_noise(getkey):
    loud = net(model=js.Wendling(p_sigma=0.0))
    silent = net(noise=js.NoNoise())
    assert np.allclose(activity(loud, getkey()), activity(silent, getkey()), atol=1e-6)


def test_noise_of_ones_own_replaces_that_of_the_model(getkey):
    key = getkey()
    own = activity(net(model=js.Wendling(p_sigma=30.0)), key)
    given = activity(net(noise=js.WhiteNoise(sigma=30.0)), key)
    assert np.allclose(own, given, atol=1e-5)
