"""save and load: bit for bit, readable without us, never half."""

import json
import os

import jax
import numpy as np
import pytest
import xarray as xr

import jaxsim as js
from jaxsim.core.declared import KINDS
from jaxsim.store.archive import read_document
from tests.store.examples import (
    batch,
    big,
    camera,
    nested,
    plain,
    same,
    small_recording,
)
from tests.toys import AbstractToyDrive, ToyNodes


def open_tree(path):
    return xr.open_datatree(path, engine="zarr", consolidated=False)


def test_a_recording_comes_back_bit_for_bit_with_what_made_it(tmp_path, getkey):
    process, key = camera(), getkey()
    record = ("movie", "activity", "render.movie", "vignette")
    recording = js.simulate(process, key, record)
    back = js.load(js.save(recording, tmp_path / "r.zarr"))
    assert same(back, recording)
    assert js.digest(back.process, back.key) == js.digest(process, key)
    assert same(js.simulate(back.process, back.key, back.names), recording)
    assert all(isinstance(s.values, np.ndarray) for s in back.series)


@pytest.mark.parametrize("make", [small_recording, batch])
def test_a_store_is_the_tree_that_xarray_opens_by_itself(make, tmp_path):
    recording = make()
    back = js.load(js.save(recording, tmp_path / "r.zarr"))
    tree = open_tree(tmp_path / "r.zarr")
    assert same(back, recording)
    for other in (recording.to_xarray(), back.to_xarray()):
        xr.testing.assert_equal(tree, other)
    lfp = tree["recording/lfp"].lfp
    assert lfp.attrs == {"units": "mV", "long_name": "potential"}
    assert lfp.dims[-2:] == ("time", "region")
    assert list(tree["recording/lfp"].region.values) == ["left", "rechts é"]
    assert tree["recording/lfp"].time.attrs["units"] == "s"


def test_a_simulated_store_is_the_same_tree_too(tmp_path, getkey):
    recording = js.simulate(camera(), getkey(), ("movie", "render.movie", "vignette"))
    js.save(recording, tmp_path / "r.zarr")
    tree = open_tree(tmp_path / "r.zarr")
    xr.testing.assert_equal(tree, recording.to_xarray())
    xr.testing.assert_equal(tree, js.load(tmp_path / "r.zarr").to_xarray())
    assert tree["recording/movie"].movie.dims == ("frame", "height", "width")
    assert tree["truth/render/movie"].movie.dims == ("frame", "height", "width")
    assert tree["process/nodes/weights"].weights.dims == ("region_to", "region_from")


def test_the_design_comes_back_as_named_coordinates(tmp_path):
    back = js.load(js.save(batch(), tmp_path / "r.zarr"))
    assert back.design == batch().design and back.design.shape == (2, 3)
    lfp = back.to_xarray()["recording/lfp"].lfp
    picked = lfp.sel({"nodes.level": 2.0, "leak.fraction": 0.4})
    assert np.array_equal(picked.values, batch()["lfp"].values[1, 1])


def test_a_swept_recording_is_saved_and_loaded(tmp_path, getkey):
    design = js.grid({"leak.fraction": [0.1, 0.4], "nodes.level": [1.0, 2.0, 3.0]})
    runs = js.sweep(plain(), design, getkey(), ("trace",), progress=False)
    back = js.load(js.save(runs, tmp_path / "r.zarr"))
    assert same(back, runs)
    assert back.design == runs.design
    xr.testing.assert_equal(open_tree(tmp_path / "r.zarr"), runs.to_xarray())


def test_provenance_says_versions_date_and_key(tmp_path, getkey):
    key = getkey()
    js.save(js.simulate(plain(), key), tmp_path / "r.zarr")
    about = open_tree(tmp_path / "r.zarr").attrs["jaxsim"]
    assert about["versions"]["jax"] == jax.__version__
    assert set(about["versions"]) >= {"jaxsim", "numpy", "zarr", "python"}
    assert about["written"].startswith("20") and about["format"] == 1
    assert about["process"] == js.to_spec(plain())
    data = np.asarray(jax.random.key_data(key))
    assert about["key"] == {"impl": "fry", "data": data.tolist()} or (
        about["key"]["data"] == data.tolist()
    )


