"""Recording -> xarray and pandas, in the names of this field."""

import numpy as np
import pytest

import jaxsim as js
from jaxsim.store.facts import StoredDesign
from tests.store.examples import GRID, batch, camera, plain, small_recording


def test_instruments_show_a_recording_and_the_rest_is_truth(getkey):
    recording = js.simulate(camera(), getkey(), ("movie", "activity", "render.movie"))
    tree = recording.to_xarray()
    assert set(tree["recording"].children) == {"movie"}
    assert set(tree["truth"].children) == {"activity", "render"}
    assert tree["truth/render/movie"].movie.dims == ("frame", "height", "width")


def test_without_an_instrument_the_last_step_is_looked_at(getkey):
    tree = js.simulate(plain(), getkey()).to_xarray()
    assert set(tree["recording"].children) == {"trace"}
    assert set(tree["truth"].children) == {"activity"}
    alone = js.simulate(plain(), getkey(), ("activity",)).to_xarray()
    assert set(alone["recording"].children) == {"activity"}


def test_a_movie_has_frames_and_their_times(getkey):
    movie = js.simulate(camera(), getkey()).to_xarray()["recording/movie"].movie
    assert movie.dims == ("frame", "height", "width")
    assert np.allclose(movie.time, np.arange(12) / 100) and movie.time.dims == (
        "frame",
    )
    assert movie.frame.values.tolist() == list(range(12))
    assert movie.attrs == {"units": "1", "long_name": "toy movie"}


def test_axes_get_the_names_that_readers_know():
    words = {
        "node": "region",
        "sensor": "channel",
        "cell": "unit_id",
        "source": "source",
    }
    for ours, theirs in words.items():
        card = js.Signal(f"time {ours}", "1", "x", observed=True)
        clock = js.Clock(np.zeros((), np.float32), 10.0)
        series = js.Series(np.zeros((2, 3), np.float32), clock, card)
        tree = js.Recording((series,), ("x",), np.asarray(1, np.uint8)).to_xarray()
        assert tree["recording/x"].x.dims == ("time", theirs)


def test_a_matrix_over_nodes_says_to_and_from():
    card = js.Signal("node node", "1", "coupling", observed=True)
    labels = (("node", ("a", "b")),)
    series = js.Series(np.eye(2, dtype=np.float32), None, card, labels)
    tree = js.Recording((series,), ("fc",), np.asarray(1, np.uint8)).to_xarray()
    fc = tree["recording/fc"].fc
    assert fc.dims == ("region_to", "region_from")
    assert list(fc.region_to.values) == list(fc.region_from.values) == ["a", "b"]


def test_status_tells_what_its_numbers_mean():
    status = batch().to_xarray()["status"]
    assert status.dims == ("nodes.level", "leak.fraction")
    assert status.attrs["flag_meanings"].split()[2] == "non_finite"
    assert status.attrs["flag_values"] == [0, 1, 2, 3, 4, 5]


def test_columns_that_move_together_lie_along_run(getkey):
    design = js.zipped({"leak.fraction": [0.1, 0.4], "nodes.level": [1.0, 2.0]})
    runs = js.sweep(plain(), design, getkey(), repeats=3, progress=False)
    trace = runs.to_xarray()["recording/trace"].trace
    assert trace.dims == ("run", "repeat", "time", "region")
    assert np.array_equal(trace["leak.fraction"], [0.1, 0.4])
    assert trace["nodes.level"].dims == ("run",)
    assert trace.repeat.values.tolist() == [0, 1, 2]


def test_values_that_are_no_numbers_are_told_as_words():
    document = {
        "axes": [["nodes.mode", 2], ["nodes.on", 2], ["run", 1]],
        "values": {
            "nodes.mode": {"axis": "nodes.mode", "values": ["a", None]},
            "nodes.on": {"axis": "nodes.on", "values": [True, False]},
            "nodes.level": {"axis": "run", "values": [[1.0, 2.0]]},
        },
    }
    series = js.Series(np.zeros((2, 2, 1), np.float32), None, js.Signal("", "1", "x"))
    status = np.ones((2, 2, 1), np.uint8)
    recording = js.Recording((series,), ("x",), status, design=StoredDesign(document))
    tree = recording.to_xarray()
    assert tree["nodes.mode"].values.tolist() == ["a", "None"]
    assert tree["nodes.on"].values.tolist() == [True, False]
    assert tree["nodes.level"].dims == ("run", "nodes.level_0")


def test_a_batch_without_a_design_is_runs():
    one = batch()
    tree = js.Recording(one.series, one.names, one.status).to_xarray()
    assert tree["status"].dims == ("run_0", "run_1")


def test_a_signal_named_as_its_step_finds_a_place():
    one = small_recording()["lfp"]
    card = one.card._replace(observed=False)
    series = js.Series(one.values, one.clock, card)
    names = ("shown", "shift", "shift.shift")
    recording = js.Recording((one, series, series), names, np.asarray(1, np.uint8))
    tree = recording.to_xarray()
    assert {"shift"} == set(tree["truth"].children)
    assert set(tree["truth/shift"].children) == {"shift_"}
    assert tree["truth/shift/shift_"].shift.dims == ("time", "region")


def test_a_table_has_a_row_per_run():
    table = batch().to_dataframe()
    assert list(table.columns) == ["nodes.level", "leak.fraction", "status", "power"]
    assert len(table) == 6
    assert table["leak.fraction"].tolist() == [0.1, 0.4, 0.9] * 2
    assert table["nodes.level"].tolist() == [1.0] * 3 + [2.0] * 3
    assert table["power"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert table["status"].tolist() == [1, 1, 2, 1, 1, 1]


def test_a_single_run_is_a_table_of_one_row(getkey):
    assert len(js.simulate(plain(), getkey()).to_dataframe()) == 1


def test_measured_scalars_become_a_table(getkey):
    design = js.grid({"nodes.level": [1.0, 5.0]})
    runs = js.sweep(plain(), design, getkey(), ("activity",), progress=False)

    def mean(activity):
        return activity.mean()

    table = runs.measure(mean, "activity").to_dataframe()
    assert table["mean"].tolist() == pytest.approx([1.0, 5.0], abs=0.2)


def test_a_design_of_another_shape_is_not_believed():
    one = batch()
    wrong = StoredDesign(GRID | {"axes": [["a", 3], ["b", 2]], "values": {}})
    tree = js.Recording(one.series, one.names, one.status, design=wrong).to_xarray()
    assert tree["status"].dims == ("run_0", "run_1")
