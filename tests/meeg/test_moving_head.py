"""MovingHead: moving the head is moving its sources."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import jaxsim as js
from jaxsim import meeg


PLACES = meeg.on_sphere(6)
SENSORS = meeg.even_layout(12, 0.12).positions_m
TURNED = meeg.radial(SENSORS + [0.02, 0.0, 0.01])
CENTRE = np.array([0.0, 0.01, 0.005])
WAYS = meeg.tangential_basis(PLACES)
gain_of = eqx.filter_jit(lambda step, *more: step.gain(*more))


def helmet(places=PLACES, ways=WAYS, centre=CENTRE):
    return js.SphereMeg(places, SENSORS, TURNED, None, ways, centre)


def test_a_moved_head_is_one_whose_sources_are_moved(x64):
    shift, vector = np.array([0.004, -0.003, 0.002]), np.array([10.0, -5.0, 20.0])
    turn = Rotation.from_rotvec(np.deg2rad(vector)).as_matrix()
    moving = meeg.MovingHead(helmet(), shift_m=[shift], rotation_deg=[vector])
    found = gain_of(moving, jnp.asarray(shift), jnp.asarray(np.deg2rad(vector)))
    moved = helmet(
        (PLACES - CENTRE) @ turn.T + CENTRE + shift,
        np.einsum("xy,nyk->nxk", turn, WAYS),
        CENTRE + shift,
    )
    expected = np.asarray(gain_of(moved))
    np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max())


@pytest.mark.slow
def test_the_field_follows_the_head_and_the_gain_does_not(getkey):
    erp = js.ErpSources(
        n_locations=6, n_active=3, n_components=2, rate_hz=100.0, shortest_samples=40
    )
    path = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -0.02]]
    still = js.Pipeline(erp=erp, meg=helmet())
    moving = js.Pipeline(erp=erp, meg=meeg.MovingHead(helmet(), shift_m=path))
    key = getkey()
    a, b = js.simulate(still, key), js.simulate(moving, key)
    np.testing.assert_allclose(b["gain"].values, a["gain"].values, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(b["head_shift"].values[-1], [0, 0, -0.02], atol=1e-7)
    sizes = [np.linalg.norm(m["field"].values, axis=1) for m in (a, b)]
    np.testing.assert_allclose(sizes[1][:50], sizes[0][:50], rtol=1e-4, atol=1e-4)
    assert sizes[1][60:].sum() < 0.98 * sizes[0][60:].sum()  # it sank away
    assert b["field"].card.unit == "fT"


def test_a_path_of_another_shape_is_refused():
    with pytest.raises(
        ValueError, match=r"shift_m has shape \(3,\); give \(knots, 3\)"
    ):
        meeg.MovingHead(helmet(), shift_m=[0.0, 0.0, 0.1])
