"""Errors of source estimates."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim import measure

from .gradients import assert_gradients
from .source_check import CHECK, fixed


@pytest.mark.parametrize("mode", ["pointwise", "aggregated"])
def test_errors_and_spread_are_calibrains(x64, mode):
    a = fixed()
    mse, mae = (
        error(a.truth, a.estimate, mode=mode)
        for error in (measure.source_mse, measure.source_mae)
    )
    np.testing.assert_allclose(mse, CHECK[f"A_mse_{mode}"], rtol=1e-12)
    np.testing.assert_allclose(mae, CHECK[f"A_mae_{mode}"], rtol=1e-12)
    spread = measure.mean_posterior_std(a.covariance, mode, n_times=12)
    np.testing.assert_allclose(spread, CHECK[f"A_meanstd_{mode}"], rtol=1e-12)
    rmse, rmae = (
        error(a.truth, a.estimate, mode=mode)
        for error in (measure.source_rmse, measure.source_rmae)
    )
    np.testing.assert_allclose([rmse**2, rmae**2], [mse, mae], rtol=1e-12)


def test_free_orientations_are_compared_by_amplitude():
    truth = np.asarray([[3.0, 4.0, 0.0, 0.0, 0.0, 1.0]])  # |x| = 5 and 1
    turned = np.asarray([[0.0, 0.0, 5.0, 0.0, 3.0, 0.0]])  # |x| = 5 and 3
    found = measure.source_mse(truth, turned, n_components=3)
    np.testing.assert_allclose(found, 2.0)
    np.testing.assert_allclose(measure.source_mae(truth, turned, n_components=3), 1.0)


def test_a_truth_in_space_is_seen_through_its_basis():
    truth = np.asarray([[3.0, 4.0, 12.0]])
    basis = np.eye(3)[None, :, :2]
    estimate = np.asarray([[5.0, 0.0]])
    assert measure.source_mse(truth, estimate, basis, n_components=2) == 0


def test_the_cosine_is_blind_to_scale_and_to_nothing_else():
    a = fixed()
    x, y = a.truth.ravel(), a.estimate.ravel()
    expected = x @ y / np.linalg.norm(x) / np.linalg.norm(y)
    for scale in (1.0, 1e-12, 1e15):
        found = measure.source_cosine(a.truth, scale * a.estimate)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert measure.source_cosine(a.truth, 0 * a.estimate) == 0


def test_gradients_are_finite_differences_and_silence_has_one(x64, getkey):
    a = fixed()
    truth, silent = jnp.asarray(a.truth[:, :18]), jnp.zeros((12, 18))
    functions = {
        error.__name__: functools.partial(error, truth, n_components=3)
        for error in (measure.source_rmse, measure.source_cosine)
    }
    assert_gradients(functions, jnp.asarray(a.estimate[:, :18]), getkey(), rtol=1e-5)
    for function in functions.values():
        assert np.isfinite(jax.grad(function)(silent)).all()
