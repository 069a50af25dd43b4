"""Motion: paths of the tissue with the statistics that they promise."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import testing
from jaxsim.core.signal import Signal
from jaxsim.imaging.motion import (
    GivenMotion,
    OscillatorMotion,
    StillTissue,
    WalkMotion,
    margin_for,
    within,
)
from jaxsim.imaging.recurrence import linear_recurrence, one_pole, oscillator
from jaxsim.imaging.signals import MOVIE
from tests.imaging.tissue import (
    CENTRES,
    ToyCells,
    blobs,
    canvas_of,
    chain,
    path,
    scope,
)


def radius(path_um):
    """Distance from the middle."""
    return np.linalg.norm(np.asarray(path_um), axis=-1)


def long_scope(seconds, rate_hz=20.0):
    """A recording that is only long."""
    return scope(size=4, margin=60, n_frames=round(seconds * rate_hz), rate_hz=rate_hz)


def test_a_given_path_moves_the_movie_by_what_it_says(getkey):
    given = path(12)
    recording = js.simulate(
        chain(GivenMotion(given)), getkey(), record=("render.movie", "movie", "shift")
    )
    np.testing.assert_allclose(recording["shift"].values, given, rtol=1e-5)  # 1 um / px
    canvas, seen = recording["render.movie"].values, recording["movie"].values
    assert seen.shape == (12, 24, 27)
    for frame in (0, 7):
        centres = [
            ((a * 44 + given[frame, 0]) / 44, (b * 47 + given[frame, 1]) / 47)
            for a, b in CENTRES
        ]
        drawn = blobs((44, 47), 2.0, centres)
        level = canvas[frame].max() / blobs((44, 47), 2.0).max()
        expected = level * drawn[10:-10, 10:-10]
        np.testing.assert_allclose(seen[frame], expected, atol=2e-3 * level)


def test_tissue_that_is_still_shows_the_middle_of_the_canvas(getkey):
    recording = js.simulate(
        chain(StillTissue()), getkey(), record=("render.movie", "movie")
    )
    middle = recording["render.movie"].values[:, 10:-10, 10:-10]
    np.testing.assert_array_equal(recording["movie"].values, middle)


def test_a_walk_spreads_with_the_square_root_of_time_at_any_frame_rate(getkey):
    key = getkey()
    for rate in (10.0, 40.0):
        canvas = canvas_of(long_scope(4, rate))
        step = WalkMotion(max_shift_um=1e3)
        paths = jax.vmap(lambda k, s=step, c=canvas: s.path_um(c, k))(
            jax.random.split(key, 400)
        )
        spread = np.asarray(paths[:, -1]).std()
        expected = 1.3416 * np.sqrt(4.0 - 1 / rate)
        assert spread == pytest.approx(expected, rel=4 / np.sqrt(2 * 800))
        assert (np.asarray(paths[:, 0]) == 0).all()


def test_a_walk_stays_within_its_circle(getkey):
    canvas = canvas_of(long_scope(60))
    found = radius(WalkMotion(spread_um=6.0).path_um(canvas, getkey()))
    assert 4.0 < found.max() <= 5.0


def test_the_limit_leaves_the_inner_part_alone():
    places = jnp.asarray([[2.0, 0.0], [0.0, 2.0 / 3 * 5.0], [3e3, 4e3]])
    found = within(places, jnp.asarray(5.0))
    np.testing.assert_allclose(found[0], places[0], rtol=1e-6)
    np.testing.assert_allclose(found[1], places[1], rtol=1.1e-4)
    np.testing.assert_allclose(found[2], [3.0, 4.0], rtol=1e-5)


@pytest.mark.slow
def test_oscillator_statistics_are_those_of_the_specification(getkey):
    canvas = canvas_of(long_scope(300))
    free = np.asarray(OscillatorMotion().free_path_um(canvas, getkey()))
    assert np.percentile(radius(free), 99) == pytest.approx(10.0, rel=1e-5)
    assert np.sqrt((free**2).sum(1).mean()) == pytest.approx(4.69, rel=0.1)
    y = free[:, 0] - free[:, 0].mean()  # where running pushes; 0.79 along x
    lag = (y[1:] * y[:-1]).sum() / (y**2).sum()
    assert lag == pytest.approx(0.60, abs=0.06)  # twice the spread over 150 s
    np.testing.assert_allclose(free[0], 0.0, atol=1e-6)


@pytest.mark.slow
def test_oscillator_stays_within_its_limit(getkey):
    canvas = canvas_of(long_scope(60))
    step = OscillatorMotion(amplitude_um=9.9, max_shift_um=10.0)
    assert radius(step.path_um(canvas, getkey())).max() <= 10.0


@pytest.mark.slow
def test_counting_from_the_mean_centres_the_path(getkey):
    canvas, key = canvas_of(long_scope(30)), getkey()
    centred = OscillatorMotion(reference="mean").free_path_um(canvas, key)
    np.testing.assert_allclose(np.asarray(centred).mean(0), 0.0, atol=1e-4)
    assert np.percentile(radius(centred), 99) == pytest.approx(10.0, rel=1e-5)


@pytest.mark.slow
def test_running_moves_the_axis_that_it_is_given(getkey):
    canvas = canvas_of(long_scope(20))
    step = OscillatorMotion(locomotion_fraction=1.0, locomotion_axis="x")
    free = np.asarray(step.free_path_um(canvas, getkey()))
    assert np.abs(free[:, 0]).max() == 0.0
    assert np.abs(free[:, 1]).max() > 5.0


def test_the_oscillator_answers_a_steady_push_by_its_stiffness():
    push, dt = jnp.ones((6000, 1)), 1 / 3000
    found = oscillator(push, jnp.asarray(6.0), jnp.asarray(0.5), dt)
    assert found[-1, 0] == pytest.approx(1 / (2 * np.pi * 6) ** 2, rel=1e-4)
    # overshoot of a damped oscillator: exp(-pi zeta / sqrt(1 - zeta^2))
    peak = found.max() / found[-1, 0]
    assert peak == pytest.approx(1 + np.exp(-np.pi * 0.5 / np.sqrt(0.75)), rel=0.01)


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_a_recurrence_in_chunks_is_the_recurrence(n, getkey):
    matrix = 0.5 * jax.random.normal(getkey(), (3, 2, 2))
    drive = jax.random.normal(getkey(), (n, 3, 2))
    expected, state = [], np.zeros((3, 2))
    for u in np.asarray(drive):
        state = np.einsum("nij,nj->ni", np.asarray(matrix), state) + u
        expected.append(state)
    np.testing.assert_allclose(
        linear_recurrence(matrix, drive), expected, rtol=2e-4, atol=1e-4
    )


def test_one_pole_forgets_by_its_factor():
    drive = jnp.zeros((5, 1)).at[0].set(1.0)
    found = one_pole(jnp.asarray([0.5]), drive)[:, 0]
    np.testing.assert_allclose(found, 0.5 ** np.arange(5), rtol=1e-6)


def test_a_path_that_leaves_the_margin_is_cut_and_says_so(getkey):
    key, far = getkey(), jnp.full((12, 2), 9.0)
    recording = js.simulate(chain(GivenMotion(far)), key)
    assert int(recording.status) == 5
    assert np.asarray(recording["shift"].values).max() == pytest.approx(6.0)
    assert js.simulate(chain(GivenMotion(path(12))), key).ok


def test_a_canvas_without_margin_is_refused(getkey):
    bare = chain(WalkMotion(), miniscope=scope(margin=2))
    with pytest.raises(ValueError, match="4 more, but margin_px is 2"):
        js.simulate(bare, getkey())
    assert margin_for(5.0, 1.6552) == 4 + 4
    assert margin_for(6.0, 1.0, "linear") == 6 + 1


def test_a_path_of_another_length_is_refused(getkey):
    with pytest.raises(ValueError, match=r"shape \(7, 2\); the recording has 12"):
        js.simulate(chain(GivenMotion(path(7))), getkey())


def test_an_amplitude_beyond_the_limit_is_refused():
    with pytest.raises(ValueError, match="amplitude_um = 20 um lies beyond"):
        OscillatorMotion(amplitude_um=20.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "step",
    [
        lambda: WalkMotion(),
        lambda: GivenMotion(path(12)),
        lambda: OscillatorMotion(amplitude_um=3.0, max_shift_um=5.0),
        lambda: OscillatorMotion(amplitude_um=3.0, max_shift_um=5.0, reference="mean"),
    ],
)
def test_motions_keep_the_contract(step):
    assert "gradients" in testing.check(step(), host=chain)


class OnePoint(js.AbstractFrameStep):
    """A canvas with light at its middle only."""

    makes: ClassVar[dict[str, Signal]] = {"movie": MOVIE}

    def __call__(self, trace, canvas):
        dark = jnp.zeros(canvas.shape, trace.dtype)
        return {"movie": dark.at[22, 23].set(1.0)}


def moved_point(trajectory, subframes, n_frames=2, **asked):
    process = js.Pipeline(
        miniscope=scope(n_frames=n_frames),
        cells=ToyCells(),
        render=OnePoint(),
        motion=GivenMotion(trajectory, subframes=subframes),
    )
    return js.simulate(process, jax.random.key(0), **asked)


def test_a_point_that_moves_during_the_exposure_draws_its_path():
    """At an even speed by whole pixels: a box as long as the path."""
    down = np.stack([np.arange(8.0), np.zeros(8)], 1)
    down[4:] = (-2.0, 3.0)  # and at rest in the second frame
    made = moved_point(down, 4)
    movie = np.asarray(made["movie"].values)
    box = np.zeros((24, 27))
    box[12:16, 13] = 0.25
    np.testing.assert_allclose(movie[0], box, atol=1e-6)
    point = np.zeros((24, 27))
    point[10, 16] = 1.0
    np.testing.assert_allclose(movie[1], point, atol=1e-6)
    np.testing.assert_allclose(made["shift"].values, [[1.5, 0.0], [-2.0, 3.0]])
    assert made["shift_within"].values.shape == (2, 4, 2)


def test_blur_keeps_the_light_and_its_mean_place_and_adds_the_variance_of_the_path():
    at = np.random.default_rng(0).uniform(-3.0, 3.0, (16, 2))
    made = moved_point(at, 8)
    frames = np.asarray(made["movie"].values, np.float64)
    y, x = np.mgrid[:24, :27] - np.array([12.0, 13.0])[:, None, None]
    for frame, course in zip(frames, at.reshape(2, 8, 2), strict=True):
        assert np.isclose(frame.sum(), 1.0, atol=1e-5)
        for along, moved in ((y, course[:, 0]), (x, course[:, 1])):
            mean = (frame * along).sum()
            assert np.isclose(mean, moved.mean(), atol=0.02)
            spread = (frame * (along - mean) ** 2).sum()
            assert np.isclose(spread, moved.var(), atol=0.1)


def test_subframes_of_an_oscillation_average_to_its_frames(getkey):
    """The same forces, only seen more finely; scale and start are those of the path."""
    key, canvas = getkey(), canvas_of(scope(n_frames=400, margin=60))
    coarse = OscillatorMotion(locomotion_fraction=0.0, amplitude_um=3.0)
    fine = js.replace(coarse, {"subframes": 3})
    one, three = (
        np.asarray(m.once(canvas, key)["shift"].values) for m in (coarse, fine)
    )
    for axis in (0, 1):
        assert np.corrcoef(one[:, axis], three[:, axis])[0, 1] > 1 - 1e-5
    within = np.asarray(fine.once(canvas, key)["shift_within"].values)
    assert np.abs(np.diff(within, axis=1)).max() > 0.5  # um: such motion blurs
    np.testing.assert_allclose(within.mean(1), three, atol=1e-5)


def test_blocks_of_blurred_frames_have_the_same_bits():
    at = np.random.default_rng(1).uniform(-3.0, 3.0, (14, 2))
    whole = moved_point(at, 2, 7, record="movie")["movie"].values
    blocked = moved_point(at, 2, 7, record="movie", block=3)["movie"].values
    np.testing.assert_array_equal(whole, blocked)
