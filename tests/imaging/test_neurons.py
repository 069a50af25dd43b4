"""Cells lie where and as densely as they should, and look as published."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.imaging.dendrites import dendrites, dendrites_of_all
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.morphology import soma
from jaxsim.imaging.neurons import PlaceNeurons, cells_needed, stamp_px_needed


place = eqx.filter_jit(lambda neurons, canvas, key: neurons(canvas, key))


def canvas_of(pixel_um=1.0, size=64, margin=0):
    return Miniscope(
        magnification=1.0,
        pixel_pitch_um=pixel_um,
        n_px_height=size,
        n_px_width=size,
        margin_px=margin,
    )()["canvas"]


def dense(**more):
    """About a hundred cells in 64 x 64 x 40 um."""
    given = {"density_per_mm3": 6e5, "depth_bottom_um": 40.0, "soma_radius_um": 3.0}
    return PlaceNeurons(**({"max_cells": 128, "stamp_px": 10} | given | more))


@pytest.mark.parametrize(
    ("magnification", "n_cells"), [(3.0, 852), (2.9, 911)], ids=["PR", "minisim"]
)
def test_the_published_scopes_over_ca1_hold_the_published_number_of_cells(
    magnification, n_cells
):
    canvas = Miniscope(
        magnification=magnification,
        pixel_pitch_um=4.8,
        n_px_height=608,
        n_px_width=608,
    )()["canvas"]
    neurons = PlaceNeurons(
        density_per_mm3=45_000.0, depth_top_um=140.0, depth_bottom_um=160.0
    )
    assert round(float(neurons.n_cells(canvas))) == n_cells
    assert cells_needed(neurons, canvas) in (n_cells, n_cells + 1)


def test_the_margin_of_the_canvas_holds_cells_too(getkey):
    key = getkey()
    made = place(dense(), canvas_of(margin=16), key)
    alive = np.asarray(made["alive"])
    assert alive.sum() == min(128, round(6e5 * 0.096**2 * 0.04))
    assert int(made["status"]) == 5  # 221 cells are wanted
    made = place(dense(max_cells=256), canvas_of(margin=16), key)
    assert int(made["status"]) == 1
    assert float(jnp.abs(made["position"][:, 1:]).max()) > 32.0


def test_centres_are_uniform_in_the_slab(getkey):
    neurons = dense(density_per_mm3=1e6, depth_top_um=10.0, max_cells=2000)
    canvas = canvas_of(size=128)
    made = place(neurons, canvas, getkey())
    there = np.asarray(made["alive"]) > 0
    position = np.asarray(made["position"])[there]
    low, high = [10.0, -64.0, -64.0], [40.0, 64.0, 64.0]
    assert (position >= low).all() and (position <= high).all()
    # mean and variance of a uniform law, within 4 standard errors
    unit = (position - low) / np.subtract(high, low)
    n = len(unit)
    assert np.abs(unit.mean(0) - 0.5).max() < 4 * np.sqrt(1 / 12 / n)
    assert np.abs(unit.var(0) - 1 / 12).max() < 4 * np.sqrt(1 / 180 / n)


def test_one_cell_more_leaves_the_others_alone(getkey):
    key, canvas = getkey(), canvas_of()
    few = place(dense(density_per_mm3=3e5), canvas, key)
    more = place(dense(density_per_mm3=3.1e5, max_cells=140), canvas, key)
    assert more["alive"].sum() > few["alive"].sum()
    for name in ("position", "footprint"):
        np.testing.assert_array_equal(few[name], more[name][:128])


def test_cells_keep_their_distance(getkey):
    key, canvas = getkey(), canvas_of()
    apart = place(dense(min_distance_um=8.0), canvas, key)
    there = np.asarray(apart["alive"]) > 0
    centres = np.asarray(apart["position"])[there]
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    assert gaps[np.triu_indices(len(gaps), 1)].min() >= 8.0
    assert there.sum() == round(6e5 * 0.064**2 * 0.04)
    # the first cell is never thrown again
    free = place(dense(), canvas, key)
    np.testing.assert_array_equal(apart["position"][0], free["position"][0])


def test_a_vanishing_distance_drops_nothing(getkey):
    key, canvas = getkey(), canvas_of()
    tiny, none = (place(dense(min_distance_um=d), canvas, key) for d in (1e-6, 0.0))
    there = np.asarray(none["alive"]) > 0
    np.testing.assert_array_equal(
        np.asarray(tiny["position"])[there], np.asarray(none["position"])[there]
    )


def test_saturated_tissue_holds_fewer_cells_than_asked_for(getkey):
    made = place(dense(min_distance_um=40.0), canvas_of(), getkey())
    assert 1 <= int(made["alive"].sum()) < 20


@pytest.mark.slow
def test_given_positions_are_taken_as_they_are_with_gradients(getkey):
    positions = np.array([[10.0, 1.5, -2.5], [20.0, -3.0, 4.0]])
    neurons = PlaceNeurons(positions_um=positions, stamp_px=20)
    canvas, key = canvas_of(), getkey()
    made = neurons(canvas, key)
    np.testing.assert_allclose(made["position"], positions)
    np.testing.assert_array_equal(made["alive"], [1.0, 1.0])

    def depth(neurons):
        return neurons(canvas, key)["position"][:, 0].sum()

    slope = eqx.filter_grad(depth)(neurons).positions_um
    np.testing.assert_array_equal(slope, [[1.0, 0.0, 0.0]] * 2)


def test_positions_without_three_columns_are_refused(unhooked):
    with pytest.raises(ValueError, match=r"shape \(2, 2\); give \(cell, 3\)"):
        PlaceNeurons(positions_um=np.zeros((2, 2)))
    with pytest.raises(ValueError, match="depth grows downwards"):
        PlaceNeurons(depth_top_um=50.0, depth_bottom_um=10.0)


def areas(irregularity, radius_px=8.0, n=2000):
    keys = jax.random.split(jax.random.key(5), n)
    radius, irregularity = jnp.float32(radius_px), jnp.float32(irregularity)
    stamps = jax.vmap(lambda k: soma(k, 36, radius, irregularity))(keys)
    return np.asarray(stamps.sum((1, 2))) / (np.pi * radius_px**2)


def test_a_disk_has_the_area_of_a_disk():
    # published for masks: 1.000 +- 0.011; a soft edge comes closer
    np.testing.assert_allclose(areas(0.0, n=2), 1.0, atol=2e-3)
    np.testing.assert_allclose(areas(0.0, 2.7, n=2), 1.0, atol=1e-2)


def test_irregular_outlines_have_the_published_areas():
    found = areas(0.3)
    # 1.017 +- 0.114, within 3 standard errors of 2000 cells
    assert abs(found.mean() - 1.017) < 3 * 0.114 / np.sqrt(2000)
    assert abs(found.std() - 0.114) < 3 * 0.114 / np.sqrt(2 * 2000)


@pytest.mark.slow
def test_a_cell_looks_the_same_through_other_pixels(getkey):
    key = getkey()
    shape = {"soma_radius_um": 5.0, "morphology": "cytosolic", "max_cells": 8}
    coarse, fine = canvas_of(2.0), canvas_of(0.5)
    stamps = []
    for canvas in (coarse, fine):
        neurons = PlaceNeurons(**shape)
        size = stamp_px_needed(neurons, float(canvas.pixel_um))
        stamps.append(place(js.replace(neurons, {"stamp_px": size}), canvas, key))
    sums = [
        np.asarray(made["footprint"].sum((1, 2))) * p**2
        for made, p in zip(stamps, (2.0, 0.5), strict=True)
    ]
    # thin processes are cut into pixels four times their size
    np.testing.assert_allclose(sums[0], sums[1], rtol=0.05)


def test_a_stamp_too_small_for_its_cell_makes_the_run_degenerate(getkey):
    neurons, canvas = dense(soma_radius_um=3.0), canvas_of()
    assert int(place(neurons, canvas, getkey())["status"]) == 1
    wide = js.replace(neurons, {"soma_radius_um": 5.0})
    assert int(place(wide, canvas, getkey())["status"]) == 5
    fits = js.replace(wide, {"stamp_px": stamp_px_needed(wide, 1.0)})
    made = place(fits, canvas, getkey())
    assert int(made["status"]) == 1
    rim = jnp.concatenate([made["footprint"][:, 0], made["footprint"][:, :, 0]])
    assert float(rim.max()) == 0.0


@pytest.mark.slow
def test_dendrites_are_dimmer_than_the_soma_and_fade_outwards(getkey):
    size, um = 80, jnp.float32
    keys = jax.random.split(getkey(), 64)
    stamps = jax.vmap(
        lambda k: dendrites(k, size, um(5.0), um(24.0), um(3.0), um(1.0))
    )(keys)
    assert float(stamps.max()) <= 0.55 * (1 + 1e-6)
    at = np.arange(size) - (size - 1) / 2
    distance = np.hypot(at[:, None], at[None, :])
    light = [
        float(stamps[:, (distance > a) & (distance < a + 6)].mean())
        for a in (5, 12, 19, 26)
    ]
    assert light == sorted(light, reverse=True)
    # nothing beyond 0.8 radii of the soma and 1.25 lengths of a dendrite
    assert float(stamps[:, distance > 4.0 + 30.0 + 2.0].max()) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("length_um", [24.0, 90.0], ids=["in windows", "too long"])
def test_dendrites_of_all_cells_are_those_of_each(length_um, getkey):
    keys, um = jax.random.split(getkey(), 12), jnp.float32
    shape = 48, um(5.0), um(length_um), um(3.0), um(1.5)
    each = jax.vmap(lambda k: dendrites(k, *shape))(keys)
    together = jax.jit(lambda k: dendrites_of_all(k, *shape))(keys)
    # places of up to 24 px are rounded to 2e-6 of a pixel
    np.testing.assert_allclose(together, each, rtol=0, atol=1e-5)
    assert float(each.max()) > 0.5


@pytest.mark.slow
@pytest.mark.xfail(
    strict=True,
    reason="1.81: dendrites that minisim rasterises are thicker where pixels are "
    "coarse; ours have the width that is asked for, whatever the pixels",
)
def test_cytosolic_cells_send_twice_the_light_of_their_soma(getkey):
    key, canvas = getkey(), canvas_of(4.8 / 2.9)
    shape = {"soma_radius_um": 5.0, "max_cells": 300, "stamp_px": 44}
    body, whole = (
        place(PlaceNeurons(morphology=m, **shape), canvas, key)["footprint"]
        for m in ("soma", "cytosolic")
    )
    ratio = float(whole.sum() / body.sum())
    assert ratio == pytest.approx(1.96, abs=0.05)
