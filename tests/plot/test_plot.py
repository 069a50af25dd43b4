"""js.plot: what it draws of what, and what it refuses."""

import builtins
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.core.pipeline import Pipeline
from jaxsim.plot import plot

from .look import main, rendered, words


def test_a_recording_shows_what_an_instrument_saw_first(brain):
    figure = rendered(plot(brain))
    assert main(figure).get_ylabel() == "field, from its mean (µV)"
    assert "(6 sensors)" in main(figure).get_title(loc="left")


@pytest.mark.parametrize(
    "what, expected",
    [
        ("activity", ["lA1", "rV1", "time (s)"]),
        ("field", ["spread (µV)", "time (s)"]),
        ("gain", ["gain (µV/mV)", "sensor", "node"]),
        ("states", ["variable 0", "time (s)"]),
        ("spectrum", ["power density (µV²/Hz)", "frequency (Hz)", "α", "sensor 0"]),
        ("psd", ["power density (µV²/Hz)"]),
        ("fc", ["correlation", "functional connectivity of field"]),
    ],
)
def test_every_signal_has_a_picture_with_units(brain, what, expected):
    shown = words(rendered(plot(brain, what)))
    for word in expected:
        assert word in shown, (word, shown)


def test_derived_pictures_take_the_signal_that_is_asked_for(brain):
    shown = words(rendered(plot(brain, "fc", signal="activity")))
    assert "functional connectivity of activity" in shown and "lA1" in shown
    shown = words(plot(brain, "fcd", signal="activity", window_s=1.0, step_s=0.5))
    assert "connectivity dynamics of activity" in shown


@pytest.mark.parametrize("n", [1, 300])
@pytest.mark.parametrize("what", ["activity", "spectrum"])
def test_one_node_and_three_hundred_can_be_drawn(make, n, what):
    recording = make.recording(activity=make.series(make.waves(n)))
    assert rendered(plot(recording, what)).axes


def test_three_hundred_nodes_have_their_connectivity(make):
    recording = make.recording(activity=make.series(make.waves(300, 1.0)))
    assert "node" in words(rendered(plot(recording, "fc")))


def test_a_nan_in_one_node_does_not_hide_the_others(make):
    values = make.waves(40)
    values[50:, 3] = np.nan
    for n in (5, 40):
        recording = make.recording(activity=make.series(values[:, :n]))
        rendered(plot(recording, "activity"))
        rendered(plot(recording, "spectrum"))


def test_silence_can_be_drawn(make):
    recording = make.recording(activity=make.series(np.zeros((400, 8))))
    for what in ("activity", "spectrum", "fc"):
        rendered(plot(recording, what))


@pytest.mark.parametrize(
    "what, options, sentence",
    [
        ("activty", {}, "no picture 'activty' .* Did you mean 'activity'"),
        ("psd", {"signal": "feild"}, "no picture 'feild' .* Did you mean 'field'"),
        ("activity", {"nodes": "lAI"}, "no node is called 'lAI'. Did you mean 'lA1'"),
        ("activity", {"nodes": [9]}, "node 9 is outside 0 to 3"),
        ("activity", {"span_s": (50, 60)}, "holds no sample: the signal runs from"),
        ("activity", {"style": "stack"}, "not one of stacked, raster, butterfly"),
        ("movie", {}, "Movies come with the imaging steps"),
    ],
)
def test_wrong_names_get_the_nearest(brain, unhooked, what, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        plot(brain, what, **options)


def test_an_unknown_option_is_refused_by_name(brain):
    with pytest.raises(TypeError, match="no option 'node'; .* Did you mean 'nodes'"):
        plot(brain, "activity", node=2)
    with pytest.raises(TypeError, match="'activity' is a signal already"):
        plot(brain, "activity", signal="field")


def test_a_movie_is_seen_and_plays(make, tmp_path):
    frames = np.arange(30.0)[:, None, None] + np.zeros((30, 20, 24))
    movie = make.series(frames, "time y x", "e-")
    figure = plot(make.recording(movie=movie), "movie")
    assert [axes.get_title("left") for axes in figure.axes[:3]] == [
        "frame 15", "mean", "standard deviation",
    ]  # fmt: skip
    spread = figure.axes[2].images[0].get_array()
    assert np.allclose(spread, np.std(np.arange(30.0)))
    figure.save_gif(tmp_path / "movie.gif")
    from PIL import Image

    with Image.open(tmp_path / "movie.gif") as gif:
        assert gif.n_frames == 30 and gif.size == (24, 20)
    assert figure._repr_html_().count("<img") == 2


def test_a_part_of_a_movie_is_cut_by_its_clock(make):
    movie = make.series(np.zeros((5, 4, 4)), "time y x", "e-")
    with pytest.raises(ValueError, match="no frame lies within span_s"):
        plot(make.recording(movie=movie), "movie", span_s=(1e6, 2e6))


def test_what_cannot_be_drawn_is_refused_in_words(make):
    with pytest.raises(TypeError, match="no picture of dict"):
        plot({"a": 1})
    point = make.series(np.zeros(3), "node", timed=False)
    with pytest.raises(ValueError, match="of which there is no picture"):
        plot(make.recording(place=point), "place")


def test_a_process_shows_its_wiring_and_its_values(make):
    process = Pipeline(network=make.toy())
    assert {"network", "PlotToy", "activity"} <= set(words(rendered(plot(process))))
    shown = words(rendered(plot(process, "table")))
    assert {"network.gain", "1.0", "mV", "0 to 10", "how loud"} <= set(shown)
    with pytest.raises(ValueError, match="there are wiring, table"):
        plot(process, "wires")


def test_a_missing_matplotlib_names_the_extra(brain, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install \"jaxsim-neuro\[plot\]\""):
        plot(brain)


def test_a_notebook_shows_the_figure_without_pyplot(brain):
    assert plot(brain, "activity")._repr_png_()[:4] == b"\x89PNG"


def test_neither_import_nor_plot_wakes_pyplot():
    code = (
        "import sys, jaxsim; assert 'matplotlib' not in sys.modules; "
        "jaxsim.plot(jaxsim.Pipeline()); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_traced_values_are_never_needed(make):
    recording = make.recording(activity=make.series(jnp.asarray(make.waves(2))))
    rendered(plot(recording))
