"""Trials and labels: saved with a recording, chosen by, and handed out with chunks."""

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import jaxsim as js
from tests.data import folders
from tests.data.conftest import recording_of, series


ROWS = [
    {"start_s": 0.0, "stop_s": 10.0, "tier": "train", "contrast": 0.5, "number": 1},
    {"start_s": 10.0, "tier": "test", "contrast": 1.0, "shape": [6, 7], "seen": True},
    {"start_s": 20.0, "tier": None, "contrast": 0.25, "number": 3, "seen": False},
]
CUT = {"movie": js.Modality(20, 40), "trace": js.Modality(8, 16)}


@pytest.fixture
def told(film):
    return film.with_trials(ROWS)


def test_trials_come_back_from_the_disk_as_they_were(told, tmp_path):
    js.save(told, tmp_path / "told.zarr")
    loaded = js.load(tmp_path / "told.zarr")
    assert loaded.trials == told.trials
    assert loaded.trials.columns == {
        "tier": ["train", "test", None],
        "contrast": [0.5, 1.0, 0.25],
        "number": [1, None, 3],
        "shape": [None, [6, 7], None],
        "seen": [None, True, False],
    }
    assert loaded.trials.stop_s.tolist() == [10.0, 20.0, np.inf]
    tree = xr.open_datatree(tmp_path / "told.zarr", engine="zarr", consolidated=False)
    assert tree["trials"].contrast.values.tolist() == [0.5, 1.0, 0.25]
    assert tree["trials"].tier.dims == ("trial",)


def test_where_chooses_on_our_stores_as_in_memory(told, tmp_path):
    js.save(told, tmp_path / "told.zarr")
    for source in (told, tmp_path / "told.zarr"):
        test = js.ChunkDataset(
            source, CUT, anchor="movie", where="tier == 'test'", include_blanks=False
        )
        starts = test.starts_s()
        assert starts[0] == 10.0 and starts[-1] + 39 / 20 == pytest.approx(19.95)
        both = js.ChunkDataset(source, CUT, where={"tier": "test"})  # and what is blank
        assert both.starts_s()[-1] > 20
        alone = js.ChunkDataset(source, CUT, where="contrast > 0.4", span="trial")
        starts = alone.starts_s()
        assert ((starts + 1e-9) // 10 == (starts + 39 / 20) // 10).all()


def test_a_table_of_pandas_is_the_rows(film):
    table = pd.DataFrame({"start_s": [0.0, 9.0], "tier": ["train", None]})
    assert film.with_trials(table).trials == film.with_trials(
        [{"start_s": 0.0, "tier": "train"}, {"start_s": 9.0, "tier": None}]
    ).trials  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([], "no row"),
        ("train", "rows such as"),
        ([{"tier": "train"}], "trial 0 must be a mapping with 'start_s'"),
        ([{"start_s": "soon"}], "start_s = 'soon' is no time"),
        ([{"start_s": 5.0}, {"start_s": 2.0}], "trial 0 goes from 5 s to 2 s"),
        ([{"start_s": 0.0, "stop_s": 3.0}, {"start_s": 2.0}], "must not overlap"),
        ([{"start_s": 0.0, "a/b": 1}], "cannot name a column"),
    ],
)
def test_trials_that_cannot_be_are_refused(film, rows, match):
    with pytest.raises((ValueError, TypeError), match=match):
        film.with_trials(rows)


def test_a_recording_with_trials_goes_through_jax(told):
    doubled = jax.jit(lambda r: jax.tree.map(lambda x: x * 2, r))(told)
    assert doubled.trials == told.trials


def test_trials_are_exported_with_their_tiers(film, told, tmp_path):
    gap = told.with_trials([ROWS[0], {"start_s": 12.0, "tier": "test"}])
    (folder,) = js.export_experanto(gap, tmp_path / "folder")
    cut = {"screen": js.Modality(20, 40)}
    test = js.ChunkDataset(folder, cut, where={"tier": "test"})
    assert test.starts_s()[0] == 12.0
    train = js.ChunkDataset(folder, cut, where={"tier": "train"})
    assert train.starts_s()[-1] + 39 / 20 < 10.0
    back = js.import_experanto(folder)  # and come back, gaps being trials
    assert back.trials.columns["tier"] == ["train", "between", "test"]
    assert back.trials.start_s.tolist() == [0.0, 10.0, 12.0]
    (folder,) = js.export_experanto(film, tmp_path / "without")
    assert js.import_experanto(folder).trials is None


