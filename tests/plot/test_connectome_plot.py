"""Pictures of a connectome (of anything with its fields)."""

import types

import numpy as np
import pytest

from jaxsim.plot import plot

from .look import main, rendered, words


def connectome(n=12, centres=False, lengths=True, labels=True):
    rng = np.random.default_rng(0)
    weights = 10 ** rng.uniform(-3, 0, (n, n)) * (rng.random((n, n)) < 0.5)
    return types.SimpleNamespace(
        weights=weights,
        tract_lengths_mm=rng.uniform(10, 150, (n, n)) if lengths else None,
        speed_m_per_s=np.float32(3.0),
        labels=tuple(f"n{i}" for i in range(n)) if labels else (),
        centres_mm=rng.normal(size=(n, 3)) * 40 if centres else None,
    )


def test_weights_say_who_speaks_and_who_hears():
    given = connectome()
    given.weights[3, 8] = 50.0  # from 8 to 3
    axes = main(rendered(plot(given)))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("from node", "to node")
    shown = np.ma.filled(axes.images[0].get_array(), np.nan)
    assert np.unravel_index(np.nanargmax(shown), shown.shape) == (3, 8)
    assert axes.images[0].norm.__class__.__name__ == "LogNorm"
    names = [t.get_text() for t in axes.get_xticklabels()]
    assert names[:3] == ["n0", "n1", "n2"]


def test_negative_weights_get_colours_around_zero():
    given = connectome()
    given.weights[0, 1] = -2.0
    image = main(rendered(plot(given, "weights"))).images[0]
    assert image.norm.vmin == -image.norm.vmax


@pytest.mark.parametrize("what", ["weights", "graph", "lengths"])
@pytest.mark.parametrize("centres", [True, False])
@pytest.mark.parametrize("n", [1, 300])
def test_one_node_and_three_hundred_can_be_drawn(what, centres, n):
    rendered(plot(connectome(n, centres), what))


def test_a_connectome_without_weights_can_be_drawn():
    given = connectome()
    given.weights = np.zeros((12, 12))
    for what in ("weights", "graph", "lengths"):
        rendered(plot(given, what))


def test_lengths_come_with_their_delays():
    shown = words(rendered(plot(connectome(), "lengths")))
    assert "tract length (mm)" in shown and "delay at 3 m/s (s)" in shown
    with pytest.raises(ValueError, match="no tract lengths"):
        plot(connectome(lengths=False), "lengths")


def test_a_graph_has_views_with_centres_and_names_without():
    views = plot(connectome(centres=True), "graph")
    assert "from above" in words(views) and "x (mm)" in words(views)
    assert "n7" in words(rendered(plot(connectome(), "graph")))


def test_an_arrow_points_at_the_node_that_hears():
    given = connectome(2)
    given.weights = np.array([[0.0, 0.0], [1.0, 0.0]])  # from 0 to 1
    axes = main(plot(given, "graph"))
    places = np.asarray(axes.collections[0].get_offsets())
    start, end = axes.patches[0]._posA_posB
    np.testing.assert_allclose(start, places[0])
    np.testing.assert_allclose(end, places[1])


def test_wrong_names_get_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'weights'"):
        plot(connectome(), "weight")
