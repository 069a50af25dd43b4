"""Export to experanto's folder and back: exact, and by its rules of loading."""

import json

import numpy as np
import pytest

import jaxsim as js
from tests.data import folders
from tests.data.conftest import recording_of, series


def plain(path):
    """A file as YAML 1.1 has it, where 1e-05 is text: numbers must be numbers."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)
    return yaml.load(path.read_text())


def test_a_recording_comes_back_as_it_was(film, tmp_path):
    (folder,) = js.export_experanto(film, tmp_path / "out")
    back = js.import_experanto(folder)
    assert back.names == film.names
    for name in film:
        ours, theirs = film[name], back[name]
        assert theirs.values.dtype == ours.values.dtype
        assert (theirs.values == ours.values).all()
        assert (theirs.card, theirs.labels) == (ours.card, ours.labels)
        assert theirs.clock.rate_hz == ours.clock.rate_hz
        assert theirs.clock.start_s == ours.clock.start_s


def test_chunks_of_the_folder_are_chunks_of_the_recording(film, tmp_path):
    (folder,) = js.export_experanto(film, tmp_path / "out")
    here = {"movie": js.Modality(20, 30), "trace": js.Modality(30, 9, interp="linear")}
    there = {"screen": here["movie"], "responses": here["trace"]}
    ours, theirs = js.ChunkDataset(film, here), js.ChunkDataset(folder, there)
    assert len(ours) == len(theirs)
    for i in (0, 77, -1):
        assert (ours[i]["movie"] == theirs[i]["screen"]).all()
        assert (ours[i]["trace"] == theirs[i]["responses"]).all()


def test_the_rules_by_which_a_folder_loads(film, tmp_path):
    (folder,) = js.export_experanto(film, tmp_path / "out", trial_s=7)
    told = plain(folder / "field" / "meta.yml")
    assert told["end_time"] == 0.5 + 3599 / 125 and told["dtype"] == "float32"
    assert {type(told[k]) for k in ("sampling_rate", "start_time")} == {float}
    size = (folder / "field" / "data.mem").stat().st_size
    assert size == told["n_timestamps"] * told["n_signals"] * 4
    for name in ("responses", "field", "level"):
        stds = np.load(folder / name / "meta" / "stds.npy")
        assert stds.ndim == 2 and stds.shape[0] == 1 and (stds > 0).all()
    trials = json.loads((folder / "screen" / "combined_meta.json").read_text())
    assert list(trials) == ["00000", "00001", "00002", "00003", "00004"]
    first = 0
    for key, trial in trials.items():
        frames = np.load(folder / "screen" / "data" / f"{key}.npy")
        assert frames.dtype == np.uint8 and len(frames) == trial["num_frames"]
        assert trial["first_frame_idx"] == first
        assert plain(folder / "screen" / "meta" / f"{key}.yml") == trial
        first += len(frames)
    assert first == 600 == len(np.load(folder / "screen" / "timestamps.npy"))
    config = plain(folder / "experanto.yaml")
    assert set(config) == {"screen", "responses", "field", "level"}
    assert (config["field"]["sampling_rate"], config["field"]["chunk_size"]) == (
        125,
        250,
    )


def test_without_a_movie_the_screen_is_blank_and_import_leaves_it_out(film, tmp_path):
    one = recording_of(field=film["field"])
    (folder,) = js.export_experanto(one, tmp_path / "out")
    trials = json.loads((folder / "screen" / "combined_meta.json").read_text())
    kinds = {
        (t["modality"], t["tier"], tuple(t["image_size"])) for t in trials.values()
    }
    assert kinds == {("blank", "train", (1, 1))} and len(trials) == 30
    chunks = js.ChunkDataset(
        folder,
        {"screen": js.Modality(30, 60), "responses": js.Modality(125, 250)},
        where={"tier": "train"},
    )
    assert chunks[0]["screen"].shape == (60, 1, 1)
    assert js.import_experanto(folder).names == ("field",)


def test_trials_names_and_phase_shifts_are_those_given(film, tmp_path):
    trials = [
        {"start_s": 0.0, "tier": "train", "stim_type": "a"},
        {"start_s": 12.0, "tier": "test", "stim_type": "b"},
    ]
    names = {"field": "responses", "trace": None, "level": "treadmill"}
    shifts = [0.0, 0.001, 0.002]
    (folder,) = js.export_experanto(
        film, tmp_path / "out", modality_names=names, trials=trials,
        phase_s={"field": shifts},
    )  # fmt: skip
    found = {path.parent.name for path in folder.glob("*/meta.yml")}
    assert found == {"screen", "responses", "treadmill"}
    assert np.load(folder / "responses/meta/phase_shifts.npy").tolist() == shifts
    chunks = js.ChunkDataset(
        folder, {"screen": js.Modality(20, 20)}, where="tier=='test'"
    )
    assert {chunks[i]["meta"]["t0_s"] >= 12 for i in range(len(chunks))} == {True}


def test_a_start_of_some_microseconds_is_a_number_for_them(tmp_path):
    late = recording_of(x=series(folders.ramp(99, 2), 10.0, "time node", 1e-5))
    (folder,) = js.export_experanto(late, tmp_path / "out")
    assert "1.0e-05" in (folder / "responses" / "meta.yml").read_text()
    assert plain(folder / "responses" / "meta.yml")["start_time"] == 1e-5


def test_every_run_of_a_batch_has_a_folder_and_a_key(tmp_path):
    values = np.stack([folders.ramp(200, 3), folders.ramp(200, 3) + 1])
    whole = series(values, 20.0, "time node", np.zeros(2))
    batch = js.Recording((whole,), ("activity",), np.ones(2, np.uint8))
    found = js.export_experanto(batch, tmp_path / "out")
    keys = [json.loads((f / "meta.json").read_text())["data_key"] for f in found]
    assert keys == ["recording-0", "recording-1"] == [f.name for f in found]
    cut = {"responses": js.Modality(20, 20)}
    assert len(js.ChunkDataset(found, cut).sessions) == 2


def test_what_cannot_be_exported_is_refused(film, tmp_path):
    two = recording_of(a=film["movie"], b=film["movie"])
    with pytest.raises(ValueError, match="'b' is a movie, and a folder has one screen"):
        js.export_experanto(two, tmp_path / "out")
    with pytest.raises(ValueError, match="has no 'feild'.*field"):
        js.export_experanto(film, tmp_path / "out", modality_names={"feild": "lfp"})
    with pytest.raises(ValueError, match="trials must start in order"):
        js.export_experanto(film, tmp_path / "out", trials=[{"start_s": 3.0}])
    assert not (tmp_path / "out").exists()
    js.export_experanto(film, tmp_path / "out")
    with pytest.raises(FileExistsError, match="exists already"):
        js.export_experanto(film, tmp_path / "out")
    js.export_experanto(film, tmp_path / "out", overwrite=True)
    short = recording_of(x=series(folders.ramp(9, 2), 10.0, "time node"))
    with pytest.warns(UserWarning, match="no chunk fits"):
        js.export_experanto(short, tmp_path / "short")


def test_a_foreign_folder_becomes_a_recording(made):
    found = js.import_experanto(made)
    assert found["screen"].values.shape == (1800, 6, 8)
    assert found["screen"].clock.rate_hz == 30.0
    assert (found["responses"].values == folders.ramp(481, 12)).all()


def test_damaged_folders_are_refused_with_their_file(made):
    told = json.loads((made / "responses" / "meta.yml").read_text())
    text = json.dumps(told | {"n_timestamps": 99})
    (made / "responses" / "meta.yml").write_text(text)
    with pytest.raises(ValueError, match=r"data.mem: 23088 bytes are not \(99, 12\)"):
        js.ChunkDataset(made, {"screen": js.Modality(30, 60)})
    (made / "responses" / "meta.yml").write_text(json.dumps({"modality": "smell"}))
    with pytest.raises(ValueError, match="'smell' is none of sequence"):
        js.ChunkDataset(made, {"screen": js.Modality(30, 60)})


@pytest.fixture
def folder(tmp_path):
    one = recording_of(x=series(folders.ramp(99, 2), 10.0, "time node"))
    return js.export_experanto(one, tmp_path / "out")[0]


@pytest.mark.parametrize(
    "file, text, sentence",
    [
        ("responses/meta.yml", ("10.0", "0"), "sampling_rate = 0 must be a number"),
        (
            "responses/meta.yml",
            ("10.0", ".nan"),
            "sampling_rate = nan must be a number",
        ),
        (
            "responses/meta.yml",
            ("10.0", "ten"),
            "sampling_rate = 'ten' must be a number",
        ),
        ("responses/meta.yml", ("modality:", "{{:"), "meta.yml: not YAML"),
        ("meta.json", ("{", ""), "meta.json is damaged"),
        ("meta.json", ('"responses"', '"replies"'), "lacks replies"),
    ],
)
def test_a_damaged_table_is_told_with_its_file(folder, file, text, sentence):
    told = folder / file
    told.write_text(told.read_text().replace(*text, 1))
    with pytest.raises(ValueError, match=sentence):
        js.import_experanto(folder)


def test_lost_data_are_told_with_their_file(folder):
    (folder / "responses" / "data.mem").unlink()
    with pytest.raises(FileNotFoundError, match="data.mem is missing"):
        js.import_experanto(folder)
    with pytest.raises(FileNotFoundError, match="data.mem is missing"):
        js.ChunkDataset(folder, {"responses": js.Modality(10, 5)})


@pytest.mark.parametrize("name", ["", "..", "meta.json"])
def test_a_name_that_is_no_folder_is_refused_and_nothing_written(tmp_path, name):
    one = recording_of(x=series(folders.ramp(99, 2), 10.0, "time node"))
    with pytest.raises(ValueError, match="'x' cannot be called"):
        js.export_experanto(one, tmp_path / "out", modality_names={"x": name})
    with pytest.raises(ValueError, match="all signals of 'recording' are left out"):
        js.export_experanto(one, tmp_path / "out", modality_names={"x": None})
    assert not list(tmp_path.iterdir())
