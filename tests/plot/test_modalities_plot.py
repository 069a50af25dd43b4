"""All that one run recorded, on one axis of time."""

import numpy as np
import pytest

from jaxsim.plot import plot

from .look import rendered, words


@pytest.fixture
def many(make):
    """A movie, four lines and twenty, and what has no time."""
    values = np.random.default_rng(0).random((400, 6, 8))
    return make.recording(
        movie=make.series(values, "time y x", "ADU", observed=True),
        activity=make.series(make.waves(4)),
        trace=make.series(make.waves(20), "time cell", "1"),
        gain=make.series(np.eye(3), "sensor source", timed=False),
    )


def test_every_signal_has_a_row_with_its_rate_on_one_axis_of_time(many):
    figure = rendered(plot(many, "modalities"))
    shown = words(figure)
    assert [a.get_ylabel() for a in figure.axes] == [
        f"{name}\n100 Hz" for name in ("movie", "activity", "trace")
    ]
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert figure.axes[0].get_xlim() == pytest.approx((0.0, 4.0))
    assert "time (s)" in shown and "20 cells" in shown
    assert len(figure.axes[1].lines) == 4 + 1  # and the scale bar
    strip = figure.axes[0].images
    assert len(strip) > 5
    start = strip[2].get_extent()[0]  # shows the frame of its left side
    frame = round((start - 0.01) * 100 + 0.4999)
    expected = many["movie"].values[frame]
    np.testing.assert_allclose(strip[2].get_array(), expected)


def test_signals_and_time_can_be_chosen_and_named(many):
    chosen = {"trace": "calcium", "activity": "LFP"}
    figure = plot(many, "modalities", signals=chosen, span_s=(1, 2), title="brain")
    assert [a.get_ylabel() for a in figure.axes] == ["calcium\n100 Hz", "LFP\n100 Hz"]
    assert figure.axes[0].get_xlim() == (1, 2)
    with pytest.raises(ValueError, match=r"'trcae' is no signal.*Did you mean.*trace"):
        plot(many, "modalities", signals=["trcae"])


def test_sweeps_and_recordings_without_time_are_refused(make):
    still = make.recording(gain=make.series(np.eye(3), "sensor source", timed=False))
    with pytest.raises(ValueError, match="no signal of this recording"):
        plot(still, "modalities")
    sweep = make.recording(np.ones(3), activity=make.series(np.zeros((3, 400, 4))))
    with pytest.raises(ValueError, match="sweep of 3"):
        plot(sweep, "modalities")
