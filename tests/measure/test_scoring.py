"""Proper scores: against integrals and densities that others compute."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from jaxsim import measure

from .gradients import assert_gradients
from .posteriors import honest


def test_the_crps_is_its_integral(x64):
    x, mean, std = (
        np.asarray([0.3, -2.0, 5.0]),
        np.asarray([0.0, 1.0, 4.9]),
        [1, 0.5, 3],
    )
    std = np.asarray(std, float)
    found = measure.gaussian_crps(x, mean, std)
    for one, m, s, score in zip(x, mean, std, found, strict=True):
        below = quad(lambda y, m=m, s=s: norm.cdf(y, m, s) ** 2, -50, one)[0]
        above = quad(lambda y, m=m, s=s: norm.sf(y, m, s) ** 2, one, 50)[0]
        np.testing.assert_allclose(score, below + above, rtol=1e-7)


def test_without_variance_the_crps_is_the_absolute_error():
    x, zero = jnp.asarray([1.0, -2.0]), jnp.zeros(2)
    np.testing.assert_array_equal(measure.gaussian_crps(x, zero, zero), [1, 2])


def test_the_log_score_is_the_density(x64, getkey):
    truth, estimate, blocks = (x.astype(float) for x in honest(getkey(), 4, 5, 3))
    off = (truth - estimate).reshape(4, 5, 3)
    expected = [
        -multivariate_normal.logpdf(off[:, n], np.zeros(3), blocks[n]).mean()
        for n in range(5)
    ]
    found = measure.log_score(truth, estimate, blocks)
    np.testing.assert_allclose(found, np.mean(expected), rtol=1e-9)
    distance = measure.mahalanobis_distance(truth, estimate, blocks)
    by_hand = np.einsum("tni,nij,tnj->tn", off, np.linalg.inv(blocks), off)
    np.testing.assert_allclose(distance**2, by_hand, rtol=1e-9)


def test_the_honest_posterior_scores_best(getkey):
    truth, estimate, blocks = honest(getkey(), 100, 100, 2)
    scale = np.asarray([0.25, 0.5, 1.0, 2.0, 4.0], np.float32)
    covariances = scale[:, None, None, None] * blocks

    @functools.partial(jax.vmap, in_axes=(None, None, 0))
    def scores(*given):
        return (
            measure.crps(*given),
            measure.log_score(*given),
            measure.mean_square_z(*given),
        )

    crps, log_score, z = jax.jit(scores)(truth, estimate, covariances)
    assert np.argmin(crps) == np.argmin(log_score) == 2
    np.testing.assert_allclose(z * scale, 1, atol=0.03)


@pytest.mark.slow
def test_scores_have_gradients_in_the_covariance(x64, getkey):
    truth, estimate, blocks = honest(getkey(), 3, 4, 2)
    functions = {
        "crps": lambda b: measure.crps(truth, estimate, b),
        "log_score": lambda b: measure.log_score(truth, estimate, b),
    }
    truth, estimate = truth.astype(float), estimate.astype(float)
    assert_gradients(functions, jnp.asarray(blocks, float), getkey(), rtol=1e-5)
    # equal eigenvalues, and a block that is not quite positive
    alike = jnp.stack([jnp.eye(2)] * 3 + [jnp.diag(jnp.asarray([1.0, -1e-9]))])
    slope = jax.grad(functions["log_score"])(alike)
    assert np.isfinite(slope).all()
