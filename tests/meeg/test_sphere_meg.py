"""SphereMeg: Sarvas' formula against MNE, coils of many points, what is silent."""

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.meeg.sphere_meg import sphere_fields


FOUND = np.load(Path(__file__).parents[1] / "reference" / "sphere_leadfields.npz")


gain_of = eqx.filter_jit(lambda step: step.gain())


def fields():
    found = (jnp.asarray(FOUND[n], float) for n in ("dip", "meg_pos", "meg_nrm"))
    return jax.jit(sphere_fields)(*found)


def step(points=FOUND["meg_pos"], normals=FOUND["meg_nrm"], **more):
    return js.SphereMeg(FOUND["dip"], points, normals, **more)


def error(found, expected):
    return np.abs(np.asarray(found) - expected).max() / np.abs(expected).max()


def test_it_is_the_formula_of_sarvas_in_float64(x64):
    assert error(fields(), 1e6 * FOUND["meg_sarvas"]) < 1e-14
    assert error(fields(), 1e6 * FOUND["meg_mne"]) < 2e-15
    expected = [1.38674690e-6, 2.15992649e-6, -3.57848e-8]  # T/(A m)
    np.testing.assert_allclose(1e-6 * fields()[0, 5], expected, rtol=1e-6)


def test_float32_is_as_good_as_its_rounding():
    assert error(fields(), 1e6 * FOUND["meg_sarvas"]) < 6e-7


def test_radial_dipoles_are_silent():
    gain = gain_of(step(orientations=js.meeg.radial(FOUND["dip"])))
    assert np.abs(gain).max() < 1e-6 * np.abs(gain_of(step())).max()


def test_two_tangential_components_are_all_there_is():
    ways = js.meeg.tangential_basis(FOUND["dip"])
    free = np.asarray(gain_of(step())).reshape(32, 12, 3)
    two = np.asarray(gain_of(step(orientations=ways))).reshape(32, 12, 2)
    lifted = np.einsum("mnk,nxk->mnx", two, ways)
    assert error(lifted, free) < 2e-6


def test_a_dipole_in_the_centre_is_silent_and_has_a_gradient(x64):
    points, normals = (jnp.asarray(FOUND[n]) for n in ("meg_pos", "meg_nrm"))

    @jax.jit
    def outcome(place):
        return sphere_fields(place, points, normals)[3, 0, 1]

    place = jnp.zeros((1, 3))
    assert outcome(place) == 0
    slope = jax.grad(outcome)(place)[0, 2]
    moved = outcome(jnp.asarray([[0, 0, 1e-6]])) - outcome(jnp.asarray([[0, 0, -1e-6]]))
    np.testing.assert_allclose(slope, moved / 2e-6, rtol=1e-6)


def test_a_coil_sums_over_its_points():
    base = 0.0168
    side = np.cross(FOUND["meg_nrm"], [0.0, 0.0, 1.0])
    side *= base / 2 / np.linalg.norm(side, axis=1, keepdims=True)
    points = np.stack([FOUND["meg_pos"] + side, FOUND["meg_pos"] - side], 1)
    normals = np.stack([FOUND["meg_nrm"]] * 2, 1)
    weights = np.tile([1 / base, -1 / base], (32, 1))
    planar = gain_of(step(points, normals, coil_weights=weights))
    ends = [np.asarray(gain_of(step(points[:, i])), float) for i in (0, 1)]
    assert error(planar, (ends[0] - ends[1]) / base) < 1e-4
    mean = gain_of(step(points, normals))
    assert error(mean, (ends[0] + ends[1]) / 2) < 2e-6


def test_the_field_is_in_femtotesla(getkey):
    erp = js.ErpSources(n_locations=12, n_active=2, n_components=3)
    made = js.simulate(js.Pipeline(erp=erp, meg=step()), getkey())
    assert made["field"].card.unit == "fT" and made["gain"].card.unit == "fT/nAm"
    peak = np.abs(made["field"].values).max()
    assert 1 < peak < 1000  # of dipoles near 20 nAm


def test_geometry_has_gradients(x64, getkey):
    from jax.test_util import check_grads

    weights = jax.random.normal(getkey(), (4, 6))
    ways = js.meeg.tangential_basis(FOUND["dip"][:3])

    @jax.jit
    def outcome(sources, sensors, normals, centre):
        made = js.SphereMeg(
            sources, sensors, normals, orientations=ways, centre_m=centre
        )
        return (weights * made.gain()).sum()

    values = [jnp.asarray(FOUND[n][:k]) for n, k in (("dip", 3), ("meg_pos", 4))]
    values += [jnp.asarray(FOUND["meg_nrm"][:4]), jnp.asarray([0.001, 0.0, 0.002])]
    check_grads(outcome, tuple(values), 1, ("rev",), rtol=1e-5, eps=1e-6)


BAD = {
    "sensors in the head": (
        dict(points=0.5 * FOUND["meg_pos"]),
        "lie outside the head",
    ),
    "long normals": (dict(normals=2 * FOUND["meg_nrm"]), "are unit vectors"),
    "too few normals": (dict(normals=FOUND["meg_nrm"][:3]), "one normal per point"),
    "other weights": (dict(coil_weights=np.ones((32, 3))), "one weight per"),
}


@pytest.mark.parametrize("case", BAD)
def test_impossible_sensors_are_refused(case):
    given, sentence = BAD[case]
    with pytest.raises(ValueError, match=sentence):
        step(**given)
