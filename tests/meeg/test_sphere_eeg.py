"""SphereEeg: the numbers of the exact series, its limits and its gradients."""

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.meeg.sphere_eeg import shell_factors, sphere_potentials


FOUND = np.load(Path(__file__).parents[1] / "reference" / "sphere_leadfields.npz")
potentials = jax.jit(sphere_potentials, static_argnums=4)
HEADS = ("four", "three", "homog")


gain_of = eqx.filter_jit(lambda step: step.gain())


def float_of(name):
    return jnp.asarray(FOUND[name], jnp.result_type(float))


def gain(head, n_terms=60):
    radii = float(FOUND["R"]) * float_of(f"eeg_{head}_rel")
    sigmas = float_of(f"eeg_{head}_sig")
    return potentials(float_of("dip"), float_of("elec"), radii, sigmas, n_terms)


def error(found, expected):
    return np.abs(np.asarray(found) - expected).max() / np.abs(expected).max()


def step(sources=None, **more):
    sources = FOUND["dip"] if sources is None else sources
    return js.SphereEeg(sources, FOUND["elec"], **more)


@pytest.mark.parametrize("head", HEADS)
def test_shells_weigh_the_harmonics_as_the_reference_says(head, x64):
    radii, sigmas = float_of(f"eeg_{head}_rel"), float_of(f"eeg_{head}_sig")
    found = shell_factors(radii, sigmas, 60)
    np.testing.assert_allclose(found, FOUND[f"eeg_{head}_Tn60"][1:], rtol=1e-14)
    if head == "four":
        expected = [2.43110881, 1.47370738, 0.99424179]
        np.testing.assert_allclose(found[:3], expected, atol=5e-9)


@pytest.mark.parametrize("head", HEADS)
def test_the_series_is_the_exact_one_in_float64(head, x64):
    # the reference has 200 terms (400 of a homogeneous head), in V/(A m)
    expected = 1e-3 * FOUND[f"eeg_{head}_exact"]
    assert error(gain(head, 200), expected) < 1e-13
    if head == "four":
        np.testing.assert_allclose(
            1e3 * gain(head, 200)[0, 0], [15.15031026, 0, 81.54466199], atol=1e-8
        )


def test_the_series_ends_as_early_as_its_docstring_says(x64):
    expected = 1e-3 * FOUND["eeg_four_exact"]
    assert error(gain("four", 60), expected) < 2.5e-7
    assert error(gain("four", 40), expected) < 2.5e-5
    assert error(gain("four", 20), expected) < 2.5e-3


@pytest.mark.parametrize("head", ("four", "three"))
def test_float32_is_as_good_as_its_rounding(head):
    assert error(gain(head), 1e-3 * FOUND[f"eeg_{head}_exact"]) < 1.2e-6


def test_a_homogeneous_sphere_is_the_closed_form(x64):
    """Potential of a dipole on a homogeneous sphere (Brody, Terry, Ideker 1973)."""
    radius, sigma = 0.09, 0.33
    dipole, moment = np.array([0.01, -0.02, 0.04]), np.array([0.3, 0.5, -0.8])
    electrode = radius * np.array([0.6, 0.0, 0.8])
    away = electrode - dipole
    d, unit = np.linalg.norm(away), electrode / radius
    inner = 2 * away / d**3 + (unit + away / d) / (radius * (d + unit @ away))
    expected = 1e-3 * moment @ inner / (4 * np.pi * sigma)
    found = sphere_potentials(
        jnp.asarray(dipole[None]),
        jnp.asarray(electrode[None]),
        jnp.asarray([radius]),
        jnp.asarray([sigma]),
        200,
    )
    np.testing.assert_allclose(found[0, 0] @ moment, expected, rtol=1e-10)


def test_it_agrees_with_mne_whose_spheres_are_approximate():
    """MNE fits three dipoles to the series (Berg and Scherg). Average references."""
    for head, rdm, mag in (("four", 2.55e-3, 2e-4), ("three", 6.75e-3, 5e-4)):
        ours, theirs = np.asarray(gain(head), float), 1e-3 * FOUND[f"eeg_{head}_mne"]
        ours, theirs = ours - ours.mean(0), theirs - theirs.mean(0)
        size, other = (np.linalg.norm(x, axis=(0, 2)) for x in (ours, theirs))
        apart = ours / size[:, None] - theirs / other[:, None]
        assert np.linalg.norm(apart, axis=(0, 2)).max() < rdm
        assert np.abs(size / other - 1).max() < mag


def test_equal_shells_are_one_sphere():
    shells = gain_of(step(conductivities_s_per_m=[0.33] * 4))
    one = gain_of(step(radii_m=[0.09], conductivities_s_per_m=[0.33]))
    np.testing.assert_allclose(shells, one, rtol=2e-5, atol=1e-6)


