"""Pictures of coverage."""

import numpy as np
import pytest

import jaxsim as js
from jaxsim.plot import plot

from .look import main, rendered, words


def curve(factor, seed=0, n_active=20):
    """Coverage of a posterior whose variance is wrong by a factor."""
    drawn = np.random.default_rng(seed).normal(size=(2, 30, 40)).astype(np.float32)
    silent = np.arange(40) >= n_active
    truth = np.where(silent, 0, drawn[0])
    variance = np.full(40, factor, np.float32)
    return js.measure.coverage_curve(truth, truth + drawn[1], variance)


def test_a_curve_stands_before_the_diagonal_with_its_name():
    figure = rendered(plot(curve(4.0)))
    said = words(figure)
    assert {"nominal coverage", "empirical coverage", "underconfident"} <= set(said)
    diagonal, line = main(figure).lines
    np.testing.assert_array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])
    assert (line.get_ydata()[1:-1] > line.get_xdata()[1:-1]).all()


def test_before_and_after_are_told_apart():
    figure = rendered(plot(curve(0.25), after=curve(1.0, seed=1)))
    assert {"before", "after recalibration"} <= set(words(figure))
    _, before, after = main(figure).lines
    off = [np.abs(x.get_ydata() - x.get_xdata()).max() for x in (before, after)]
    assert off[0] > 0.25 > 0.1 > off[1]


def test_a_recalibrated_curve_breaks_off_where_no_level_is_known():
    sure = curve(1e-3)  # a deviation of 3 %: at most 0.14 of the truths, but at level 1
    learned = js.measure.fit_recalibration(
        sure.level, sure.empirical, np.linspace(0, 1, 21)
    )
    after = sure._replace(
        level=learned.level,
        empirical=js.measure.recalibrated_curve(learned, sure.level, sure.empirical),
    )
    figure = rendered(plot(sure, after=after))
    assert "after recalibration, none beyond 0.05" in words(figure)
    drawn = main(figure).lines[-1].get_ydata()
    assert np.isnan(drawn[2:-1]).all() and drawn[-1] == 1


def test_many_runs_give_a_mean_and_a_band(make):
    curves = [curve(1.0, seed) for seed in range(4)]
    many = type(curves[0])(*(np.stack(field) for field in zip(*curves, strict=True)))
    axes = main(rendered(plot(many)))
    expected = np.mean([c.empirical for c in curves], axis=0)
    np.testing.assert_allclose(axes.lines[1].get_ydata(), expected, rtol=1e-6)
    # as recording.measure gives them
    fields = {
        name: make.series(value, "axis" if name == "level" else "", timed=False)
        for name, value in many._asdict().items()
    }
    sweep = make.recording(np.ones(4), **fields)
    again = main(rendered(plot(sweep, "coverage")))
    np.testing.assert_allclose(again.lines[1].get_ydata(), expected, rtol=1e-6)


def test_active_sources_may_be_shown_alone():
    assert "empirical coverage of active sources" in words(
        rendered(plot(curve(1.0), which="active"))
    )
    with pytest.raises(ValueError, match="there are no inactive sources"):
        plot(curve(1.0, n_active=40), which="inactive")
    with pytest.raises(ValueError, match="choose 'all', 'active', 'inactive'"):
        plot(curve(1.0), which="silent")
    with pytest.raises(TypeError, match="has no option 'afer'.*Did you mean 'after'"):
        plot(curve(1.0), afer=curve(1.0))
