"""The picture of which times may be used."""

import numpy as np

from jaxsim.plot import plot_validity
from tests.plot.look import main, rendered, words


def test_every_constraint_has_a_bar_of_its_times():
    rows = {
        "screen: recorded": [[0.0, 60.0]],
        "trials where tier": [[0, 10], [20, np.inf]],
        "eye: NanFilter": np.zeros((0, 2)),
    }
    figure = rendered(plot_validity(rows, [1.0, 2.0, 25.0], title="session 1"))
    axes = main(figure)
    bars = [
        [(p.vertices[:, 0].min(), p.vertices[:, 0].max()) for p in c.get_paths()]
        for c in axes.collections[:3]
    ]
    assert bars == [[(0, 60)], [(0, 10), (20, 60)], []]
    assert {*rows, "3 chunks start", "time (s)", "session 1"} <= set(words(figure))


def test_nothing_at_all_can_be_drawn():
    assert "time (s)" in words(rendered(plot_validity({})))
