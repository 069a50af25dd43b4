"""Places of sources and sensors, and directions of sources."""

import sys

import numpy as np
import pytest

from jaxsim import meeg


def test_points_spread_evenly_over_a_sphere():
    points = meeg.fibonacci(500)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(points.mean(0), 0, atol=2e-3)
    # isotropic: the mean of x x^T is a third of the identity
    np.testing.assert_allclose(points.T @ points / 500, np.eye(3) / 3, atol=2e-3)
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    nearest = np.sort(apart, axis=1)[:, 1]
    assert nearest.max() / nearest.min() < 2


def test_a_layout_stops_at_its_lowest_height():
    layout = meeg.even_layout(64, 0.09, lowest=0.2)
    height = layout.positions_m[:, 2] / 0.09
    assert height.min() > 0.2 and height.max() > 0.98 and len(layout.sensors) == 64
    with pytest.raises(ValueError, match="at least one point"):
        meeg.even_layout(0)


def test_a_grid_fills_its_ball():
    places = meeg.in_ball(0.005, 0.05, centre_m=(0, 0, 0.04))
    away = np.linalg.norm(places - [0, 0, 0.04], axis=1)
    assert away.max() <= 0.05 + 1e-9 and away.min() == 0
    volume = len(places) * 0.005**3
    assert abs(volume / (4 / 3 * np.pi * 0.05**3) - 1) < 0.03
    upper = meeg.in_ball(0.005, 0.05, lowest_m=0.0)
    assert upper[:, 2].min() == 0 and len(upper) < len(places)
    with pytest.raises(ValueError, match="spacing_m = 0.0 m must be above 0"):
        meeg.in_ball(0.0)


def test_directions_are_radial_and_tangential():
    places = meeg.in_ball(0.02, 0.05)[1:]
    places = places[np.linalg.norm(places, axis=1) > 0]
    normal, across = meeg.radial(places), meeg.tangential_basis(places)
    whole = np.concatenate([normal[..., None], across], -1)
    identity = np.broadcast_to(np.eye(3), whole.shape)
    np.testing.assert_allclose(np.swapaxes(whole, 1, 2) @ whole, identity, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(whole), 1, rtol=1e-9)
    with pytest.raises(ValueError, match="location 0 lies in the centre"):
        meeg.radial([[0.0, 0.0, 0.0]])


def test_what_meg_sees_best_is_tangential():
    places, sensors = meeg.on_sphere(12), meeg.even_layout(40, 0.12).positions_m
    gain = np.asarray(meeg.SphereMeg(places, sensors, meeg.radial(sensors)).gain())
    basis = meeg.visible_basis(gain)
    along = np.einsum("nxk,nx->nk", basis, meeg.radial(places))
    np.testing.assert_allclose(along, 0, atol=1e-4)
    largest = np.take_along_axis(basis, np.abs(basis).argmax(1)[:, None], 1)
    assert (largest >= 0).all()
    # nothing is lost by the reduction
    lifted = np.einsum("mnx,nxk,nyk->mny", gain.reshape(40, 12, 3), basis, basis)
    np.testing.assert_allclose(lifted.reshape(40, -1), gain, atol=1e-4)
    with pytest.raises(ValueError, match="cannot be reduced to 4 components"):
        meeg.visible_basis(gain, 4)


def test_the_singular_values_of_the_basis_come_in_order():
    gain = np.random.default_rng(1).normal(size=(9, 4, 3)) * [1.0, 5.0, 2.0]
    basis = meeg.visible_basis(gain, 3)
    sizes = np.linalg.norm(np.einsum("mnx,nxk->mnk", gain, basis), axis=0)
    expected = np.linalg.svd(np.moveaxis(gain, 1, 0), compute_uv=False)
    np.testing.assert_allclose(sizes, expected, rtol=1e-10)


def test_the_nearest_location_is_found():
    places = meeg.on_sphere(50)
    assert meeg.nearest(places, places[17] + 1e-4) == 17


def test_without_mne_a_montage_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mne", None)
    with pytest.raises(ModuleNotFoundError, match=r"montage.*jaxsim-neuro\[mne\]"):
        meeg.montage("biosemi64")


def test_a_montage_of_mne_lies_on_the_sphere():
    pytest.importorskip("mne")
    layout = meeg.montage("biosemi64", 0.09)
    np.testing.assert_allclose(np.linalg.norm(layout.positions_m, axis=1), 0.09)
    place = dict(zip(layout.sensors, layout.positions_m, strict=True))
    assert place["Cz"][2] > 0.085 and place["Fpz"][1] > 0.05
    assert place["T8"][0] > 0.05 > -0.05 > place["T7"][0]
    with pytest.raises(ValueError, match="MNE has no montage 'nowhere'"):
        meeg.montage("nowhere")