@pytest.fixture
def swept():
    """Six runs of a design, each with a signal without time."""
    values = np.zeros((3, 2, 200, 1), np.float32)
    drawn = np.arange(6.0).reshape(3, 2)
    clock = js.Clock(np.zeros((3, 2), np.float32), 20.0)
    wave = js.Series(values, clock, js.Signal("time node", "mV", "made"))
    label = js.Series(drawn, None, js.Signal("", "1", "drawn"))
    process = js.Network(model=js.JansenRit(A=4.0), duration_s=0.1)
    design = js.grid({"model.B": [1.0, 2.0, 3.0], "model.a": [5.0, 7.0]})
    made = js.Recording((wave, label), ("wave", "drawn"), np.ones((3, 2), np.uint8))
    return made.made_by(process, jax.random.key(0), design)


def test_labels_are_what_drew_the_run_what_its_design_gave_and_its_process(
    swept, tmp_path
):
    js.save(swept, tmp_path / "swept.zarr")
    params = ("drawn", "model.B", "model.a", "model.A")
    for source in (swept, tmp_path / "swept.zarr"):
        chunks = js.ChunkDataset(
            source, {"wave": js.Modality(20, 50)}, params=params, stride=30
        )
        for i in range(len(chunks)):
            run = int(chunks.session_of[i])
            labels = [float(chunks[i]["params"][path]) for path in params]
            assert labels == [run, 1.0 + run // 2, 5.0 + 2 * (run % 2), 4.0]
    batch = next(iter(chunks.batches(2, shuffle=False)))
    assert batch["params"]["model.B"].shape == (2,)


def test_labels_that_are_not_there_are_refused(swept, made):
    cut = {"wave": js.Modality(20, 50)}
    with pytest.raises(ValueError, match=r"params of session 'recording-0-0'.*model"):
        js.ChunkDataset(swept, cut, params="model.Q")
    with pytest.raises(ValueError, match=r"'model' .* is JansenRit, and no number"):
        js.ChunkDataset(swept, cut, params="model")
    with pytest.raises(ValueError, match="process that made it is not known"):
        js.ChunkDataset(made, {"screen": js.Modality(30, 60)}, params="model.A")


def test_sweeps_on_disk_have_their_labels(tmp_path):
    network = js.Network(
        model=js.JansenRit(), monitor=js.Subsample(period_s=1e-2),
        duration_s=0.3, dt_s=1e-3,
    )  # fmt: skip
    design = js.grid({"model.A": [3.0, 3.25, 3.5]})
    js.sweep(network, design, jax.random.key(1), store=tmp_path / "sweep.zarr")
    cut = {"activity": js.Modality(100, 10)}
    chunks = js.ChunkDataset(
        tmp_path / "sweep.zarr", cut, margin=0, stride=50, params="model.A"
    )
    found = [float(chunks[i]["params"]["model.A"]) for i in range(len(chunks))]
    assert sorted(set(found)) == [3.0, 3.25, 3.5]
    assert found == sorted(found)


def test_only_what_is_asked_out_is_read(made):
    cut = {"screen": js.Modality(30, 60), "responses": js.Modality(8, 16)}
    both = js.ChunkDataset(made, cut, where={"tier": "test"})
    one = js.ChunkDataset(made, cut, where={"tier": "test"}, out=["responses"])
    assert len(one) == len(both)  # the screen still says where chunks are
    assert set(one[3]) == {"responses", "timestamps", "mask", "meta"}
    assert (one[3]["responses"] == both[3]["responses"]).all()
    assert one.fingerprint != both.fingerprint
    batch = next(iter(one.batches(4, workers=0)))
    assert batch["responses"].shape == (4, 16, 12)
    with pytest.raises(ValueError, match=r"out: 'respones' is no.*responses"):
        js.ChunkDataset(made, cut, out=["respones"])


def test_trials_of_a_recording_without_times_are_refused_by_where(film):
    told = recording_of(x=series(folders.ramp(200, 2), 20.0, "time node"))
    with pytest.raises(ValueError, match="asks for trials, but session 'recording'"):
        js.ChunkDataset(told, {"x": js.Modality(20, 5)}, where={"tier": "train"})
