"""Pictures of sources in the head."""

import numpy as np
import pytest

from jaxsim.plot import plot
from tests.plot.look import rendered, words


N = 12
PLACES = 0.07 * np.stack(
    [np.cos(np.arange(N)), np.sin(np.arange(N)), np.linspace(0, 1, N)], axis=1
)


def moments(strength, n_components=1):
    """Places with a transient of a peak at 0.31 s; all others are silent."""
    wave = np.hanning(61)
    values = np.zeros((61, N, n_components))
    for place, peak in strength.items():
        values[:, place] = peak * wave[:, None]
    return values.reshape(61, -1)


@pytest.fixture
def found(make):
    """Two true sources, of which one is missed, and one that is not there."""
    return make.recording(
        activity=make.series(moments({3: 20.0, 7: -10.0}), "time node", "nAm"),
        estimate=make.series(moments({3: 15.0, 5: 4.0}), "time source", "nAm"),
        source_positions=make.series(PLACES, "location xyz", "m", timed=False),
    )


def dots(axes):
    """Points of each layer: all places, the strong ones, rings."""
    return [layer.get_offsets().data for layer in axes.collections]


def test_strong_places_stand_out_where_they_are(found):
    figure = rendered(plot(found, "sources"))
    above, side, over_time = figure.axes[:3]
    everywhere, strong, rings = dots(above)
    assert len(everywhere) == N
    np.testing.assert_allclose(strong, 1e3 * PLACES[[5, 3], :2])  # the largest on top
    np.testing.assert_allclose(rings, 1e3 * PLACES[[3, 7], :2])
    np.testing.assert_allclose(dots(side)[1], 1e3 * PLACES[[5, 3], 1:])
    assert above.collections[1].get_clim() == (-15, 15)
    assert {"place 3", "place 7", "place 5"} <= set(words(figure))
    assert "estimate at 0.31 s" in words(figure)
    first, dashed = over_time.lines[:2]
    assert first.get_ydata().max() == 15 and dashed.get_ydata().max() == 20


def test_components_of_a_place_are_shown_by_their_length(make):
    free = make.recording(
        estimate=make.series(moments({2: 3.0}, 3), "time source", "nAm"),
        source_positions=make.series(PLACES, "location xyz", "m", timed=False),
    )
    above, _, over_time = rendered(plot(free, "sources", at_s=0.31)).axes[:3]
    (line, _) = over_time.lines
    np.testing.assert_allclose(line.get_ydata().max(), 3 * np.sqrt(3), rtol=1e-6)
    assert above.collections[1].get_clim()[0] == 0


def test_what_is_not_known_is_said(make, found):
    homeless = make.recording(estimate=found["estimate"])
    with pytest.raises(ValueError, match="record 'source_positions'"):
        plot(homeless, "sources")
    with pytest.raises(ValueError, match="no 'estimat'; .*Did you mean 'estimate'"):
        plot(found, "sources", signal="estimat")
    with pytest.raises(ValueError, match="a picture of one run"):
        plot(make.recording(np.ones(2), estimate=found["estimate"]), "sources")
