"""Vessels: tubes of blood that absorb, grown as trees and blurred by their depth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import testing
from jaxsim.imaging.vessel_tree import Habit, Segments, children, grow, path_length
from jaxsim.imaging.vessels import Vessels, blurred, vessel_overlap
from tests.imaging.tissue import DEPTH, canvas_of, chain, scope


def tube(radius=5.0, *more):
    """A vessel along x through the middle, then other (start, end, radius)."""
    pieces = [((0.0, -30.0), (0.0, 30.0), radius), *more]
    start, end, radii = (np.array(v, np.float32) for v in zip(*pieces, strict=True))
    there = jnp.ones(len(pieces), bool)
    return Segments(jnp.asarray(start), jnp.asarray(end), jnp.asarray(radii), there)


def lengths(segments, nearest=8):
    """Path lengths on a grid of whole um, 40 high and 70 wide, and whether all fit."""
    rows, columns = jnp.arange(-20.0, 20.0), jnp.arange(-35.0, 35.0)
    return path_length(segments, rows, columns, nearest)


def habit(**more):
    """The default way to grow."""
    v = Vessels()
    given = v._habit()._asdict()
    return Habit(**(given | {k: jnp.asarray(x) for k, x in more.items()}))


def mask_of(step, key, focus=30.0, **size):
    """What a step makes for the whole recording."""
    canvas = canvas_of(scope(**size))
    return step.once(canvas, js.Series(jnp.asarray(focus), None, DEPTH), key)


def test_light_crosses_a_tube_over_its_chord():
    found, fits = lengths(tube(5.0))
    middle = np.asarray(found)[:, 35]
    d = np.abs(np.arange(-20.0, 20.0))
    inner = d <= 4.0  # the outermost 5 % are rounded off
    np.testing.assert_allclose(
        middle[inner], 2 * np.sqrt(25 - d[inner] ** 2), rtol=1e-5
    )
    assert middle[20] == pytest.approx(10.0, rel=1e-6)
    assert (middle[d > 5.3] == 0).all()
    assert bool(fits)


def test_pieces_that_overlap_add():
    twice = tube(5.0, ((0.0, -30.0), (0.0, 30.0), 5.0))
    assert lengths(twice)[0][20, 35] == pytest.approx(20.0)


@pytest.mark.slow
def test_tiles_see_what_all_segments_together_show(getkey):
    size = jnp.asarray([40.0, 70.0])
    trees = grow(getkey(), habit(root_radius=jnp.asarray(6.0)), size, 3, 80)
    few, fits = lengths(trees, nearest=120)
    everything, _ = lengths(trees, nearest=240)
    assert bool(fits)
    np.testing.assert_allclose(few, everything, rtol=1e-5)


def test_a_tile_crossed_by_more_than_it_looks_at_says_so():
    crowd = tube(5.0, *[((0.0, -30.0), (0.0, 30.0), 5.0)] * 9)
    assert not bool(lengths(crowd, nearest=4)[1])


def test_branches_keep_the_sum_of_cubes():
    thick, thin = children(jnp.asarray(3.0), jnp.asarray(0.5))
    assert thick == pytest.approx(0.7937 * 3.0, rel=1e-4)
    assert thin == pytest.approx(float(thick))
    thick, thin = children(jnp.asarray(3.0), jnp.asarray(0.7))
    assert thick**3 + thin**3 == pytest.approx(27.0, rel=1e-5)


def test_trees_enter_at_an_edge_and_only_get_thinner(getkey):
    size = jnp.asarray([400.0, 500.0])
    trees = grow(getkey(), habit(), size, 8, 200)
    roots = np.asarray(trees.start).reshape(8, 200, 2)[:, 0]
    at_edge = np.isclose(np.abs(roots), np.array([200.0, 250.0]), rtol=1e-5).any(1)
    assert at_edge.all()
    radius = np.asarray(trees.radius)[np.asarray(trees.there)]
    assert radius.max() == pytest.approx(22.0)
    assert radius.min() >= 2.0


def test_every_piece_begins_where_another_ended(getkey):
    size = jnp.asarray([400.0, 500.0])
    tree = grow(getkey(), habit(), size, 1, 100)
    there = np.asarray(tree.there)
    start, end = np.asarray(tree.start)[there], np.asarray(tree.end)[there]
    gaps = np.linalg.norm(start[1:, None] - end[None], axis=-1).min(1)
    assert gaps.max() < 1e-3


@pytest.mark.slow
def test_one_more_root_leaves_the_other_trees_alone(getkey):
    key, size = getkey(), jnp.asarray([300.0, 300.0])
    two, three = (grow(key, habit(), size, n, 60) for n in (2, 3))
    np.testing.assert_allclose(two.start, three.start[:120], rtol=1e-6)


def test_a_deeper_layer_out_of_focus_is_more_blurred():
    canvas = canvas_of(scope())
    near, far = Vessels(depth_um=30.0), Vessels(depth_um=120.0)
    at = jnp.asarray(30.0)
    assert near.blur_px(canvas, at) == pytest.approx(np.hypot(0.2450, 1.5), rel=1e-3)
    defocus = 0.45 * 90.0
    expected = np.sqrt(0.2450**2 + 6.0**2 + defocus**2)
    assert far.blur_px(canvas, at) == pytest.approx(expected, rel=1e-3)


def test_blur_keeps_what_is_even_and_spreads_a_spike():
    sigma = jnp.asarray(3.0)
    np.testing.assert_allclose(blurred(jnp.ones((20, 30)), sigma), 1.0, rtol=1e-5)
    spike = jnp.zeros((61, 61)).at[30, 30].set(1.0)
    assert blurred(spike, sigma)[30, 30] == pytest.approx(1 / (2 * np.pi * 9), rel=1e-4)


@pytest.mark.slow
def test_blood_never_takes_more_than_the_opacity(getkey):
    made = mask_of(Vessels(opacity=0.6, absorption_per_um=1.0), getkey(), size=60)
    mask = np.asarray(made["vessel_mask"])
    assert mask.min() >= 0.4 - 1e-5
    assert mask.max() <= 1.0 + 1e-6
    assert int(made["status"]) == 1


def test_the_movie_loses_what_the_mask_says(getkey):
    step = Vessels(root_radius_um=6.0, max_segments=60)
    recording = js.simulate(
        chain(step), getkey(), record=("render.movie", "movie", "step.vessel_mask")
    )
    before = np.asarray(recording["render.movie"].values)[:, 10:-10, 10:-10]
    after = np.asarray(recording["movie"].values)[:, 10:-10, 10:-10]
    mask = np.asarray(recording["step.vessel_mask"].values)
    np.testing.assert_allclose(after, before * mask, rtol=1e-5, atol=1e-6)
    assert mask.min() < 0.9


@pytest.mark.slow
def test_pulsation_swells_all_vessels_with_the_heart(getkey):
    key = getkey()
    still = Vessels(root_radius_um=6.0, max_segments=60)
    beats = js.replace(still, {"pulsates": True, "vasomotion_swing": 0.0})
    calm = mask_of(still, key, rate_hz=60.0, n_frames=60)
    made = mask_of(beats, key, rate_hz=60.0, n_frames=60)
    np.testing.assert_array_equal(calm["vessel_mask"], made["vessel_mask"])
    assert (np.asarray(calm["vessel_dilation"].values) == 0).all()
    power = np.abs(np.fft.rfft(np.asarray(made["vessel_dilation"].values))) ** 2
    assert np.fft.rfftfreq(60, 1 / 60)[power[1:].argmax() + 1] == pytest.approx(10.0)
    # wider vessels take more light, and the response to 5 % is that of a wider tree
    slope = np.asarray(made["shade"].per_dilation)
    assert slope.mean() < 0


def test_overlap_is_the_light_that_a_cell_loses():
    mask = jnp.asarray([[1.0, 0.5], [0.5, 0.5]])
    cells = jnp.asarray([[[1.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]])
    dark = jnp.zeros((1, 2, 2))
    found = vessel_overlap(jnp.concatenate([cells, dark]), mask)
    np.testing.assert_allclose(found, [0.0, 0.25, 0.0])


def test_a_vessel_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="min_radius_um = 30 um must be below"):
        Vessels(min_radius_um=30.0)


@pytest.mark.slow
def test_vessels_keep_the_contract():
    step = Vessels(root_radius_um=6.0, max_segments=60, pulsates=True)
    assert "gradients" in testing.check(step, host=chain)


@pytest.mark.slow
def test_gradients_of_vessels_meet_finite_differences(x64, getkey):
    key = getkey()

    def light(radius):
        step = Vessels(root_radius_um=radius, max_segments=40, n_roots=2)
        made = mask_of(step, key)
        mask = made["vessel_mask"]
        return jnp.sum(mask * jnp.linspace(0.0, 1.0, mask.shape[1])[None, :])

    at, h = jnp.asarray(6.0), 1e-6  # where two vessels meet there are kinks: a fine h
    light = jax.jit(light)
    slope = (light(at + h) - light(at - h)) / (2 * h)
    assert jax.grad(light)(at) == pytest.approx(float(slope), rel=1e-5)
