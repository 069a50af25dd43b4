"""Bad input is told in a sentence: what is wrong, and what each constraint left."""

import re

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.data.asked import checked_yes
from tests.data import folders
from tests.data.conftest import recording_of, series


BOTH = {"screen": js.Modality(30, 60), "responses": js.Modality(8, 16)}
A, B = js.Modality(20, 10), js.Modality(20, 10, offset=1.0)


def two(n=400, start_s=0.0):
    """Two signals at 20 Hz, the other one beginning later."""
    return recording_of(
        a=series(folders.ramp(400, 3), 20.0, "time node"),
        b=series(folders.ramp(n, 3), 20.0, "time node", start_s),
    )


def told(source, cut, **how):
    with pytest.raises(ValueError, match="no chunk meets all constraints") as error:
        js.ChunkDataset(source, cut, **how)
    return str(error.value)


def left(report, what):
    """Seconds that a constraint left: of the recording, and for starts of chunks."""
    found = re.search(rf"  {re.escape(what)} +([\d.]+) s, +([\d.]+) s for", report)
    assert found, report
    return float(found[1]), float(found[2])


def test_a_short_recording_tells_what_the_margin_left():
    report = told(two(), {"a": js.Modality(20, 385)})
    assert left(report, "a: recorded") == (19.95, 0.75)
    assert left(report, "a: margin 0.5 s") == (18.95, 0.0)
    assert report.endswith("chunks of 19.2 s that fit: 0")


def test_an_offset_out_of_range_tells_whose_window_left_no_start():
    report = told(two(), {"a": A, "b": js.Modality(20, 10, offset=19.8)})
    assert left(report, "a: margin 0.5 s") == (18.95, 18.5)
    assert left(report, "b: recorded") == (18.95, 0.0)


def test_a_modality_that_starts_late_tells_what_is_left_of_both():
    late = js.ChunkDataset(two(100, 15.0), {"a": A, "b": A})
    assert late.starts_s()[[0, -1]].tolist() == [15.5, 19.0]
    report = told(two(100, 150.0), {"a": A, "b": A})
    assert left(report, "b: recorded") == (0.0, 0.0)


def test_an_empty_filter_leaves_no_chunk_and_says_so():
    nothing = js.Modality(20, 10, filters=lambda track: [])
    report = told(two(), {"a": A, "b": nothing})
    assert "b: test_an_empty_filter" in report and "fit: 0" in report
    values = folders.ramp(400, 3)
    values[:, 1] = np.nan
    lost = recording_of(a=series(values, 20.0, "time node"))
    report = told(lost, {"a": js.Modality(20, 10, filters=js.nan_filter())})
    assert left(report, "a: NanFilter(vicinity_s=0.05)") == (0.0, 0.0)


def test_a_tier_that_is_too_short_for_a_chunk_says_so(made):
    report = told(made, BOTH | {"screen": js.Modality(30, 160)}, where={"tier": "test"})
    seconds, starts = left(report, "trials where {'tier': 'test'}")
    assert seconds == pytest.approx(10.0, abs=1e-3) and starts == 0.0
    with pytest.raises(ValueError, match="no trial is like that.*'train', 'test'"):
        js.ChunkDataset(made, BOTH, where={"tier": "oracle"})


@pytest.mark.parametrize(
    ("source", "error", "match"),
    [
        (None, TypeError, "a recording, a folder, or a list of these, not a NoneType"),
        (np.zeros(3), TypeError, "not a ndarray"),
        ({"a": 1}, TypeError, "not a dict"),
        ([], ValueError, "the list of sources is empty"),
        (js.Network(model=js.JansenRit()), TypeError, "not a Network"),
    ],
    ids=["nothing", "array", "mapping", "empty", "process"],
)
def test_a_source_that_is_none_is_refused(source, error, match):
    with pytest.raises(error, match=match):
        js.ChunkDataset(source, BOTH)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no\s+zarr.json.* nor a folder of experanto"):
        js.ChunkDataset(tmp_path, BOTH)


def test_words_of_a_dataset_are_refused_by_name(made, unhooked):
    def refused(match, cut=BOTH, error=ValueError, **how):
        with pytest.raises(error, match=match):
            js.ChunkDataset(made, cut, **how)

    refused("stride = 1.5 must be a whole number", stride=1.5)
    refused("margin = -1 must be 0 s or more", margin=-1)
    refused("seed = None must be a whole number", seed=None)
    refused("where=3 must be a mapping", where=3, error=TypeError)
    refused("params must be paths", params=3, error=TypeError)
    refused("out = .*samples would hold nothing", out=[])
    unfit = js.Modality(8, 4, normalize=(np.zeros(3), np.ones(3)))
    refused(r"shape \(3,\) do not fit samples of shape \(12,\)", {"responses": unfit})
    for word, value in (
        ("filters", None),
        ("filters", 3),
        ("fill", np.zeros(2)),
        ("normalize", ("a", "b")),
        ("dtype", object),
        ("dtype", "U3"),
    ):
        with pytest.raises(ValueError, match=rf"Modality.{word} = "):
            js.Modality(30, 60, **{word: value})


