"""Gamma-lambda-MAP: CaliBrain's numbers, and noise that is found again."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import meeg
from jaxsim.meeg.gamma_lambda_map import gamma_lambda_map as plain
from tests.contracts.estimator_examples import inverse_problem
from tests.meeg.reference import apart, problem, stored


gamma_lambda_map = eqx.filter_jit(plain)
AS_CALIBRAIN = {"max_iter": 25, "tol": 0.0, "compat": True}


def basis(sigma=0.02):
    places = jnp.asarray(stored()["A_src"], jnp.result_type(float))
    return meeg.sflex_basis(places, sigma)


@pytest.mark.parametrize("name", ("sflex", "em"))
def test_25_steps_are_those_of_calibrain(x64, name):
    gain, field, _ = problem()
    rule = {"basis": basis()} if name == "sflex" else {"update_noise": "em"}
    found, noise = gamma_lambda_map(gain, field, **rule, **AS_CALIBRAIN)
    known, at = stored(), f"A_gl_{name}_it25"
    gammas = found.gammas * found.gamma / found.gammas.mean()
    assert apart(gammas, known[f"{at}_gamma"]) < 1e-10
    assert apart(found.estimate.T, known[f"{at}_mean"]) < 1e-10
    assert apart(noise, known[f"{at}_lambdas"]) < 1e-10


def test_float32_agrees_to_3e5():
    gain, field, _ = problem()
    found, noise = gamma_lambda_map(gain, field, basis=basis(), **AS_CALIBRAIN)
    known = stored()
    assert apart(found.estimate.T, known["A_gl_sflex_it25_mean"]) < 3e-5
    assert apart(noise, known["A_gl_sflex_it25_lambdas"]) < 3e-5


@pytest.mark.parametrize("rule, equal", (("convex_bounding", False), ("em", True)))
def test_no_step_makes_the_evidence_larger(x64, rule, equal):
    gain, field, _ = problem("F3")
    rules = {"update": rule, "update_noise": rule, "equal_noise": equal}

    def after(n_iter):
        found, noise = gamma_lambda_map(
            gain, field, n_orient=3, max_iter=n_iter, tol=0.0, **rules
        )
        again = meeg.field_evidence(gain, field, found.gammas, noise)
        np.testing.assert_allclose(found.evidence, again, rtol=1e-9)
        return found.evidence

    path = np.asarray([after(n) for n in (2, 3, 30)])
    assert (np.diff(path) < 1e-9).all()


@pytest.mark.slow
def test_the_noise_that_was_added_is_found_again(x64, getkey):
    gain = problem()[0][:, np.asarray([3, 11, 17])]
    sources = 3 * jax.random.normal(getkey(), (4000, 3))
    hiss = jax.random.normal(getkey(), (4000, 8))
    true, gammas = jnp.linspace(0.1, 0.8, 8), jnp.full(3, 9.0)
    field = sources @ gain.T + hiss * jnp.sqrt(true)[None]
    found, each = gamma_lambda_map(gain, field, max_iter=2000, tol=1e-8)
    # Wilks: what is found is likelier than the truth by a chi-squared of 11 numbers
    gap = meeg.field_evidence(gain, field, gammas, true) - found.evidence
    assert 0 < 4000 * gap < 35
    np.testing.assert_allclose(each.mean(), true.mean(), rtol=0.05)
    field = sources @ gain.T + 0.6 * hiss
    _, equal = gamma_lambda_map(gain, field, max_iter=400, equal_noise=True)
    np.testing.assert_allclose(equal, 0.36, rtol=0.05)


def test_it_needs_no_noise_level_and_makes_one():
    step = js.meeg.GammaLambdaMap(tol=1e-2)
    assert step.needs == ("field", "gain")
    assert "source_positions" in js.meeg.GammaLambdaMap(sigma=0.01).needs
    known = inverse_problem()
    names = ("field", "gain")
    given = js.testing.GivenSignals(tuple(known[n] for n in names), names)
    chain = js.Pipeline(given=given, learned=step, again=js.GammaMap(tol=1e-2))
    recording = js.simulate(chain, jax.random.key(0))
    each = recording["noise_variances"]
    mean = recording["noise_variance"].values
    np.testing.assert_allclose(mean, each.values.mean(), rtol=1e-6)
    assert each.card.unit == "uV^2"