def test_keys_of_every_kind_come_back(tmp_path):
    for i, kind in enumerate(("threefry2x32", "rbg", "unsafe_rbg")):
        key = jax.random.key(3, impl=kind)
        made = small_recording().made_by(plain(), key)
        back = js.load(js.save(made, tmp_path / f"{i}.zarr"))
        assert back.key.dtype == key.dtype
        assert np.array_equal(jax.random.key_data(back.key), jax.random.key_data(key))


def test_nothing_is_pickled_and_nothing_is_consolidated(tmp_path):
    js.save(
        batch().made_by(big(), jax.random.key(0), batch().design), tmp_path / "r.zarr"
    )
    metadata = list((tmp_path / "r.zarr").rglob("zarr.json"))
    for path in metadata:
        text = path.read_text()
        assert "pickle" not in text and "consolidated_metadata" not in text
        about = json.loads(text)
        if about["node_type"] == "array":
            codecs = [c["name"] for c in about["codecs"]]
            assert "crc32c" in codecs and "zstd" in codecs
    assert len(metadata) > 10


def test_movies_of_a_camera_lie_in_shards_and_uncompressed(tmp_path):
    card = js.Signal("time y x", "1", "counts", observed=True)
    values = np.arange(150 * 4 * 5, dtype=np.uint16).reshape(150, 4, 5)
    series = js.Series(values, js.Clock(np.zeros((), np.float32), 30.0), card)
    recording = js.Recording((series,), ("movie",), np.asarray(1, np.uint8))
    back = js.load(js.save(recording, tmp_path / "m.zarr"))
    assert same(back, recording)
    about = json.loads(
        (tmp_path / "m.zarr/recording/movie/movie/zarr.json").read_text()
    )
    assert about["chunk_grid"]["configuration"]["chunk_shape"] == [64, 4, 5]
    inner = about["codecs"][0]["configuration"]
    assert inner["chunk_shape"] == [8, 4, 5]
    assert [c["name"] for c in inner["codecs"]] == ["bytes", "crc32c"]
    xr.testing.assert_equal(open_tree(tmp_path / "m.zarr"), recording.to_xarray())


@pytest.mark.parametrize(
    "dtype", ["float16", "float64", "int32", "uint8", "bool", "complex64"]
)
def test_every_plain_type_comes_back(dtype, tmp_path):
    values = np.asarray([[0, 1], [2, 3]]).astype(dtype)
    series = js.Series(values, None, js.Signal("a b", "1", "anything"))
    recording = js.Recording((series,), ("x",), np.asarray(1, np.uint8))
    assert same(js.load(js.save(recording, tmp_path / "r.zarr")), recording)


def test_runs_that_begin_at_different_times_come_back(tmp_path):
    one = batch()["lfp"]
    start = np.arange(6, dtype=np.float32).reshape(2, 3)
    series = js.Series(one.values, js.Clock(start, 100.0), one.card, one.labels)
    recording = js.Recording((series,), ("lfp",), batch().status)
    back = js.load(js.save(recording, tmp_path / "r.zarr"))
    assert same(back, recording)
    xr.testing.assert_equal(open_tree(tmp_path / "r.zarr"), recording.to_xarray())


def test_a_recording_whose_class_is_gone_keeps_its_numbers(tmp_path, getkey):
    class ToyGone(AbstractToyDrive):
        level: js.Param = js.param(1.0, "1/s", (0.0, 1.0), "constant input")

    try:
        recording = js.simulate(ToyNodes(drive=ToyGone()), getkey())
        js.save(recording, tmp_path / "r.zarr")
    finally:
        del KINDS["ToyGone"]
    with pytest.warns(UserWarning, match="kind 'ToyGone' is unknown here"):
        back = js.load(tmp_path / "r.zarr")
    assert same(back, recording) and back.process is None
    assert read_document(tmp_path / "r.zarr")[0]["drive"]["kind"] == "ToyGone"


def test_a_process_without_a_document_does_not_stop_a_save(tmp_path, getkey):
    from jaxsim.testing import GivenSignals

    process = GivenSignals((small_recording()["lfp"],), ("lfp",))
    recording = js.simulate(process, getkey())
    with pytest.warns(UserWarning, match="is not kept with its recording"):
        js.save(recording, tmp_path / "r.zarr")
    assert same(js.load(tmp_path / "r.zarr"), recording)


