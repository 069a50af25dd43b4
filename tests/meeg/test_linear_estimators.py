"""Minimum norm, dSPM, sLORETA, eLORETA and LCMV beside MNE, and their own laws."""

from functools import cache
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim import meeg
from jaxsim.meeg.block_root import inverse_root_of_blocks
from tests.meeg.reference import apart, blocks_of, problem, stored


eloreta = eqx.filter_jit(meeg.eloreta)
minimum_norm = eqx.filter_jit(meeg.minimum_norm)
lcmv_weights = eqx.filter_jit(meeg.lcmv_weights)
KINDS = (("fixed", 1), ("free", 3))


@cache
def mne():
    """Its arrays, by name; see tests/reference/README.md."""
    with np.load(Path(__file__).parents[1] / "reference" / "mne_inverse.npz") as file:
        return dict(file)


def mne_problem(name):
    """Gain, field, noise variance, and the signal to noise ratio.

    MNE counts the 17 dimensions that the average reference leaves, we count sensors.
    """
    kind, known = jnp.result_type(float), mne()
    values = known[f"{name}_gain"], known["field"], known["noise_variance"]
    arrays = tuple(jnp.asarray(value, kind) for value in values)
    return arrays, float(known["snr"]) * (17 / 18) ** 0.5


@pytest.mark.parametrize("name, n_orient", KINDS)
@pytest.mark.parametrize("method", ("MNE", "dSPM", "sLORETA"))
def test_minimum_norm_is_that_of_mne(x64, name, n_orient, method):
    arrays, snr = mne_problem(name)
    found = minimum_norm(*arrays, method=method, n_orient=n_orient, snr=snr)
    # MNE turns gains to fixed orientation in float32
    assert apart(found.estimate, mne()[f"{name}_{method}"]) < 1e-6


@pytest.mark.parametrize("name, n_orient", KINDS)
def test_eloreta_is_that_of_mne(x64, name, n_orient):
    arrays, snr = mne_problem(name)
    found = eloreta(*arrays, n_orient=n_orient, snr=snr, max_iter=200, tol=1e-12)
    assert apart(found.estimate, mne()[f"{name}_eLORETA"]) < 1e-6


@pytest.mark.parametrize("name, n_orient", KINDS)
def test_lcmv_is_that_of_mne(x64, name, n_orient):
    (gain, field, noise), _ = mne_problem(name)
    given = {"n_orient": n_orient, "reg": float(mne()["reg"])}
    weights, power = lcmv_weights(gain, field, **given)
    assert apart(field @ weights.T, mne()[f"{name}_lcmv"]) < 2e-6
    by_location = weights.reshape(12, n_orient, 18)
    unit = jnp.einsum("nkm,mnl->nkl", by_location, gain.reshape(18, 12, n_orient))
    np.testing.assert_allclose(unit, np.eye(n_orient)[None].repeat(12, 0), atol=1e-8)
    centred = field - field.mean(0, keepdims=True)
    covariance = centred.T @ centred / 39
    mean = jnp.trace(covariance) / 18
    covariance = covariance + given["reg"] * mean * jnp.eye(18)
    passed = blocks_of(weights @ covariance @ weights.T, n_orient)
    assert apart(power, passed) < 1e-9
    if n_orient == 1:
        other = {"weight_norm": "unit-noise-gain"}
        weights, _ = lcmv_weights(gain, field, **given, **other)
        np.testing.assert_allclose(jnp.linalg.norm(weights, axis=1), 1, rtol=1e-9)
        map_of_mne = mne()["fixed_lcmv_noise"]
        assert apart(field @ weights.T / jnp.sqrt(noise), map_of_mne) < 2e-6


def test_eloreta_has_the_posterior_that_calibrain_lacks(x64):
    found = eloreta(*problem(), snr=1.0, max_iter=200, tol=1e-12)
    known = stored()
    assert apart(found.estimate.T, known["A_elor_ref_mean"]) < 1e-11
    assert apart(found.gammas, known["A_elor_ref_R"]) < 1e-11
    variances = np.diag(known["A_elor_ref_cov"])
    assert apart(found.posterior_blocks[:, 0, 0], variances) < 1e-11
    norm = np.linalg.norm(found.estimate)
    np.testing.assert_allclose(norm, 4.755440009897696, rtol=1e-6)


