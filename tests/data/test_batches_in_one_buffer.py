"""Batches lie in one buffer, whoever asks for them, and mix sessions as told."""

import json

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.data.stacked import Stack
from tests.data import folders
from tests.data.conftest import recording_of, series


CUT = {
    "screen": js.Modality(30, 12),
    "responses": js.Modality(8, 4, normalize="scale"),
    "eye_tracker": js.Modality(25, 10, interp="linear"),
}


def same(one, other):
    assert set(one) == set(other)
    for name, part in one.items():
        if isinstance(part, dict):
            same(part, other[name])
        else:
            assert part.dtype == other[name].dtype
            np.testing.assert_array_equal(part, other[name])


def test_many_items_are_the_items_in_rows_of_one_buffer(made):
    chunks = js.ChunkDataset(made, CUT)
    indices = [3, 900, 0, 3, -1]
    rows = chunks.__getitems__(indices)
    assert isinstance(rows, Stack) and len(rows) == 5
    for row, index in zip(rows, indices, strict=True):
        same(row, chunks[index])
        assert np.shares_memory(row["screen"], rows.whole["screen"])
    assert js.collate(rows) is rows.whole
    same(js.collate([chunks[i] for i in indices]), rows.whole)


def test_frames_are_read_into_the_buffer_and_not_copied(made, monkeypatch):
    chunks = js.ChunkDataset(made, CUT)
    track, places = chunks.sessions[0].tracks["screen"], []
    read = track.read

    def seen(low, high, out=None):
        places.append(out)
        return read(low, high, out)

    monkeypatch.setattr(track, "read", seen)
    batch = chunks.batches(4, shuffle=False).read(0, 0)
    assert places[0] is None
    assert all(np.shares_memory(place, batch["screen"]) for place in places[1:])
    on_device = jax.device_put(batch["screen"], jax.devices("cpu")[0])
    assert on_device.unsafe_buffer_pointer() == batch["screen"].ctypes.data


def test_a_batch_of_nothing_is_refused(made):
    with pytest.raises(ValueError, match="a batch needs one chunk or more"):
        js.ChunkDataset(made, CUT).__getitems__([])


@pytest.fixture
def unlike(tmp_path):
    """Two sessions of other shapes and lengths."""
    for name, n, seconds in (("few", 2, 20), ("many", 3, 60)):
        values = folders.ramp(seconds * 10, n)
        recording = recording_of(x=series(values, 10.0, "time node"))
        js.save(recording, tmp_path / f"{name}.zarr")
    return [tmp_path / "few.zarr", tmp_path / "many.zarr"]


def test_sessions_of_other_shapes_have_batches_of_their_own(unlike):
    chunks = js.ChunkDataset(unlike, {"x": js.Modality(10, 20, normalize="zscore")})
    shapes = {batch["x"].shape for batch in chunks.batches(8)}
    assert shapes == {(8, 20, 2), (8, 20, 3)}
    with pytest.raises(ValueError, match="'x' has shape .* of another session"):
        chunks.__getitems__([0, len(chunks) - 1])


@pytest.mark.parametrize(
    "mix", [{"few.zarr": 3, "many.zarr": 1}, (3, 1), np.array([0.75, 0.25])]
)
def test_weights_are_shares_of_the_batches(unlike, mix):
    chunks = js.ChunkDataset(unlike, {"x": js.Modality(10, 20)})
    batches = chunks.batches(8, mix=mix)
    found = [
        int(chunks.session_of[batches.indices(0, p)[0]]) for p in range(len(batches))
    ]
    n = len(found)
    assert found.count(0) == round(0.75 * n) and found != sorted(found)
    few = len(chunks.starts[0]) // 8  # whole passes through the shorter session
    mine = [
        batches.indices(epoch, p)
        for epoch in range(2)
        for p in range(n)
        if chunks.session_of[batches.indices(epoch, p)[0]] == 0
    ]
    each, passes = np.unique(np.concatenate(mine), return_counts=True)
    assert len(mine) > 2 * few and passes.max() - passes.min() <= 2
    assert len(json.dumps(batches.get_state())) < 1000


def test_chunks_of_all_sessions_in_one_batch_are_each_normalised_by_their_own(tmp_path):
    paths = [
        folders.folder(tmp_path / f"s{i}", seconds, key=f"s{i}")
        for i, seconds in enumerate((10, 20))
    ]
    cut = {"responses": js.Modality(8, 4, normalize="zscore")}
    chunks = js.ChunkDataset(paths, cut)
    (batch,) = list(chunks.batches(len(chunks) // 2 + 1, one_session=False))
    assert set(batch["meta"]["session"].tolist()) == {0, 1}
    for row, index in enumerate(batch["meta"]["index"].tolist()):
        expected = chunks[index]["responses"]
        assert np.asarray(batch["responses"][row]) == pytest.approx(expected, abs=1e-5)


def test_a_mixture_joins_datasets_cut_each_in_its_own_way(unlike, made):
    ours = js.ChunkDataset(unlike, {"x": js.Modality(10, 20)}, stride=12)
    cut = {"responses": js.Modality(8, 4, normalize="scale")}
    theirs = js.ChunkDataset(made, cut, stride=12)
    mixture = js.SessionMixture([ours, theirs], seed=4)
    assert len(mixture) == len(ours) + len(theirs)
    assert (mixture[-1]["responses"] == theirs[-1]["responses"]).all()
    assert (mixture[5]["x"] == ours[5]["x"]).all()
    assert mixture[-1]["meta"]["session"] == 2
    kinds = [
        next(iter(batch)) for batch in mixture.batches(8, mix=[1, 0, 1], prefetch=3)
    ]
    assert 0 < kinds.count("responses") == round(len(kinds) / 2)
    first = list(mixture.batches(8, workers=0))
    second = list(mixture.batches(8, workers=3))
    for one, other in zip(first, second, strict=True):
        assert (one["meta"]["index"] == other["meta"]["index"]).all()


def test_mixtures_that_cannot_be_are_refused(unlike, made):
    chunks = js.ChunkDataset(unlike, {"x": js.Modality(10, 20)})

    def refused(match, of=chunks, error=ValueError, **how):
        with pytest.raises(error, match=match):
            of.batches(8, **how)

    refused("mix = 'longst' is not one of.*longest", mix="longst")
    refused("there is no session 'fw.zarr'.*few.zarr", mix={"fw.zarr": 1.0})
    refused("a weight for each of the 2 sessions few.zarr, many.zarr", mix=[1.0])
    refused("weights must be 0 or more", mix=[1.0, -1.0])
    refused("weights must be 0 or more", mix=[0.0, 0.0])
    refused("goes with mix=", mix="longest", one_session=False)
    with pytest.raises(ValueError, match="two sessions are called 'few.zarr'"):
        js.SessionMixture([chunks, chunks])
    with pytest.raises(TypeError, match="of ChunkDatasets, not of"):
        js.SessionMixture([made])
    with pytest.raises(ValueError, match="one ChunkDataset or more"):
        js.SessionMixture([])
    for word, value in (("batch", 0), ("workers", -1), ("prefetch", 0)):
        how = {"batch": 8} | {word: value}
        with pytest.raises(ValueError, match=rf"{word} = {value} must be a whole"):
            chunks.batches(**how)
