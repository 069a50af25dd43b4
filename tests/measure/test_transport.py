"""Earth mover's distance, exact and blurred."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from jaxsim import measure

from .gradients import assert_gradients
from .source_check import CHECK, fixed


def test_the_exact_distance_is_that_of_another_solver():
    a = fixed()
    found = measure.earth_mover_distance(a.truth, a.estimate, a.positions)
    assert abs(found - 0.04947419943983094) < 1e-12
    assert abs(found - CHECK["A_emd_pointwise"]) < 1e-12
    shifted = a.truth + 0.1 * (np.arange(20) == 5)
    found = measure.earth_mover_distance(
        shifted, a.estimate, a.positions, mode="aggregated"
    )
    assert abs(found - CHECK["A_emd_aggregated"]) < 1e-12


def test_on_a_line_it_is_the_distance_of_distributions(getkey):
    x, a, b = np.asarray(jax.random.uniform(getkey(), (3, 30)), float)
    at = np.stack([x, 0 * x, 0 * x], axis=1)
    found = measure.transport_cost(a, b, at)
    np.testing.assert_allclose(found, wasserstein_distance(x, x, a, b), rtol=1e-9)


def test_one_dipole_is_carried_all_the_way_and_nothing_goes_nowhere():
    at = np.asarray([[0.0, 0, 0], [0.03, 0.04, 0]])
    one, other = np.asarray([[2.0, 0.0]]), np.asarray([[0.0, 7.0]])
    for distance in (measure.earth_mover_distance, measure.sinkhorn_distance):
        np.testing.assert_allclose(distance(one, other, at), 0.05, rtol=1e-5)
        assert distance(one, 0 * one, at) == np.inf
    assert measure.earth_mover_distance(one, one, at) == 0


def test_the_blurred_distance_comes_down_to_the_exact_one(x64):
    a, exact = fixed(), CHECK["A_emd_pointwise"]
    off = [
        float(distance(a.truth, a.estimate, a.positions)) - exact
        for distance in (
            functools.partial(measure.sinkhorn_distance, epsilon_m=1e-2),
            measure.sinkhorn_distance,
            functools.partial(
                measure.sinkhorn_distance, epsilon_m=1e-4, n_updates=4000
            ),
        )
    ]
    assert 1e-3 < off[0] < 1e-2
    assert 0 < off[1] < 1e-5
    assert 0 < off[2] < 1e-7


def test_float32_blurs_alike():
    a = fixed()
    given = (np.float32(x) for x in (a.truth, a.estimate, a.positions))
    found = measure.sinkhorn_distance(*given)
    np.testing.assert_allclose(found, CHECK["A_emd_pointwise"], rtol=1e-3)


@pytest.mark.slow
def test_it_has_a_gradient_where_all_is_silent_but_one(x64, getkey):
    a = fixed()
    asked = functools.partial(
        measure.sinkhorn_distance, a.truth, positions=a.positions, epsilon_m=5e-3
    )
    estimate = jnp.asarray(a.estimate)
    assert_gradients({"distance": asked}, estimate, getkey(), rtol=1e-5)
    lonely = jnp.zeros_like(estimate).at[:, 7].set(1.0)
    assert np.isfinite(jax.grad(asked)(lonely)).all()


def test_free_orientations_count_by_their_strength():
    at = np.asarray([[0.0, 0, 0], [0.1, 0, 0]])
    truth = np.asarray([[3.0, 4.0, 0.0, 0.0, 0.0, 0.0]])  # in space
    estimate = np.asarray([[1.0, 0.0, 0.0, 1.0]])  # of two components
    found = measure.earth_mover_distance(truth, estimate, at)
    np.testing.assert_allclose(found, 0.05, rtol=1e-9)


def test_the_exact_distance_refuses_to_be_traced(unhooked):
    at = np.eye(3)
    with pytest.raises(TypeError, match="use sinkhorn_distance"):
        jax.jit(lambda x: measure.earth_mover_distance(x, x, at))(jnp.ones((2, 3)))
