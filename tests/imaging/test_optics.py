"""Optics and focus: blur and light of each cell, in closed form."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.imaging.focus import GivenFocus, LeastDefocus, focal_rise
from jaxsim.imaging.image import Image
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.optics import Optics, diffraction_um
from jaxsim.imaging.signals import FOOTPRINT, POSITION
from tests.imaging.light import (
    ALIVE,
    PLACES,
    canvas_of,
    cells,
    disk,
    disks,
    focal,
    image_of,
    scope,
    series,
    to_optics,
    window,
)


def seen(places, optics=None, depth_um=100.0, miniscope=None):
    """What Optics makes of cells at some places."""
    places = jnp.asarray(places, jnp.result_type(float))
    return see(places, optics or Optics(), focal(depth_um), miniscope or scope())


@eqx.filter_jit
def see(places, optics, focus, miniscope):
    footprint = series(disks(len(places)), FOOTPRINT)
    alive = series(jnp.ones(len(places)), ALIVE)
    position = series(places, POSITION)
    return optics(position, footprint, alive, focus, canvas_of(miniscope))


# --- the numbers of the published reference ---------------------------------------


@pytest.mark.parametrize(
    "na, blur, depth, collected",
    [
        (0.18, 0.6125, 21.551, 0.0324),
        (0.30, 0.3675, 7.758, 0.09),
        (0.45, 0.2450, 3.448, 0.2025),
    ],
)
def test_diffraction_depth_of_field_and_collection(na, blur, depth, collected):
    canvas = canvas_of(Miniscope(na=na))
    assert np.isclose(diffraction_um(canvas.na, canvas.emission_nm), blur, atol=5e-5)
    assert np.isclose(canvas.depth_of_field_um, depth, atol=5e-4)
    at_surface = seen(((0.0, 0.0, 0.0),), miniscope=Miniscope(na=na))["observed_gain"]
    assert np.isclose(at_surface[0], collected, rtol=1e-6)


def test_a_pixel_covers_pitch_over_magnification():
    assert canvas_of(Miniscope()).pixel_um == 0.375


@pytest.mark.parametrize("z, left", [(100.0, 0.31140), (150.0, 0.17377)])
def test_light_scatters_on_both_ways(z, left):
    gain = seen(((z, 0.0, 0.0),))["observed_gain"][0] / 0.3**2
    assert np.isclose(gain, left, atol=5e-6)


@pytest.mark.parametrize("z, left", [(100.0, 0.36788), (150.0, 0.22313)])
def test_scattering_of_the_emitted_light_alone(z, left):
    one_way = Optics(scatter_mfp_excitation_um=1e5, scatter_mfp_emission_um=100.1001)
    gain = seen(((z, 0.0, 0.0),), one_way)["observed_gain"][0] / 0.3**2
    assert np.isclose(gain, left, atol=5e-6)


@pytest.mark.parametrize("per_um, blur_um", [(0.02, 2.0), (0.05, 5.0)])
def test_scattering_blurs_in_proportion_to_depth(per_um, blur_um):
    sigma = seen(((100.0, 0.0, 0.0),), Optics(scatter_blur_per_um=per_um))["sigma_px"]
    assert np.isclose(sigma[0], np.hypot(blur_um, 0.3675), rtol=1e-5)


def test_defocus_blurs_by_na_times_distance():
    sharp = Optics(scatter_blur_per_um=0.0)
    sigma = seen(((60.0, 0.0, 0.0), (140.0, 0.0, 0.0)), sharp)["sigma_px"]
    assert np.allclose(sigma, np.hypot(0.3 * 40.0, 0.3675), rtol=1e-5)


def test_the_focal_surface_rises_off_the_axis():
    canvas = canvas_of(Miniscope(field_curvature_radius_um=2500.0))
    rise = focal_rise(jnp.asarray([[150.0, 200.0], [0.0, 0.0]]), canvas)
    assert np.allclose(rise, [12.53, 0.0], atol=0.005)
    flat = focal_rise(jnp.asarray([[150.0, 200.0]]), canvas_of(Miniscope()))
    assert flat[0] == 0.0


peak = eqx.filter_jit(Image.peak)


def test_the_centre_of_a_blurred_disk(x64):
    # 1 - exp(-r^2 / 2 sigma^2) for r 5, sigma 7.5, drawn with 10 pixels per um
    one, sigma = jnp.ones(1), jnp.asarray([75.0])
    image = Image(disk(50.0, 121)[None], jnp.zeros((1, 2)), sigma, one)
    assert np.isclose(peak(image)[0], 0.1993, atol=5e-5)


# --- where the focus lies ---------------------------------------------------------


def ca1_under_v4(radius_um, size_um, n=100_001):
    """So many cells that sampling does not matter; canvas and places."""
    miniscope = Miniscope(
        na=0.3,
        magnification=608 * 4.8 / size_um,
        pixel_pitch_um=4.8,
        n_px_height=608,
        n_px_width=608,
        field_curvature_radius_um=radius_um,
    )
    u = np.random.default_rng(0).random((n, 3)) - 0.5
    places = u * np.array([20.0, size_um, size_um]) + np.array([150.0, 0.0, 0.0])
    return places, canvas_of(miniscope)


def least_defocus(places, canvas, alive=None):
    alive = jnp.ones(len(places)) if alive is None else jnp.asarray(alive)
    given = series(places, POSITION), series(alive, ALIVE), canvas
    return focused(LeastDefocus(), *given)["focal_depth"]


focused = eqx.filter_jit(lambda step, *given: step(*given))


def in_focus(places, canvas, depth_um):
    places = jnp.asarray(places, jnp.float32)
    off = places[:, 0] + focal_rise(places[:, 1:], canvas) - depth_um
    return float(jnp.mean(jnp.abs(off) <= canvas.depth_of_field_um))


def test_focus_over_ca1_of_the_first_reference():
    places, canvas = ca1_under_v4(2100.0, 972.8)
    focus = least_defocus(places, canvas)
    assert np.isclose(focus, 186.1, atol=0.2)
    assert np.isclose(852 * in_focus(places, canvas, focus), 181.5, atol=4.0)
    assert np.isclose(852 * in_focus(places, canvas, 150.0), 91.6, atol=3.0)


def test_focus_over_ca1_of_the_second_reference():
    # published for one draw of 911 cells, hence within what 911 cells scatter
    places, canvas = ca1_under_v4(2500.0, 1006.3)
    focus = least_defocus(places, canvas)
    assert np.isclose(focus, 182.5, atol=1.5)
    assert np.isclose(in_focus(places, canvas, focus), 0.238, atol=0.028)


def test_least_defocus_is_the_median_and_ignores_empty_places():
    canvas = canvas_of(scope())
    depth = [40.0, 90.0, 10.0, 70.0, 500.0]
    places = np.stack([depth, np.zeros(5), np.zeros(5)], axis=1)
    assert least_defocus(places, canvas, [1, 1, 1, 1, 0]) == 55.0
    assert least_defocus(places, canvas, [1, 1, 1, 0, 0]) == 40.0
    assert least_defocus(places, canvas, [0, 0, 0, 0, 0]) == 0.0


# --- what defocus does ------------------------------------------------------------


@pytest.mark.parametrize("depth_um", [20.0, 45.0, 55.0])
def test_defocus_conserves_light_to_one_percent(depth_um):
    steps = to_optics(
        focus=GivenFocus(depth_um=depth_um),
        miniscope=scope(140, margin_px=0),
        cells=cells(((40.0, 3.3, -6.4),)),
    )
    image = image_of(js.Pipeline(**steps))
    light = window(image, jnp.asarray([0]), *[np.arange(140.0)[None]] * 2)
    expected = image.gain[0] * image.stamp[0].sum()
    assert np.isclose(light.sum(), expected, rtol=1e-3)  # the promise is 1 %


def test_only_cells_within_the_depth_of_field_are_in_focus():
    made = seen([(z, 0.0, 0.0) for z in (92.0, 92.5, 107.5, 108.0)])
    assert made["in_focus"].tolist() == [0.0, 1.0, 1.0, 0.0]  # 100 +- 7.758


def test_an_empty_place_gives_no_light():
    gain = image_of(js.Pipeline(**to_optics(alive=[1, 1, 0, 1]))).gain
    assert np.array_equal(np.asarray(gain) > 0, [True, True, False, True])


def test_a_footprint_on_a_grid_of_whole_steps_moves_as_it_is():
    image = image_of(js.Pipeline(**to_optics()))
    moved = Image(image.stamp, image.centre + 2.0, image.sigma, image.gain)
    rows, columns = np.arange(10.0, 30.0), np.arange(9.0, 29.0)
    one, other = (
        window(im, jnp.asarray(1), *(jnp.asarray(g + d) for g in (rows, columns)))
        for im, d in ((image, 0.0), (moved, 2.0))
    )
    assert np.allclose(one, other, atol=1e-6 * float(one.max()))


# --- gradients --------------------------------------------------------------------

ROWS, COLUMNS = np.arange(8.0, 34.0), np.arange(10.0, 38.0)


def picture(places, na, depth_um):
    """A weighted sum of all pixels of all cells, which no symmetry makes flat."""
    canvas = canvas_of(scope(na=na, field_curvature_radius_um=2500.0))
    n = len(PLACES)
    made = Optics()(
        series(places, POSITION),
        series(disks(n), FOOTPRINT),
        series(jnp.ones(n), ALIVE),
        focal(depth_um),
        canvas,
    )
    grid = (jnp.broadcast_to(jnp.asarray(g), (n, len(g))) for g in (ROWS, COLUMNS))
    light = made["image"].window(jnp.arange(n), *grid)
    weights = jax.random.normal(jax.random.key(3), light.shape)
    return 1e3 * jnp.sum(weights * light)


@pytest.mark.slow
def test_gradients_in_place_na_and_focus_equal_finite_differences(x64):
    value = jax.jit(picture)
    places, na, depth = jnp.asarray(PLACES), jnp.asarray(0.3), jnp.asarray(50.0)
    slopes = jax.jit(jax.grad(picture, (0, 1, 2)))(places, na, depth)
    by_na = value(places, na + 1e-5, depth) - value(places, na - 1e-5, depth)
    by_depth = value(places, na, depth + 1e-3) - value(places, na, depth - 1e-3)
    assert np.allclose(slopes[1:], (by_na / 2e-5, by_depth / 2e-3), rtol=1e-3)
    for cell, axis in np.ndindex(len(PLACES), 3):
        h = np.zeros((len(PLACES), 3))
        h[cell, axis] = 1e-4
        by_place = value(places + h, na, depth) - value(places - h, na, depth)
        found = slopes[0][cell, axis]
        assert np.isclose(found, by_place / 2e-4, rtol=1e-3, atol=1e-9)


def test_a_cell_in_focus_has_a_flat_and_finite_gradient_in_depth(x64):
    sharp = Optics(scatter_blur_per_um=0.0)

    def blur(z):
        return seen(jnp.stack([z, 0.0 * z, 0.0 * z])[None], sharp)["sigma_px"][0]

    assert jax.jit(jax.grad(blur))(jnp.asarray(100.0)) == 0.0
