"""Lines over time."""

import numpy as np
import pytest

from jaxsim.plot.signals import thinned
from jaxsim.plot.style import nice
from jaxsim.plot.traces import plot_traces

from .look import main, rendered, words


def test_few_nodes_are_stacked_in_order_with_a_scale_bar(make):
    figure = rendered(plot_traces(make.series(make.waves(5))))
    axes = main(figure)
    assert list(axes.get_yticks()) == sorted(axes.get_yticks(), reverse=True)
    assert [t.get_text() for t in axes.get_yticklabels()][:2] == ["node 0", "node 1"]
    bars = [w for w in words(figure) if w.endswith(" mV")]
    assert len(bars) == 1
    height = np.ptp(axes.lines[-1].get_ydata())
    np.testing.assert_allclose(height, float(bars[0].split()[0]))


def test_many_nodes_become_a_raster_in_order(make):
    values = make.waves(60) * 0
    values[:, 7] = np.linspace(0, 1, len(values))  # only node 7 moves
    figure = rendered(plot_traces(make.series(values)))
    image = main(figure).images[0]
    rows = np.asarray(image.get_array())
    assert rows.shape[0] == 60
    assert np.abs(rows[7]).max() > 0 and np.abs(np.delete(rows, 7, 0)).max() == 0
    top, bottom = image.get_extent()[3], image.get_extent()[2]
    assert (top, bottom) == (-0.5, 59.5)
    assert any("(mV)" in word for word in words(figure))


def test_one_line_has_a_plain_axis_with_its_unit(make):
    axes = main(plot_traces(make.series(make.waves(1))))
    assert axes.get_ylabel() == "activity (mV)"
    np.testing.assert_allclose(axes.lines[0].get_xdata()[0], 0.01, rtol=1e-6)


def test_nodes_and_time_can_be_chosen(make):
    labels = (("node", ("a", "b", "c")),)
    figure = plot_traces(
        make.series(make.waves(3), labels=labels), nodes=["c", "a"], span_s=(1, 2)
    )
    axes = main(figure)
    assert [t.get_text() for t in axes.get_yticklabels()] == ["c", "a"]
    assert axes.lines[0].get_xdata().min() >= 1
    assert axes.lines[0].get_xdata().max() <= 2


@pytest.mark.parametrize("style", ["stacked", "raster", "butterfly"])
def test_every_style_draws_anything(make, style):
    rendered(plot_traces(make.series(make.waves(9)), style=style))


def test_thinning_keeps_spikes():
    values = np.zeros((100_000, 2))
    values[54_321, 1] = 9.0
    moments, kept = thinned(np.arange(100_000.0), values)
    assert len(moments) == len(kept) <= 3000
    assert kept[:, 1].max() == 9 and kept[:, 0].max() == 0
    assert abs(moments[kept[:, 1].argmax()] - 54_321) < 100
    assert (np.diff(moments) > 0).all()


def test_thinning_keeps_the_end():
    moments, kept = thinned(np.arange(10_000.0), np.arange(10_000.0)[:, None])
    assert kept[-1, 0] == 9999 and moments[-1] > 9990 and len(moments) <= 3000


def test_a_scale_bar_is_a_round_number():
    assert [nice(v) for v in (0.7, 1, 3.4, 99, 0.0012)] == [0.5, 1, 2, 50, 0.001]
    assert nice(0) == nice(np.nan) == 1
