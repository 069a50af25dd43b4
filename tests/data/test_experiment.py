"""An experiment answers for any modality at any times."""

import json

import numpy as np
import pytest

import jaxsim as js
from tests.data import folders


def test_values_at_any_times_are_those_of_numpy(film):
    experiment = js.Experiment(film)
    times = np.sort(np.r_[0.0, 0.5, 7.77, np.linspace(0, 28, 40)])
    data = folders.ramp(240, 5)
    values, there = experiment.at(times, "trace", "linear")
    expected = np.stack([np.interp(times * 8, np.arange(240), c) for c in data.T], 1)
    assert there.all() and values == pytest.approx(expected, abs=1e-3)
    values, _ = experiment.at(times, "trace")
    assert (values == data[np.floor(times * 8 + 1e-9).astype(int)]).all()


def test_what_is_not_there_is_said_and_zero(film):
    values, there = js.Experiment(film).at([-1.0, 0.2, 0.5, 29.0, 35.0], "field")
    assert there.tolist() == [False, False, True, True, False]
    assert (values[~there] == 0).all() and (values[3] > 0).all()
    assert len(js.Experiment(film).at([], "field")[0]) == 0


def test_a_sample_asked_at_its_own_time_is_itself(film):
    times = 0.5 + np.arange(3600) / 125
    values, _ = js.Experiment(film).at(times, "field")
    assert (values == folders.ramp(3600, 3)).all()


def test_labels_and_spikes_of_a_folder(made):
    home = made / "gaze"
    home.mkdir()
    np.save(home / "left.npy", np.array([[1.0, 2.0], [5.0, 6.0]]))
    told = {"modality": "time_interval", "labels": {"left": "left.npy"}}
    (home / "meta.yml").write_text(json.dumps(told | {"start_time": 0, "end_time": 9}))
    home = made / "units"
    home.mkdir()
    np.save(home / "spikes.npy", np.array([0.1, 0.5, 2.0, 0.5, 8.0]))
    told = {"modality": "spikes", "spike_indices": [0, 3, 5]}
    (home / "meta.yml").write_text(json.dumps(told | {"start_time": 0, "end_time": 9}))
    experiment = js.Experiment(made)
    inside, there = experiment.at([0.5, 1.0, 2.0, 5.5, 9.5], "gaze")
    assert inside[:, 0].tolist() == [False, True, False, True, False]
    assert there.tolist() == [True, True, True, True, False]
    counts, _ = experiment.at([0.0, 0.5, 1.5], "units", "count", 0.5)
    assert counts.tolist() == [[1, 0], [1, 1], [0, 0]]
    cut = {"units": js.Modality(2, 4, interp="count"), "gaze": js.Modality(2, 4)}
    chunks = js.ChunkDataset(made, cut, margin=0)
    assert chunks[0]["units"].tolist() == [[1, 0], [1, 1], [0, 0], [0, 0]]
    assert chunks[0]["gaze"][:, 0].tolist() == [False, False, True, True]
    with pytest.raises(ValueError, match='spike trains have interp="count" only'):
        js.ChunkDataset(made, {"units": js.Modality(2, 4)})


def test_mistakes_are_refused(film, made):
    with pytest.raises(ValueError, match="has no 'feild'.*field"):
        js.Experiment(film).at([1.0], "feild")
    with pytest.raises(ValueError, match="rising, finite seconds"):
        js.Experiment(film).at([2.0, 1.0], "field")
    with pytest.raises(ValueError, match="one session, not of 2"):
        js.Experiment([film, made])


def test_the_picture_of_validity_shows_each_constraint(made):
    pytest.importorskip("matplotlib")
    chunks = js.ChunkDataset(
        made, {"screen": js.Modality(30, 60)}, where="tier=='test'"
    )
    figure = chunks.plot()
    labels = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert labels[-1] == f"{len(chunks)} chunks start"
    assert "trials where tier=='test'" in labels
