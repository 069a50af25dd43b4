"""Bayesian minimum norm: the likeliest regularisation, and CaliBrain's own."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim import meeg
from tests.meeg.reference import apart, blocks_of, problem, stored


solve = eqx.filter_jit(meeg.bayesian_minimum_norm)


@pytest.mark.parametrize("normalize", (False, True))
def test_compat_is_calibrain(x64, normalize):
    found, _ = solve(*problem(), normalize=normalize, compat=True)
    known, at = stored(), f"A_bmn_norm{int(normalize)}"
    np.testing.assert_allclose(found.gamma, known[f"{at}_gamma"], rtol=1e-11)
    assert apart(found.estimate.T, known[f"{at}_mean"]) < 1e-12
    variances = np.diag(known[f"{at}_cov"])
    assert apart(found.posterior_blocks[:, 0, 0], variances) < 1e-11
    assert found.status == 4  # its rule jumps between two values


@pytest.mark.parametrize("n_orient", (2, 3))
def test_compat_is_calibrain_in_blocks(x64, n_orient):
    given = {"n_orient": n_orient, "normalize": True, "compat": True}
    found, _ = solve(*problem(f"F{n_orient}"), **given)
    known, at = stored(), f"F{n_orient}_bmn"
    assert apart(found.estimate.T, known[f"{at}_mean"]) < 1e-12
    blocks = blocks_of(known[f"{at}_cov"], n_orient)
    assert apart(found.posterior_blocks, blocks) < 1e-11


def test_compat_learns_the_noise_as_calibrain_does(x64):
    gain, field, _ = problem()
    found, noise = solve(gain, field, None, compat=True)
    known = stored()
    np.testing.assert_allclose(found.gamma, known["A_bmnj_gamma"], rtol=1e-9)
    np.testing.assert_allclose(noise, known["A_bmnj_lambda"], rtol=1e-9)
    assert apart(found.estimate.T, known["A_bmnj_mean"]) < 1e-12


def test_where_it_settles_the_evidence_has_its_minimum(x64):
    gain, field, noise = problem("F3")
    found, _ = solve(gain, field, noise, n_orient=3, tol=1e-12)
    assert found.status == 1

    @jax.jit
    def of(scale):
        return meeg.field_evidence(gain, field, scale * found.gammas, noise)

    assert of(1.0) < min(of(1.01), of(0.99))
    assert abs(of(1.0001) - of(0.9999)) < 1e-8
    wrong, _ = solve(gain, field, noise, n_orient=3, compat=True)
    assert wrong.evidence > found.evidence + 1


def test_signal_and_noise_that_were_drawn_are_found_again(getkey):
    gain, *_ = problem()
    sources = 0.7 * jax.random.normal(getkey(), (3000, 20))
    field = sources @ gain.T + 1.5 * jax.random.normal(getkey(), (3000, 8))
    found, noise = solve(gain, field, None)
    assert found.status == 1
    np.testing.assert_allclose(noise, 1.5**2, rtol=0.1)
    np.testing.assert_allclose(found.gammas, 0.7**2, rtol=0.1)
    known, _ = solve(gain, field, jnp.asarray(1.5**2))
    np.testing.assert_allclose(known.gammas, 0.7**2, rtol=0.1)


def test_noise_that_is_learned_does_not_vanish_and_is_not_asked_for():
    gain, field, _ = problem()
    square = gain[:, :8]  # fits any field without noise
    found, noise = solve(square, field, None, noise_floor=1e-6, max_iter=3000)
    assert noise >= 0.99e-6 * jnp.square(field).mean()
    assert np.isfinite(found.estimate).all()
    step = meeg.BayesianMinimumNorm(learn_noise=True)
    assert step.needs == ("field", "gain") and "noise_variance" in step.cards()
    assert "noise_variance" in meeg.BayesianMinimumNorm().needs


def test_nothing_to_estimate_is_a_status():
    gain, field, noise = problem()
    for empty in ((gain, 0 * field), (0 * gain, field)):
        for level in (noise, None):
            found, _ = solve(*empty, level)
            assert found.status == 5 and (found.estimate == 0).all()