@pytest.mark.parametrize("name, n_orient", KINDS)
def test_eloreta_finds_every_single_dipole(x64, name, n_orient, getkey):
    (gain, _, noise), _ = mne_problem(name)
    moments = jax.random.normal(getkey(), (12, n_orient))
    sources = jnp.eye(12)[:, :, None] * moments[None]
    field = sources.reshape(12, -1) @ gain.T  # sample n: location n alone
    found = eloreta(gain, field, noise, n_orient=n_orient, snr=1e4, max_iter=300)
    power = jnp.square(found.estimate).reshape(12, 12, n_orient).sum(2)
    np.testing.assert_array_equal(power.argmax(1), np.arange(12))


@pytest.mark.slow
def test_the_noise_level_sets_the_signal_to_noise_ratio(x64):
    gain, field, noise = problem()
    ratio = jnp.sqrt(jnp.square(field).mean() / noise - 1)
    for method in (minimum_norm, eloreta):
        told, implied = (
            method(gain, field, noise, snr=ratio),
            method(gain, field, noise),
        )
        assert apart(implied.estimate, told.estimate) < 1e-9
        louder = method(gain, field, 50 * noise)
        size = jnp.linalg.norm(louder.estimate)
        assert size < 0.98 * jnp.linalg.norm(implied.estimate)


@pytest.mark.parametrize("depth", (0.0, 0.8))
def test_minimum_norm_is_the_posterior_of_its_prior(x64, depth):
    gain, field, noise = problem("F3")
    found = minimum_norm(gain, field, noise, n_orient=3, snr=3.0, depth=depth)
    power = jnp.square(gain).reshape(10, 6, 3).sum((0, 2))
    shape = found.gammas.reshape(6, 3) * power[:, None] ** depth
    np.testing.assert_allclose(shape, shape[0, 0], rtol=1e-9)
    trace = jnp.trace(gain @ jnp.diag(found.gammas) @ gain.T)
    np.testing.assert_allclose(trace, 9.0 * 10 * noise, rtol=1e-9)
    whole = meeg.posterior_covariance(gain, found.gammas, noise)
    assert apart(found.posterior_blocks, blocks_of(whole, 3)) < 1e-9


def test_maps_have_no_unit_and_filters_may_have_the_fields():
    assert meeg.MinimumNorm().cards()["estimate"].unit == "nAm"
    assert meeg.MinimumNorm(method="dSPM").cards()["estimate"].unit == "1"
    assert meeg.Lcmv().cards()["estimate"].unit == "nAm"


def test_roots_of_blocks_have_derivatives_at_equal_eigenvalues(x64, getkey):
    equal = jnp.eye(3)[None] * 2.0
    root = inverse_root_of_blocks(equal)
    np.testing.assert_allclose(root, equal / 2**1.5, rtol=1e-12)
    turn = jax.random.normal(getkey(), (4, 3, 3))
    blocks = turn @ jnp.swapaxes(turn, 1, 2) + 0.3 * jnp.eye(3)[None]
    change = jax.random.normal(getkey(), (4, 3, 3))
    change = change + jnp.swapaxes(change, 1, 2)
    for at in (blocks, jnp.broadcast_to(equal, blocks.shape)):
        slope = jax.jvp(inverse_root_of_blocks, (at,), (change,))[1]
        ahead = inverse_root_of_blocks(at + 1e-6 * change)
        behind = inverse_root_of_blocks(at - 1e-6 * change)
        np.testing.assert_allclose(slope, (ahead - behind) / 2e-6, atol=1e-7)
    unseen = inverse_root_of_blocks(jnp.diag(jnp.asarray([4.0, 1.0, 0.0]))[None])
    np.testing.assert_allclose(unseen[0], np.diag([0.5, 1.0, 0.0]), atol=1e-12)


def test_nothing_to_estimate_is_a_status():
    gain, field, noise = problem()
    for empty in ((gain, 0 * field), (0 * gain, field)):
        for method in (minimum_norm, eloreta):
            found = method(*empty, noise)
            assert found.status == 5 and (found.estimate == 0).all()
