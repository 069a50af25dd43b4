"""Spikes have the published statistics in seconds, at any frame rate."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.spikes import MarkovSpikes
from jaxsim.imaging.spikes_from_outside import GivenSpikes, PoissonSpikes


ALIVE = js.Signal("cell", "1", "there")
fire = eqx.filter_jit(lambda step, canvas, alive, key: step(canvas, alive, key))


def canvas_of(n_frames=400, rate_hz=20.0):
    return Miniscope(n_frames=n_frames, frame_rate_hz=rate_hz)()["canvas"]


def alive_of(n_cells=200, n_empty=0):
    there = jnp.arange(n_cells + n_empty) < n_cells
    return js.Series(there.astype(jnp.result_type(float)), None, ALIVE)


def counts(step, canvas=None, alive=None, key=None):
    made = fire(step, canvas or canvas_of(), alive or alive_of(), key)
    return np.asarray(made["spikes"].values)


def test_the_defaults_are_those_published_per_frame_at_20_hz():
    steps = MarkovSpikes(), MarkovSpikes.per_frame(0.005, 0.3)
    for step in steps:
        opens, closes = step.switches(1 / 20.0)
        np.testing.assert_allclose([opens, closes], [0.005, 0.3], rtol=1e-5)
        np.testing.assert_allclose(step.active_part(), 0.016393, rtol=1e-4)
        np.testing.assert_allclose(step.mean_rate_hz(), 3.0492, rtol=1e-4)


@pytest.mark.parametrize(
    ("activity", "rate_hz"),
    [(0.0, 0.746), (0.25, 1.634), (0.5, 3.049), (0.75, 6.262), (1.0, 11.43)],
)
def test_the_dial_of_activity_gives_the_published_rates(activity, rate_hz):
    step = MarkovSpikes.with_activity(activity)
    np.testing.assert_allclose(step.mean_rate_hz(), rate_hz, rtol=1e-3)


def test_a_dial_or_a_chain_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="from 0 to 1"):
        MarkovSpikes.with_activity(1.5)
    with pytest.raises(ValueError, match="sum below 1"):
        MarkovSpikes.per_frame(0.5, 0.6)


@pytest.mark.parametrize("switching", ["frame", "bin"])
def test_cells_fire_at_the_mean_rate_from_the_first_frame_on(switching, getkey):
    found = counts(MarkovSpikes(switching=switching), key=getkey()) * 20.0
    per_cell = found.mean(0)
    error = per_cell.std() / np.sqrt(len(per_cell))
    assert abs(found.mean() - 3.0492) < 4 * error
    # the first second is like any other (the gate starts from its stationary law)
    early = found[:20].mean(0)
    assert abs(early.mean() - 3.0492) < 4 * early.std() / np.sqrt(len(early))


def autocorrelation(x, lag):
    x = x - x.mean()
    return float((x[lag:] * x[:-lag]).mean() / (x * x).mean())


def test_bursts_last_as_long_at_any_frame_rate(getkey):
    # spikes only when active, so often that a frame tells the gate's state
    step = MarkovSpikes(active_rate_hz=300.0, quiescent_rate_hz=0.0, opening_hz=2.0)
    expected = np.exp(-(2.0 + 7.157716) * 0.2)  # over 0.2 s
    for rate_hz, lag in ((20.0, 4), (60.0, 12)):
        canvas = canvas_of(int(20 * rate_hz), rate_hz)
        open_ = counts(step, canvas, key=getkey()) > 0
        found = autocorrelation(open_.astype(float), lag)
        assert abs(found - expected) < 0.02  # 4 standard errors of 4000 s


def test_a_cell_spikes_at_most_once_in_a_bin(getkey):
    made = fire(MarkovSpikes(active_rate_hz=1000.0), canvas_of(), alive_of(), getkey())
    assert set(np.unique(made["fine_spikes"].fine)) == {0.0, 1.0}
    assert made["fine_spikes"].fine.shape == (60 + 400, 15, 200)


def test_empty_places_are_silent_and_one_cell_more_changes_no_other(getkey):
    key = getkey()
    few = counts(MarkovSpikes(), alive=alive_of(20, 5), key=key)
    more = counts(MarkovSpikes(), alive=alive_of(22), key=key)
    assert few[:, 20:].sum() == 0.0
    np.testing.assert_array_equal(few[:, :20], more[:, :20])


def test_a_longer_recording_begins_like_the_shorter_one(getkey):
    key, step = getkey(), MarkovSpikes()
    short = counts(step, canvas_of(50), alive_of(20), key)
    long = counts(step, canvas_of(80), alive_of(20), key)
    np.testing.assert_array_equal(short, long[:50])


def test_the_expected_estimator_is_the_mean_of_the_drawn_one(getkey):
    mean = counts(MarkovSpikes(estimator="expected"), key=getkey())
    np.testing.assert_allclose(mean, 3.0492 / 20.0, rtol=1e-4)


def test_straight_through_gradients_agree_with_those_of_the_mean_rate(getkey):
    canvas, alive, key = canvas_of(), alive_of(400), getkey()

    def rate(params, estimator, key):
        step = js.replace(MarkovSpikes(estimator=estimator), params)
        return step(canvas, alive, key)["spikes"].values.mean() * 20.0

    params = {
        "opening_hz": jnp.float32(0.12),
        "closing_hz": jnp.float32(7.2),
        "active_rate_hz": jnp.float32(150.0),
        "quiescent_rate_hz": jnp.float32(0.6),
    }
    slope = eqx.filter_jit(jax.grad(rate))
    exact, drawn = (
        slope(params, "expected", key),
        slope(params, "straight_through", key),
    )
    for name, value in exact.items():
        # 8000 s of cells whose gate opens 0.12 times a second: about 3 %
        np.testing.assert_allclose(drawn[name], value, rtol=0.12, err_msg=name)


def test_relaxed_spikes_approach_the_drawn_ones_as_they_cool(getkey):
    key, alive, canvas = getkey(), alive_of(50), canvas_of(100)
    hard = counts(MarkovSpikes(), canvas, alive, key)
    cold, warm = (
        counts(MarkovSpikes(estimator="relaxed", temperature=t), canvas, alive, key)
        for t in (0.01, 0.5)
    )
    assert np.abs(cold - hard).mean() < 0.02 < np.abs(warm - hard).mean()


def network_activity(values, rate_hz=1000.0):
    card = js.activity_card("1/s", "rate of nodes")
    start = jnp.zeros((), jnp.result_type(float)) + 1.0 / rate_hz
    return js.Series(jnp.asarray(values), js.Clock(start, rate_hz), card)


def test_cells_of_a_network_follow_their_nodes(getkey):
    canvas, alive = canvas_of(100), alive_of(400)
    steady = np.ones((5000, 2), np.float32)
    steady[2500:, 1] = 3.0
    step = PoissonSpikes(gain_hz=4.0, rest_hz=1.0)
    made = step(network_activity(steady), alive, canvas, getkey())
    found = np.asarray(made["spikes"].values).reshape(2, 50, 200, 2).mean((1, 2)) * 20
    # at most one spike in a bin of 1/300 s
    expected = 300 * -np.expm1(-np.array([[5.0, 5.0], [5.0, 13.0]]) / 300)
    error = np.sqrt(expected / (200 * 2.5))
    assert (np.abs(found - expected) < 4 * error).all()


def test_a_network_that_is_too_short_or_a_map_that_fits_not_is_refused(getkey):
    short = network_activity(np.ones((100, 2), np.float32))
    with pytest.raises(ValueError, match="activity lasts 0.1 s, but the camera"):
        PoissonSpikes()(short, alive_of(4), canvas_of(100), getkey())
    step = PoissonSpikes(nodes_to_cells=np.ones((3, 2)))
    with pytest.raises(ValueError, match="4 places for cells and 2 nodes"):
        step(
            network_activity(np.ones((500, 2), np.float32)),
            alive_of(4),
            canvas_of(5),
            getkey(),
        )


def test_given_spikes_keep_their_counts_and_their_length_is_checked():
    given = np.arange(12.0).reshape(4, 3)
    made = GivenSpikes(given)(canvas_of(4))
    np.testing.assert_allclose(made["spikes"].values, given, rtol=1e-6)
    with pytest.raises(ValueError, match="5 frames"):
        GivenSpikes(given)(canvas_of(5))
