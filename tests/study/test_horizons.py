"""Sizes that follow from values: a sweep and a fit make room before they compile."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from tests.study.counting import compiled


SPEED, COUPLING = "connectome.speed_m_per_s", "coupling.G"


@pytest.fixture
def network():
    connectome = js.Connectome(
        weights=np.array([[0.0, 1.0], [1.0, 0.0]]),
        tract_lengths_mm=np.array([[0.0, 60.0], [60.0, 0.0]]),
    )
    return js.Network(
        model=js.JansenRit(), connectome=connectome, dt_s=1e-3, duration_s=0.15
    )


@pytest.mark.slow
def test_a_sweep_reaches_slower_speeds_than_the_network_was_built_for(network, getkey):
    key = getkey()
    design = js.grid({SPEED: [0.5, 3.0, 10.0], COUPLING: [0.0, 20.0]})
    programs, runs = compiled(lambda: js.sweep(network, design, key))
    assert programs["run_lanes"] == 1
    assert js.get(runs.process, SPEED) == 3.0
    flat = runs["activity"].values.reshape(6, 150, 2)
    for run in (0, 1, 5):
        point = js.replace(network, design.point(run))
        one = js.simulate(point, jax.random.fold_in(key, run))["activity"].values
        np.testing.assert_allclose(flat[run], one, rtol=1e-4, atol=1e-4)
    assert not np.array_equal(flat[1], flat[3])


@pytest.mark.slow
def test_a_speed_slower_than_any_room_is_found_by_a_fit(network, getkey):
    key = getkey()
    truth = js.replace(network, {SPEED: 1.0, COUPLING: 30.0})
    target = js.simulate(truth, key)["activity"].values
    fitted = js.fit(
        network,
        lambda recording: jnp.mean((recording["activity"].values - target) ** 2),
        {SPEED: (0.5, 5.0), COUPLING: (0.0, 60.0)},
        key,
        n_updates=20,
    )
    np.testing.assert_allclose(js.get(fitted.best, SPEED), 1.0, rtol=0.01)
    np.testing.assert_allclose(js.get(fitted.best, COUPLING), 30.0, rtol=0.01)