PLACES = ["p.json", "p.yaml", "p.yml", "p.toml", "p.zarr", "p"]


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("make", [nested, big])
def test_a_process_comes_back_from_every_kind_of_file(make, name, tmp_path):
    process = make()
    js.save(process, tmp_path / "folder" / name)
    back = js.load(tmp_path / "folder" / name)
    assert js.digest(back) == js.digest(process)
    assert not list(tmp_path.rglob("*.partial*"))


def test_a_process_file_is_one_that_a_person_could_have_written(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(
        "kind: Pipeline\nsteps:\n- {name: nodes, kind: ToyNodes, level: 15e-1}\n"
        "- {name: leak, kind: ToyLeak}\n"
    )
    assert float(js.get(js.load(path), "nodes.level")) == 1.5
    path.write_text(path.read_text().replace("15e-1", "15"))
    with pytest.raises(ValueError, match=r"p.yaml: nodes.level = 15.0 1/s is outside"):
        js.load(path)


def test_big_arrays_of_a_text_file_lie_beside_it(tmp_path):
    js.save(big(), tmp_path / "p.yaml")
    js.save(big(), tmp_path / "p.toml")
    assert (tmp_path / "p.yaml").stat().st_size < 1000
    names = os.listdir(tmp_path / "p.arrays.zarr")
    assert len([n for n in names if len(n) == 64]) == 1
    assert js.digest(js.load(tmp_path / "p.yaml")) == js.digest(big())
    (tmp_path / "p.arrays.zarr").rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="nodes.weights: the array .* is not among"):
        js.load(tmp_path / "p.yaml")


def test_a_taken_name_is_refused_and_replaced_on_request(tmp_path):
    for name, one, other in (
        ("r.zarr", small_recording(), small_recording(2.0)),
        ("p.yaml", plain(), nested()),
        ("p.zarr", plain(), big()),
    ):
        path = tmp_path / name
        js.save(one, path)
        with pytest.raises(FileExistsError, match=f"{name} exists already.*overwrite"):
            js.save(other, path)
        js.save(other, path, overwrite=True)
        back = js.load(path)
        if isinstance(one, js.Recording):
            assert same(back, other)
        else:
            assert js.digest(back) == js.digest(other)
    assert sorted(os.listdir(tmp_path)) == ["p.yaml", "p.zarr", "r.zarr"]


def test_what_is_not_ours_is_never_overwritten(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years")
    (tmp_path / "package.json").write_text('{"name": "theirs"}')
    with pytest.raises(FileExistsError, match="not written by jaxsim"):
        js.save(small_recording(), tmp_path / "home", overwrite=True)
    with pytest.raises(FileExistsError, match="not written by jaxsim"):
        js.save(plain(), tmp_path / "package.json", overwrite=True)
    assert (tmp_path / "home" / "thesis.tex").read_text() == "years"


def test_what_cannot_be_saved_is_said(tmp_path, unhooked):
    with pytest.raises(
        TypeError, match="save takes a recording or a process, not list"
    ):
        js.save([1, 2], tmp_path / "x")
    with pytest.raises(ValueError, match="a recording is a folder.*call it r.zarr"):
        js.save(small_recording(), tmp_path / "r.json")
    with pytest.raises(ValueError, match="does not write .h5 files; call it r.zarr"):
        js.save(small_recording(), tmp_path / "r.h5")

    def inside(x):
        js.save(
            js.Recording((small_recording()["lfp"].times(x),), ("a",), x),
            tmp_path / "x",
        )

    with pytest.raises(TypeError, match="being traced by JAX"):
        jax.jit(inside)(np.float32(1.0))
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_loaded_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.zarr: there is no such file"):
        js.load(tmp_path / "none.zarr")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="is no zarr store"):
        js.load(tmp_path / "empty")
    xr.Dataset({"a": ("x", [1.0])}).to_zarr(tmp_path / "x.zarr", consolidated=False)
    with pytest.raises(ValueError, match="was not written by jaxsim"):
        js.load(tmp_path / "x.zarr")
    (tmp_path / "x.csv").write_text("1,2")
    with pytest.raises(ValueError, match="a process file ends in .json"):
        js.load(tmp_path / "x.csv")


def test_the_home_folder_may_be_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    js.save(small_recording(), "~/r.zarr")
    assert same(js.load("~/r.zarr"), small_recording())
