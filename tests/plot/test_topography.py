"""Maps of the head through MNE, and the sentence where it is missing."""

import sys
import types

import jax
import numpy as np
import pytest

import jaxsim as js
from tests.plot.look import main, rendered, words


LAYOUT = js.meeg.even_layout(32)


@pytest.fixture
def seen(make):
    """A field that grows to the right, most at 0.5 s."""
    times = 0.01 + np.arange(100) / 100
    size = np.exp(-(((times - 0.5) / 0.1) ** 2))
    values = size[:, None] * LAYOUT.positions_m[:, 0][None] * 100
    return make.recording(
        field=make.series(values, "time sensor", "uV", observed=True),
        activity=make.series(make.waves(4)),
    )


def drawn(recording, **options):
    pytest.importorskip("mne", reason="needs MNE: the extra mne")
    return rendered(js.plot(recording, "topography", **options))


def test_the_map_is_of_the_time_where_sensors_differ_most(seen):
    figure = drawn(seen, layout=LAYOUT)
    assert main(figure).get_title(loc="center") == "0.5 s"
    picture = main(figure).images[0].get_array()
    middle = picture.shape[0] // 2
    assert picture[middle, -8] > 4 > -4 > picture[middle, 8]
    assert "field (µV)" in words(figure)


def test_several_times_share_one_scale(seen):
    figure = drawn(seen, at_s=[0.3, 0.5], layout=LAYOUT, title="to the right")
    first, second = (axes.images[0] for axes in figure.axes[:2])
    assert first.get_clim() == second.get_clim()
    assert np.abs(first.get_array()).max() < 0.1 * np.abs(second.get_array()).max()
    assert "to the right" in words(figure)


def test_the_process_knows_where_its_sensors_are(seen):
    eeg = js.SphereEeg(js.meeg.on_sphere(2, 0.05), LAYOUT.positions_m)
    known = seen.made_by(js.Pipeline(("activity",), eeg=eeg), jax.random.key(0))
    ours, given = drawn(known), drawn(seen, layout=LAYOUT)
    one, other = (main(figure).images[0].get_array() for figure in (ours, given))
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_what_cannot_be_mapped_is_refused(seen):
    pytest.importorskip("mne", reason="needs MNE: the extra mne")
    bad = {
        "does not say where its sensors are": {},
        "at_s = 3 s is outside": {"at_s": 3.0, "layout": LAYOUT},
        "12 places for 32 sensors": {"layout": js.meeg.even_layout(12)},
        "is over 'time node'": {"signal": "activity"},
    }
    for sentence, options in bad.items():
        with pytest.raises(ValueError, match=sentence):
            js.plot(seen, "topography", **options)


def test_without_mne_the_extra_is_named(seen, monkeypatch):
    monkeypatch.setitem(sys.modules, "mne", None)
    for call in (
        lambda: js.plot(seen, "topography", layout=LAYOUT),
        lambda: js.convert.mne.to_evoked(seen),
        lambda: js.convert.mne.from_evoked(types.SimpleNamespace(), None),
    ):
        with pytest.raises(ModuleNotFoundError, match=r"jaxsim-neuro\[mne\]"):
            call()