def test_a_dipole_in_the_centre_has_a_potential_and_a_gradient(x64):
    @jax.jit
    def outcome(place):
        one = sphere_potentials(
            place,
            jnp.asarray(FOUND["elec"]),
            jnp.asarray([0.081, 0.09]),
            jnp.asarray([0.33, 0.01]),
            20,
        )
        return jnp.sum(one @ jnp.arange(3.0)), one

    (_, there), slope = jax.value_and_grad(outcome, has_aux=True)(jnp.zeros((1, 3)))
    near = outcome(jnp.full((1, 3), 1e-9))[1]
    np.testing.assert_allclose(there, near, rtol=1e-6, atol=1e-8)
    moved = (
        outcome(jnp.asarray([[1e-6, 0, 0]]))[0]
        - outcome(jnp.asarray([[-1e-6, 0, 0]]))[0]
    )
    np.testing.assert_allclose(slope[0, 0], moved / 2e-6, rtol=1e-5)


def test_no_current_enters_or_leaves_so_the_mean_over_the_sphere_is_zero():
    everywhere = js.meeg.fibonacci(4000)
    all_over = gain_of(js.SphereEeg(FOUND["dip"][:4], everywhere))
    mean = np.abs(np.asarray(all_over).mean(0)).max()
    assert mean < 1e-3 * np.abs(all_over).max()


@pytest.mark.slow
def test_geometry_and_conductivities_have_gradients(x64, getkey):
    from jax.test_util import check_grads

    weights = jax.random.normal(getkey(), (4, 9))

    @jax.jit
    def outcome(sources, sensors, radii, sigmas):
        made = js.SphereEeg(
            sources, sensors, None, radii, sigmas, n_terms=10, reference="average"
        )
        return (weights * made.gain()).sum()

    values = (
        jnp.asarray(FOUND["dip"][:3]),
        jnp.asarray(FOUND["elec"][:4]),
        jnp.asarray([0.081, 0.084, 0.09]),
        jnp.asarray([0.33, 0.02, 0.4]),
    )
    check_grads(outcome, values, 1, ("rev",), rtol=1e-4, eps=1e-6)


def test_columns_are_source_major_and_orientations_are_made(getkey):
    ways = js.meeg.tangential_basis(FOUND["dip"])
    free, two = gain_of(step()), gain_of(step(orientations=ways))
    np.testing.assert_allclose(
        two[:, 2 * 5 + 1], free[:, 15:18] @ ways[5, :, 1], rtol=1e-4, atol=1e-6
    )
    erp = js.ErpSources(n_locations=12, n_active=2, n_components=2)
    chain = js.Pipeline(erp=erp, eeg=step(orientations=ways, reference="average"))
    made = js.simulate(chain, getkey())
    assert made["gain"].values.shape == (32, 24)
    assert made["orientations"].values.shape == (12, 3, 2)
    np.testing.assert_allclose(made["source_positions"].values, FOUND["dip"], rtol=1e-6)
    np.testing.assert_allclose(
        made["field"].values, made["activity"].values @ made["gain"].values.T, atol=1e-5
    )
    np.testing.assert_allclose(made["gain"].values.mean(0), 0, atol=1e-7)


BAD = {
    "a source outside": (
        dict(sources=[[0, 0, 0.085]]),
        "location 0 is 0.085 m from the centre, but the innermost shell ends at 0.081",
    ),
    "millimetres": (dict(sources=[[0, 0, 70.0]]), "positions are in metres"),
    "shells that shrink": (dict(radii_m=[0.09, 0.08, 0.085, 0.07]), "must grow"),
    "a shell too few": (dict(radii_m=[0.08, 0.09]), "give one of each per shell"),
    "long orientations": (dict(orientations=np.full((12, 3), 2.0)), "are unit vectors"),
    "too many": (dict(orientations=np.ones((3, 3))), r"give \(12, 3\)"),
    "too few names": (dict(sensors=("Cz",)), "1 names for 32 electrodes"),
}


@pytest.mark.parametrize("case", BAD)
def test_impossible_heads_are_refused(case):
    given, sentence = BAD[case]
    with pytest.raises(ValueError, match=sentence):
        step(**given)


def test_a_network_flows_into_a_sphere_by_its_moment(getkey):
    network = js.Network(
        model=js.JansenRit(),
        connectome=js.Connectome(0.1 * np.ones((3, 3)), np.zeros((3, 3))),
        duration_s=0.02,
    )
    ways = js.meeg.radial(FOUND["dip"][:3])
    eeg = js.SphereEeg(FOUND["dip"][:3], FOUND["elec"], ways, moment_nam=0.5)
    made = js.simulate(js.Pipeline(network=network, eeg=eeg), getkey())
    assert made["field"].values.shape == (200, 32) and made.ok
    expected = 0.5 * np.asarray(made["activity"].values) @ np.asarray(eeg.gain()).T
    np.testing.assert_allclose(made["field"].values, expected, rtol=1e-4, atol=1e-6)


def test_another_number_of_sources_names_both(getkey):
    erp = js.ErpSources(n_locations=12, n_active=1)
    with pytest.raises(ValueError, match="has 36 sources .* 'activity' has 12"):
        js.simulate(js.Pipeline(erp=erp, eeg=step()), getkey())
