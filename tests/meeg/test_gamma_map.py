"""Gamma-MAP: CaliBrain's numbers, the laws that it keeps, and its gradients."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import meeg
from jaxsim.meeg.gamma_map import gamma_map as plain_gamma_map, gamma_step
from jaxsim.meeg.gaussian import evidence, root_of_covariance, scaled
from tests.contracts.estimator_examples import inverse_problem
from tests.meeg.reference import apart, blocks_of, problem, stored


RULES = ("mackay", "convex_bounding", "em")
gamma_map = eqx.filter_jit(plain_gamma_map)
as_calibrain = {"compat": True, "max_iter": 25, "tol": 0.0}


def internal(found):
    """Prior variances in the scaled units of CaliBrain."""
    return np.asarray(found.gammas * found.gamma / found.gammas.mean())


@pytest.mark.parametrize("mode", (1, 2, 3))
def test_25_steps_of_each_rule_are_those_of_calibrain(x64, mode):
    found = gamma_map(*problem(), update=RULES[mode - 1], **as_calibrain)
    known, at = stored(), f"A_gm_mode{mode}_it25"
    assert apart(internal(found), known[f"{at}_gamma"]) < 1e-11
    assert apart(found.estimate.T, known[f"{at}_mean"]) < 1e-11
    blocks = found.posterior_blocks[:, 0, 0]
    assert apart(blocks, known[f"{at}_vardiag"]) < 1e-8
    if mode == 2:
        norm = jnp.linalg.norm(found.estimate)
        np.testing.assert_allclose(norm, 15.054712405808475, rtol=1e-11)


@pytest.mark.parametrize("mode", (1, 2, 3))
def test_float32_agrees_to_3e5(mode):
    found = gamma_map(*problem(), update=RULES[mode - 1], **as_calibrain)
    known, at = stored(), f"A_gm_mode{mode}_it25"
    assert found.estimate.dtype == jnp.float32
    assert apart(internal(found), known[f"{at}_gamma"]) < 3e-5
    assert apart(found.estimate.T, known[f"{at}_mean"]) < 3e-5


@pytest.mark.parametrize("n_orient", (2, 3))
def test_components_of_a_location_share_a_variance_as_in_calibrain(x64, n_orient):
    found = gamma_map(*problem(f"F{n_orient}"), n_orient=n_orient, **as_calibrain)
    known, at = stored(), f"F{n_orient}_gm_it25"
    assert apart(internal(found), known[f"{at}_gamma"]) < 1e-11
    assert apart(found.estimate.T, known[f"{at}_mean"]) < 1e-11
    blocks = blocks_of(known[f"{at}_cov"], n_orient)
    assert apart(found.posterior_blocks, blocks) < 1e-8


@pytest.mark.parametrize("compat", (True, False))
def test_the_converged_solution_is_that_of_calibrain(x64, compat):
    found = gamma_map(*problem(), max_iter=20000, tol=1e-10, compat=compat)
    known = stored()
    active = np.flatnonzero(np.asarray(found.gammas) > 0)
    np.testing.assert_array_equal(active, known["A_gm_conv_active"])
    assert int(found.n_iter) == known["A_gm_conv_niter"] == 3728
    assert found.status == 1
    assert (found.active_size, found.effective_size) == (9, 3)
    gammas = internal(found)[[3, 11, 17]]
    np.testing.assert_allclose(gammas, [3.718452, 1.329014, 0.574164], atol=1e-6)
    # compat takes the covariance of the step before, which is another to 1e-10
    limit = 1e-11 if compat else 1e-9
    assert apart(found.estimate.T, known["A_gm_conv_mean"]) < limit
    variances = np.diag(known["A_gm_conv_cov"])
    assert apart(found.posterior_blocks[:, 0, 0], variances) < 1e-6


def test_bumps_and_their_solution_are_those_of_calibrain(x64):
    known = stored()
    places = jnp.asarray(known["A_src"])
    for name in ("sym", "row", "none"):
        basis = meeg.sflex_basis(places, 0.02, normalize=name)
        assert apart(basis, known[f"A_B_{name}"]) < 1e-14
    basis = meeg.sflex_basis(places, 0.02)
    found = gamma_map(*problem(), basis=basis, **as_calibrain)
    assert apart(internal(found), known["A_sflex_it25_gamma"]) < 1e-11
    assert apart(found.estimate.T, known["A_sflex_it25_mean"]) < 1e-11
    norm = jnp.linalg.norm(found.estimate)
    np.testing.assert_allclose(norm, 14.709980301803988, rtol=1e-11)
    # stopped early, CaliBrain's covariance has negative variances; ours are not
    variances = np.maximum(np.diag(known["A_sflex_it25_cov"]), 0)
    assert apart(found.posterior_blocks[:, 0, 0], variances) < 1e-8


def test_the_smooth_edge_has_the_slope_that_it_shows(x64):
    places = jnp.asarray(stored()["A_src"])

    def basis(sigma):
        return meeg.sflex_basis(places, sigma, edge="smooth")

    # one pair is 3 sigma apart: where the sharp edge jumps
    sigma = jnp.linalg.norm(places[0] - places[4]) / 3
    slope = jax.jacfwd(basis)(sigma)
    moved = (basis(sigma + 1e-7) - basis(sigma - 1e-7)) / 2e-7
    np.testing.assert_allclose(slope, moved, atol=1e-5)
    sharp = [meeg.sflex_basis(places, sigma * f)[0, 4] for f in (1 - 1e-9, 1 + 1e-9)]
    assert sharp[0] == 0 and sharp[1] > 1e-3


@pytest.mark.parametrize("n_orient", (1, 3))
def test_mean_and_blocks_are_those_of_the_conditional_gaussian(x64, n_orient):
    gain, field, noise = problem("A" if n_orient == 1 else "F3")
    found = gamma_map(gain, field, noise, n_orient=n_orient, max_iter=7)
    prior, gain = np.diag(found.gammas), np.asarray(gain)
    seen = prior @ gain.T
    weights = seen @ np.linalg.inv(gain @ seen + noise * np.eye(len(gain)))
    assert apart(found.estimate, np.asarray(field) @ weights.T) < 1e-9
    covariance = prior - weights @ gain @ prior
    assert apart(found.posterior_blocks, blocks_of(covariance, n_orient)) < 1e-9
    whole = meeg.posterior_covariance(jnp.asarray(gain), found.gammas, noise)
    assert apart(whole, covariance) < 1e-9


def test_the_evidence_is_the_likelihood_of_the_field(x64, getkey):
    gain, field, noise = problem()
    found = gamma_map(gain, field, noise, max_iter=7)
    covariance = gain @ jnp.diag(found.gammas) @ gain.T + noise * jnp.eye(8)
    density = jax.scipy.stats.multivariate_normal.logpdf
    each = jax.vmap(lambda y: density(y, jnp.zeros(8), covariance))(field)
    expected = -2 * each.mean() - 8 * jnp.log(2 * jnp.pi)
    np.testing.assert_allclose(found.evidence, expected, rtol=1e-9)
    again = meeg.field_evidence(gain, field, found.gammas, noise)
    np.testing.assert_allclose(again, expected, rtol=1e-9)


@pytest.mark.parametrize("name, n_orient", (("A", 1), ("F2", 2), ("F3", 3)))
@pytest.mark.parametrize("rule", RULES)
def test_no_step_makes_the_evidence_larger(x64, name, n_orient, rule):
    gain, field, noise = problem(name)
    scaled_problem = scaled(gain, field)
    level = noise / scaled_problem.field_scale**2 * jnp.ones(len(gain))
    given = scaled_problem.gain, scaled_problem.data, level

    def step(gammas, _):
        roots = root_of_covariance(scaled_problem.gain, gammas, level)
        now = evidence(scaled_problem, *roots)
        options = {"update": rule, "n_orient": n_orient, "compat": False}
        return gamma_step(gammas, given, **options), now

    found = jax.lax.scan(step, jnp.ones(gain.shape[1]), None, length=200)[1]
    assert (np.diff(found) < 1e-9).all()
    if name == "A":  # CaliBrain's, in its units, at the 200th step
        expected = dict(zip(RULES, (-61.85701, -61.85651, -61.82063), strict=True))
        units = 2 * 8 * np.log(scaled_problem.field_scale)
        np.testing.assert_allclose(found[199] - units, expected[rule], atol=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_turning_the_axes_of_a_location_turns_its_sources(x64, rule, getkey):
    gain, field, noise = problem("F3")
    turns = jnp.linalg.qr(jax.random.normal(getkey(), (6, 3, 3)))[0]
    turned = jnp.einsum("mnk,njk->mnj", gain.reshape(10, 6, 3), turns)

    def solve(gain, **more):
        rest = {"update": rule, "n_orient": 3, "max_iter": 15, "tol": 0.0} | more
        return gamma_map(gain.reshape(10, 18), field, noise, **rest)

    # the scale of the gain, from which the iteration starts, is no invariant
    ones = {"init_gamma": 1.0 / scaled(gain, field).source_scale ** 2}
    other = {
        "init_gamma": 1.0 / scaled(turned.reshape(10, 18), field).source_scale ** 2
    }
    plain, moved = solve(gain, **ones), solve(turned, **other)
    expected = jnp.einsum("njk,tnk->tnj", turns, plain.estimate.reshape(-1, 6, 3))
    assert apart(moved.estimate.reshape(-1, 6, 3), expected) < 1e-9
    blocks = jnp.einsum("nij,njk,nlk->nil", turns, plain.posterior_blocks, turns)
    assert apart(moved.posterior_blocks, blocks) < 1e-7
    np.testing.assert_allclose(moved.evidence, plain.evidence, rtol=1e-9)
    if rule == "convex_bounding":  # CaliBrain's rule depends on the axes
        plain, moved = (
            solve(gain, compat=True, **ones),
            solve(turned, compat=True, **other),
        )
        assert abs(moved.evidence - plain.evidence) > 1e-3


def test_other_units_and_another_order_change_nothing_else(x64, getkey):
    gain, field, noise = problem()
    plain = gamma_map(gain, field, noise, max_iter=30)
    louder = gamma_map(gain, 1e3 * field, 1e6 * noise, max_iter=30)
    assert apart(louder.estimate, 1e3 * plain.estimate) < 1e-9
    closer = gamma_map(1e-4 * gain, field, noise, max_iter=30)
    assert apart(closer.estimate, 1e4 * plain.estimate) < 1e-9
    assert apart(closer.gammas, 1e8 * plain.gammas) < 1e-9
    order = jax.random.permutation(getkey(), 20)
    mixed = gamma_map(gain[:, order], field, noise, max_iter=30)
    assert apart(mixed.estimate, plain.estimate[:, order]) < 1e-9
    assert apart(mixed.gammas, plain.gammas[order]) < 1e-9


def test_what_variances_learn_does_not_depend_on_how_samples_are_kept(x64, getkey):
    gain, field, noise = problem()
    plain = gamma_map(gain, field, noise, max_iter=30)
    # 12 samples in 8 sensors are compressed; turned in time they are other samples
    turn = jnp.linalg.qr(jax.random.normal(getkey(), (12, 12)))[0]
    turned = gamma_map(gain, turn @ field, noise, max_iter=30)
    assert apart(turned.gammas, plain.gammas) < 1e-9
    twice = gamma_map(gain, jnp.concatenate([field, field]), noise, max_iter=30)
    # the scaled start depends on the number of samples; where it ends does not
    few = gamma_map(gain, field[:5], noise, max_iter=30)
    assert few.estimate.shape == (5, 20) and few.status == 4
    assert twice.estimate.shape == (24, 20)


def test_a_batch_is_a_loop_and_finished_lanes_rest(x64):
    gain, field, noise = problem()
    levels = noise * jnp.asarray([1.0, 300.0, 3000.0])

    def solve(level):
        return gamma_map(gain, field, level, max_iter=400, tol=1e-3)

    batch = jax.jit(jax.vmap(solve))(levels)
    assert batch.n_iter[0] < batch.n_iter[2]
    for i, level in enumerate(levels):
        one = jax.jit(solve)(level)
        assert one.n_iter == batch.n_iter[i] and one.status == batch.status[i] == 1
        assert apart(batch.estimate[i], one.estimate) < 1e-9


def test_gradients_of_the_steps_are_those_that_were_published(x64):
    gain, field, _ = problem()
    known = stored()
    places, truth = jnp.asarray(known["A_src"]), jnp.asarray(known["A_x"]).T

    def loss(logs):
        basis = meeg.sflex_basis(places, jnp.exp(logs[1]))
        found = gamma_map(gain, field, jnp.exp(logs[0]), basis=basis, **as_calibrain)
        return jnp.square(found.estimate - truth).mean()

    at = jnp.log(jnp.asarray([0.005, 0.02]))
    slope = jax.jit(jax.grad(loss))(at)
    np.testing.assert_allclose(slope, [-0.0038111, 0.4455748], atol=1e-7)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(loss))(at), slope, rtol=1e-9)


@pytest.mark.slow
def test_gradients_stop_where_the_iteration_stopped(x64):
    gain, field, noise = problem()

    def power(level, **more):
        found = gamma_map(gain, field, level, **more)
        return jnp.square(found.estimate).mean()

    stopped = {"max_iter": 90, "tol": 3e-3}
    n_iter = int(gamma_map(gain, field, noise, **stopped).n_iter)
    assert n_iter < 60
    slope = eqx.filter_jit(jax.grad(power))(noise, **stopped)
    same = eqx.filter_jit(jax.grad(power))(noise, max_iter=n_iter, tol=0.0)
    np.testing.assert_allclose(slope, same, rtol=1e-10)


def test_the_envelope_gives_the_slope_of_the_converged_evidence(x64):
    gain, field, noise = problem()
    settled = {"max_iter": 20000, "tol": 1e-10}

    def of(log_level, **more):
        found = gamma_map(gain, field, jnp.exp(log_level), **settled, **more)
        return found.evidence

    log = jnp.log(noise)
    slope = eqx.filter_jit(jax.grad(of))(log, gradient="envelope")
    np.testing.assert_allclose(slope, 0.40660, atol=1e-5)
    gammas = gamma_map(gain, field, noise, **settled).gammas
    partial = jax.grad(meeg.field_evidence, argnums=3)(gain, field, gammas, noise)
    np.testing.assert_allclose(noise * partial, slope, rtol=1e-6)
    whole = (of(log + 1e-3) - of(log - 1e-3)) / 2e-3
    np.testing.assert_allclose(slope, whole, rtol=2e-3)


@pytest.mark.slow
def test_silent_coefficients_have_finite_gradients(x64):
    gain, field, noise = problem()
    gain = gain.at[:, 4].set(0.0)

    def loss(gain, field, noise, start):
        found = gamma_map(gain, field, noise, init_gamma=start, max_iter=5, tol=0.0)
        return jnp.square(found.estimate).sum() + found.evidence

    start = jnp.ones(20).at[7].set(0.0)
    slopes = jax.jit(jax.grad(loss, argnums=(0, 1, 2, 3)))(gain, field, noise, start)
    assert all(np.isfinite(slope).all() for slope in slopes)
    found = gamma_map(gain, field, noise, init_gamma=start)
    assert found.gammas[7] == 0 and found.gammas[4] == 0
    assert (found.estimate[:, [4, 7]] == 0).all()


def test_nothing_to_estimate_is_a_status_and_not_a_nan():
    gain, field, noise = problem()
    for empty in ((gain, 0 * field), (0 * gain, field)):
        found = gamma_map(*empty, noise)
        assert found.status == 5
        assert (found.estimate == 0).all() and np.isfinite(found.evidence)
    assert gamma_map(gain, field.at[0, 0].set(jnp.nan), noise).status == 2
    assert gamma_map(gain, field, noise, max_iter=3).status == 4


def test_a_noise_level_must_be_made_before():
    known = inverse_problem()

    def chain(step, *names):
        given = js.testing.GivenSignals(tuple(known[n] for n in names), names)
        return js.Pipeline(given=given, gamma_map=step)

    with pytest.raises(ValueError, match="'noise_variance', which no earlier step"):
        chain(js.GammaMap(), "field", "gain")
    with pytest.raises(ValueError, match="OracleNoise"):
        chain(js.GammaMap(), "field", "gain")
    names = "field", "gain", "noise_variance"
    with pytest.raises(ValueError, match="'source_positions', which no earlier step"):
        chain(js.GammaMap(sigma=0.01), *names)
    recording = js.simulate(chain(js.GammaMap(tol=1e-2), *names), jax.random.key(0))
    assert recording.ok and recording["estimate"].clock.rate_hz == 100.0
    assert recording["posterior_blocks"].values.shape == (8, 1, 1)


def test_sizes_and_units_that_do_not_fit_are_refused(unhooked):
    known = inverse_problem()
    field, gain, level = (known[n] for n in ("field", "gain", "noise_variance"))
    with pytest.raises(
        ValueError, match="n_orient = 3, but the gain has 8 columns, no"
    ):
        js.GammaMap(n_orient=3)(field, gain, level)
    with pytest.raises(ValueError, match="the field has 5 sensors, but .* 3 rows"):
        js.GammaMap()(field, gain.with_values(gain.values[:3]), level)
    cards = {"field": field.card, "gain": gain.card._replace(unit="fT/nAm")}
    with pytest.raises(ValueError, match="field in uV, but a gain in fT/nAm"):
        js.GammaMap().accept(cards, "gamma_map")
