"""Render: footprints times traces, painted in patches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.imaging.focus import GivenFocus
from jaxsim.imaging.render import Render
from tests.imaging.light import (
    PLACES,
    cells,
    image_of,
    scope,
    to_movie,
    to_optics,
    window,
)


def movie(getkey=None, record=("movie", "trace"), block=None, **more):
    key = jax.random.key(0) if getkey is None else getkey()
    return js.simulate(js.Pipeline(**to_movie(**more)), key, record, block=block)


def by_hand(**more):
    """The definition: every footprint on the whole canvas, times its trace."""
    steps = to_optics(**more)
    image = image_of(js.Pipeline(**steps))
    trace = np.asarray(steps["cells"].series[-1].values, np.float64)
    height, width = steps["miniscope"]()["canvas"].shape
    n = trace.shape[1]
    grid = (
        np.broadcast_to(np.arange(1.0 * side), (n, side)) for side in (height, width)
    )
    light = np.asarray(window(image, jnp.arange(n), *grid), np.float64)
    return np.einsum("tn,nyx->tyx", trace, light)


def test_the_movie_is_the_sum_of_footprints_times_traces():
    run = movie()
    expected = by_hand()
    assert run["movie"].values.shape == (7, 46, 50)
    # behind the edges of a patch lies less than 0.1 % of a cell
    assert np.allclose(run["movie"].values, expected, atol=1e-3 * expected.max())


def test_classes_of_patches_change_nothing_but_the_cut():
    one = movie(render=Render(patches=((80, 0),)))["movie"].values
    three = movie(render=Render(patches=((80, 1), (72, 2), (64, 0))))["movie"].values
    assert np.allclose(one, three, atol=1e-3 * float(one.max()))


def test_light_is_conserved_up_to_the_movie():
    run = movie(miniscope=scope(120))
    image = image_of(js.Pipeline(**to_optics(miniscope=scope(120))))
    whole = image.gain * image.stamp.sum((1, 2))
    expected = np.asarray(run["trace"].values) @ np.asarray(whole)
    assert np.allclose(run["movie"].values.sum((1, 2)), expected, rtol=2e-3)


def test_a_cell_outside_the_canvas_paints_only_what_falls_on_it():
    places = ((30.0, -24.5, 1.0), (30.0, 9.0, 500.0))  # half a cell in, and far away
    run = movie(cells=cells(places))
    expected = by_hand(cells=cells(places))
    assert float(run["movie"].values.max()) > 0.01
    assert np.allclose(run["movie"].values, expected, atol=1e-3 * expected.max())


def test_more_empty_places_and_their_order_leave_the_light_alone():
    one = movie()["movie"].values
    more = cells((*PLACES, (0.0, 0.0, 0.0)), alive=[1, 1, 1, 1, 0])
    other = movie(cells=more)["movie"].values
    assert np.allclose(one, other, atol=1e-6 * float(one.max()))


def test_a_patch_too_small_is_told():
    small = Render(patches=((24, 0),))
    run = movie(render=small, record=("movie", "spilled"))
    assert 0.01 < run["spilled"].values < 0.5
    assert int(run.status) == 5
    fits = movie(record=("movie", "spilled"))
    assert fits["spilled"].values < 1e-3 and int(fits.status) == 1


@pytest.mark.slow
def test_the_reach_of_a_cell_holds_its_light():
    image = image_of(js.Pipeline(**to_optics(miniscope=scope(190))))
    n, reach = len(image.sigma), np.asarray(image.reach(), np.float64)
    side = 2 * np.round(reach).astype(int)
    for cell in range(n):
        size, which = int(side[cell]) + 1, jnp.arange(n)[cell : cell + 1]
        patch, _ = image.patches(size, (200, 200), which)
        lost = 1.0 - patch.sum() / image.light()[cell]
        assert 2e-4 < lost < 1.2e-3


def test_a_dark_cell_spills_nothing():
    places = (*PLACES, (900.0, 0.0, 0.0))
    dark = cells(places, alive=[1, 1, 1, 1, 0])
    render = Render(patches=((80, 1), (72, 0)))  # nor does it take a wide patch
    run = movie(cells=dark, render=render, record=("movie", "spilled"))
    assert int(run.status) == 1


@pytest.mark.parametrize("block", [1, 3, 5])
def test_blocks_give_the_same_bits(block):
    whole, blocked = movie()["movie"].values, movie(block=block)["movie"].values
    assert np.array_equal(whole, blocked)


@pytest.mark.slow
def test_gradients_through_the_movie_equal_finite_differences(x64):
    """NA, focus and the places of the cells, in one loss over the movie."""
    weights = jax.random.normal(jax.random.key(3), (7, 46, 50))

    @jax.jit
    def value(na, depth_um, places):
        steps = to_movie(
            miniscope=scope(na=na),
            focus=GivenFocus(depth_um=depth_um),
            cells=cells(places),
        )
        light = js.Pipeline(**steps)(jax.random.key(0))["movie"].values
        return 1e3 * jnp.sum(weights * light)

    at = (jnp.asarray(0.3), jnp.asarray(50.0), jnp.asarray(PLACES))
    slopes = jax.jit(jax.grad(value, (0, 1, 2)))(*at)
    for i, h in ((0, 1e-5), (1, 1e-3)):
        up, down = (
            value(*(a + s * h if j == i else a for j, a in enumerate(at)))
            for s in (1.0, -1.0)
        )
        assert np.isclose(slopes[i], (up - down) / (2 * h), rtol=1e-3)
    for cell, axis in ((0, 0), (1, 1), (2, 2)):
        move = jnp.zeros_like(at[2]).at[cell, axis].set(1e-4)
        up, down = (value(*at[:2], at[2] + s * move) for s in (1.0, -1.0))
        assert np.isclose(slopes[2][cell, axis], (up - down) / 2e-4, rtol=1e-3)