def test_a_transform_must_give_arrays_of_one_shape(made):
    nothing = js.ChunkDataset(
        made, {"screen": js.Modality(30, 3, transform=lambda frames: None)}
    )
    with pytest.raises(TypeError, match="of 'screen' gave a NoneType, and no array"):
        nothing[0]
    ragged = js.Modality(30, 3, transform=lambda x: x[: int(x[0, 0, 0]) % 3 + 1])
    with pytest.raises(ValueError, match="a transform that has no one shape"):
        js.ChunkDataset(made, {"screen": ragged}).__getitems__([0, 1, 2])


def test_complex_numbers_are_not_normalised_silently():
    values = folders.ramp(400, 3) * np.complex64(1j)
    source = recording_of(a=series(values, 20.0, "time node"))
    with pytest.raises(ValueError, match="its numbers are complex"):
        js.ChunkDataset(source, {"a": js.Modality(20, 10, normalize="zscore")})


def test_states_that_stand_nowhere_are_refused(made):
    batches = js.ChunkDataset(made, BOTH).batches(2)
    state = batches.state_dict()
    n = len(batches)
    for bad in ({"position": -5}, {"position": n + 1}, {"epoch": "two"}):
        with pytest.raises(ValueError, match=rf"an epoch has {n} batches"):
            batches.set_state(state | bad)
    with pytest.raises(TypeError, match="a state is what state_dict"):
        batches.load_state_dict(None)
    batches.set_state(state | {"position": n})  # an epoch's end: nothing is left of it
    assert list(batches) == [] and batches.get_state()["epoch"] == 1


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda b: b[:390] + bytes([b[390] ^ 1]) + b[391:], "checksum differs"),
        (lambda b: b[:-40], "is damaged"),
        (lambda b: b[:-40] + b[-20:] * 2, "index"),
        (lambda b: b"", "is cut"),
    ],
    ids=["a bit", "its end", "its index", "all"],
)
def test_a_damaged_movie_is_never_handed_out(film, tmp_path, change, match):
    js.save(film, tmp_path / "film.zarr")
    chunks = js.ChunkDataset(tmp_path / "film.zarr", {"movie": js.Modality(20, 8)})
    assert chunks[0]["movie"][0, 0, 0] == 10
    file = next(tmp_path.rglob("movie/movie/c.0.0.0"))
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(ValueError, match=rf"cannot be trusted, .* {match}"):
        chunks[0]
    file.unlink()
    with pytest.raises(ValueError, match="is missing"):
        chunks[0]


def test_every_run_of_a_batch_of_movies_is_read_from_its_own_shards(tmp_path):
    frames = np.arange(2 * 150, dtype=np.uint16).reshape(2, 150, 1, 1)
    frames = frames + np.zeros((1, 1, 3, 5), np.uint16)
    whole = series(frames, 10.0, "time y x", np.zeros(2))
    batch = js.Recording((whole,), ("movie",), np.ones(2, np.uint8))
    js.save(batch, tmp_path / "batch.zarr")
    cut = {"movie": js.Modality(10, 70)}
    ours, memory = (
        js.ChunkDataset(source, cut, margin=0)
        for source in (tmp_path / "batch.zarr", batch)
    )
    assert len(ours) == len(memory) == 2 * 81
    for i in range(0, len(ours), 7):
        assert (ours[i]["movie"] == memory[i]["movie"]).all()
    assert isinstance(jax.device_get(next(iter(ours.batches(4)))["movie"]), np.ndarray)


def test_a_mixture_of_one_dataset_is_a_list_of_one():
    one = js.ChunkDataset(two(), {"a": A})
    with pytest.raises(TypeError, match="a list of ChunkDatasets, not of one Chunk"):
        js.SessionMixture(one)
    assert len(js.SessionMixture([one])) == len(one)


def test_batches_that_are_not_there_have_no_indices():
    batches = js.ChunkDataset(two(), {"a": A}).batches(7)
    for epoch, position in ((0, len(batches)), (0, -1), (-1, 0)):
        with pytest.raises(IndexError, match=f"an epoch has {len(batches)} batches"):
            batches.indices(epoch, position)


def test_a_word_is_no_yes():
    with pytest.raises(TypeError, match="shuffle = 'no' must be True or False"):
        checked_yes("shuffle", "no")


def test_a_condition_that_gives_an_array_is_told():
    source = two().with_trials([{"start_s": 0.0, "tier": "train"}])
    for where in ({"tier": np.array(["train", "test"])}, lambda row: np.ones(2)):
        with pytest.raises(ValueError, match="gives no yes or no"):
            js.ChunkDataset(source, {"a": A}, where=where)


def test_infinite_numbers_leave_mean_and_std_as_they_are():
    values = np.random.default_rng(0).normal(7.0, 3.0, (400, 2)).astype(np.float32)
    broken = values.copy()
    broken[50, 1] = np.inf
    source = recording_of(a=series(broken, 20.0, "time node"))
    chunks = js.ChunkDataset(source, {"a": js.Modality(20, 10, normalize="zscore")})
    low = round(chunks.starts_s()[100] * 20)
    mean = np.array([values[:, 0].mean(), np.delete(values[:, 1], 50).mean()])
    std = np.array([values[:, 0].std(), np.delete(values[:, 1], 50).std()])
    expected = (values[low : low + 10] - mean) / std
    np.testing.assert_allclose(chunks[100]["a"], expected, rtol=1e-4, atol=1e-5)
