"""Chunks: which there are, what is in them, and what is refused."""

import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pytest

import jaxsim as js
from jaxsim.data.order import shuffled
from jaxsim.data.session import sessions_of
from jaxsim.data.tracks import Track
from tests.data import folders
from tests.data.conftest import recording_of, series


BOTH = {"screen": js.Modality(30, 60), "responses": js.Modality(8, 16)}


def test_the_face_keeps_the_declaration_called_data():
    assert callable(js.data) and js.data.__module__ == "jaxsim.core.param"


def test_a_sample_has_one_shape_everywhere_and_says_where_it_is_from(made):
    chunks = js.ChunkDataset(made, BOTH)
    shapes = {
        tuple((name, sample[name].shape, sample["mask"][name].shape) for name in BOTH)
        for sample in (chunks[0], chunks[len(chunks) // 2], chunks[-1])
    }
    assert shapes == {
        (("screen", (60, 6, 8), (60,)), ("responses", (16, 12), (16, 12)))
    }
    sample = chunks[7]
    assert sample["screen"].dtype == np.uint8 and sample["mask"]["screen"].all()
    assert (sample["meta"]["session"], sample["meta"]["index"]) == (0, 7)
    first = round(float(sample["meta"]["t0_s"]) * 30)
    assert (sample["screen"][:, 0, 0] == (first + np.arange(60)) % 251).all()


def test_a_stream_at_its_own_rate_gives_its_own_samples_in_all_chunks(made):
    chunks = js.ChunkDataset(made, {"eye_tracker": js.Modality(20, 10)}, margin=0)
    whole = np.sin(np.arange(1201)[:, None] / 50 + np.arange(4)).astype(np.float32)
    assert len(chunks) == 1192
    for i in range(len(chunks)):
        assert (chunks[i]["eye_tracker"] == whole[i : i + 10]).all()


def test_every_window_lies_inside_its_own_stream(made):
    shifted = {
        "screen": js.Modality(30, 60),
        "responses": js.Modality(8, 16, offset=1.0),
        "eye_tracker": js.Modality(20, 80, offset=-2.0),
    }
    chunks = js.ChunkDataset(made, shifted)
    first, last = chunks[0], chunks[-1]
    assert first["meta"]["t0_s"] == 2.5  # 0.5 s of margin before its eye tracker
    ends = [last["mask"][name].all() for name in shifted]
    t0 = float(last["meta"]["t0_s"])
    assert all(ends)
    assert t0 + 1.0 + 15 / 8 <= 60 - 0.5 < t0 + 1 / 30 + 1.0 + 15 / 8


def test_time_stamps_are_from_the_start_of_the_chunk_or_of_the_clock(made):
    chunks = js.ChunkDataset(made, {"responses": js.Modality(8, 4, 0.25)})
    assert chunks[9]["timestamps"]["responses"].tolist() == [0.25, 0.375, 0.5, 0.625]
    told = {"responses": js.Modality(8, 4, 0.25)}
    absolute = js.ChunkDataset(made, told, relative_time=False)[9]
    expected = absolute["meta"]["t0_s"] + 0.25 + np.arange(4) / 8
    assert (absolute["timestamps"]["responses"] == expected).all()


@pytest.mark.parametrize(
    "where",
    [
        {"tier": "test"},
        "tier == 'test'",
        "not (tier in ['train', 'validation'])",
        lambda trial: trial["tier"] == "test",
    ],
)
def test_conditions_in_four_ways_choose_the_same_trials(made, where):
    chunks = js.ChunkDataset(made, BOTH, where=where)
    starts = np.array([chunks[i]["meta"]["t0_s"] for i in range(len(chunks))])
    trial = starts // 5
    assert set(trial % 5) == {3.0}
    assert ((starts + 59 / 30) // 5 == trial).all()
    assert len(chunks) == 2 * (150 - 59)


def test_a_list_of_conditions_is_any_of_them_on_any_column(made):
    where = [{"tier": "train", "valid_trial": False}, {"first_frame_idx": 450}]
    chunks = js.ChunkDataset(made, BOTH, where=where)
    starts = np.array([chunks[i]["meta"]["t0_s"] for i in range(len(chunks))])
    assert set((starts // 5).astype(int)) == {1, 3, 5, 7, 11}


def test_chunks_may_go_on_into_the_next_accepted_trial_unless_told(made):
    train = {"tier": "train"}
    free = js.ChunkDataset(made, BOTH, where=train)
    kept = js.ChunkDataset(made, BOTH, where=train, span="trial")
    assert len(kept) < len(free)
    for i in range(len(kept)):
        start = float(kept[i]["meta"]["t0_s"])
        assert (start + 1e-9) // 5 == (start + 59 / 30) // 5


def test_blanks_are_taken_with_a_condition_unless_told(tmp_path):
    root = tmp_path / "made"
    root.mkdir()
    trials = [("image", 1, {"tier": "train"}), ("blank", 1, {"interleave_value": 9})]
    folders.screen(root, trials * 20, np.arange(40.0))
    cut = {"screen": js.Modality(4, 2)}
    with_blanks = js.ChunkDataset(root, cut, where={"tier": "train"})
    without = js.ChunkDataset(root, cut, where="tier == 'train'", include_blanks=False)
    assert len(with_blanks) == 152 and len(without) == 57
    shown = {float(v) for i in range(152) for v in with_blanks[i]["screen"].flat}
    assert shown == {9.0, *(float(i) for i in range(0, 40, 2))}


def test_a_filter_cuts_windows_of_its_own_modality_alone(tmp_path):
    root = folders.folder(tmp_path / "made", nan=3)
    near = js.nan_filter(vicinity=0.05)
    eye = js.Modality(20, 20, offset=1.0, filters=near)
    chunks = js.ChunkDataset(root, {"screen": js.Modality(30, 30), "eye_tracker": eye})
    assert all(np.isfinite(chunks[i]["eye_tracker"]).all() for i in range(len(chunks)))
    starts = np.array([chunks[i]["meta"]["t0_s"] for i in range(len(chunks))])
    for hole in (37, 134, 231):
        before = starts + 1.95 <= hole / 20 - 0.05 + 1e-6
        assert (before | (starts + 1 >= hole / 20 + 0.05 - 1e-6)).all()


def test_missing_samples_are_filled_and_masked(tmp_path):
    root = folders.folder(tmp_path / "made", nan=9)
    for fill, expected in (("mask", 0.0), ("mean", None), (-7.0, -7.0)):
        cut = {"eye_tracker": js.Modality(20, 300, fill=fill)}
        sample = js.ChunkDataset(root, cut)[0]
        mask, values = sample["mask"]["eye_tracker"], sample["eye_tracker"]
        assert (~mask).sum() == 3 and not mask[:, 1].all() and mask[:, 0].all()
        if expected is None:
            expected = np.load(root / "eye_tracker/meta/means.npy")[0, 1]
        assert values[~mask] == pytest.approx(expected, abs=1e-6)


def test_normalising_uses_the_statistics_of_the_recording(made):
    cut = {
        "screen": js.Modality(30, 60, normalize=(80.0, 60.0)),
        "responses": js.Modality(8, 16, normalize="scale"),
        "treadmill": js.Modality(20, 40, normalize="zscore"),
    }
    chunks, plain = (
        js.ChunkDataset(made, c)
        for c in (cut, {n: js.Modality(m.rate, m.chunk) for n, m in cut.items()})
    )
    ours, raw = chunks[50], plain[50]
    assert {ours[name].dtype for name in cut} == {np.dtype(np.float32)}
    expected = (raw["screen"].astype(np.float32) - 80) / 60
    assert ours["screen"] == pytest.approx(expected, rel=1e-6)
    std = folders.ramp(481, 12).std(0, dtype=float)
    assert ours["responses"] == pytest.approx(raw["responses"] / std, rel=1e-5)
    wheel = np.load(made / "treadmill/data.npy").astype(float)
    expected = (raw["treadmill"] - wheel.mean(0)) / wheel.std(0)
    assert ours["treadmill"] == pytest.approx(expected, abs=1e-5)


def test_statistics_of_a_store_are_found_once(film, tmp_path, monkeypatch):
    store = js.save(film, tmp_path / "film.zarr")
    cut = {"trace": js.Modality(8, 16, normalize="zscore")}
    first = js.ChunkDataset(store, cut)[3]["trace"]
    with monkeypatch.context() as patch:
        patch.setattr(Track, "blocks", None)  # nothing is read for them
        assert np.array_equal(js.ChunkDataset(store, cut)[3]["trace"], first)
    (file,) = (tmp_path / "cache").rglob("statistics/*.json")
    file.write_text("{}")  # damaged: found again
    assert np.array_equal(js.ChunkDataset(store, cut)[3]["trace"], first)
    twice = js.Recording(
        (film["trace"].with_values(2 * film["trace"].values),), ("trace",), film.status
    )
    js.save(twice, store, overwrite=True)
    assert js.ChunkDataset(store, cut)[3]["trace"] == pytest.approx(first, abs=1e-5)


def test_a_lower_rate_averages_or_counts(film):
    def at(interp, rate=25):
        return js.ChunkDataset(film, {"field": js.Modality(rate, 8, interp=interp)})

    picked, mean, total = (at(how)[3]["field"] for how in ("previous", "mean", "count"))
    assert mean == pytest.approx(picked + 2.0, rel=1e-6)  # of five samples
    assert total == pytest.approx(5 * mean, rel=1e-6)
    up = at("mean", 250)[3]["field"]  # no new sample in every second box
    assert (up[::2] == up[1::2]).all()


def test_averages_at_a_rate_that_does_not_divide_are_those_of_a_loop(film):
    rate = 30000 / 1001
    chunks = js.ChunkDataset(film, {"field": js.Modality(rate, 40, interp="mean")})
    values, t0 = chunks[11]["field"], float(chunks[11]["meta"]["t0_s"])
    times, data = 0.5 + np.arange(3600) / 125, folders.ramp(3600, 3)
    for n in range(40):
        low, high = t0 + n / rate, t0 + (n + 1) / rate
        inside = data[(times >= low - 1e-9) & (times < high - 1e-9)]
        assert values[n] == pytest.approx(inside.mean(0), rel=1e-6)


def test_linear_and_nearest_are_those_of_numpy(film):
    for interp in ("linear", "nearest"):
        cut = {"trace": js.Modality(30, 50, offset=0.013, interp=interp)}
        chunks = js.ChunkDataset(film, cut, relative_time=False)
        sample = chunks[17]
        times, data = sample["timestamps"]["trace"], folders.ramp(240, 5)
        x = times * 8
        if interp == "nearest":
            expected = data[np.floor(x + 0.5).astype(int)]
        else:
            expected = np.stack([np.interp(x, np.arange(240), c) for c in data.T], 1)
        assert sample["trace"] == pytest.approx(expected, rel=1e-6)


def test_a_function_of_your_own_interpolates(film):
    def middle(track, times):
        index = np.round((times - float(track.start)) * float(track.rate)).astype(int)
        return np.stack([track.read(i - 1, i + 2).mean(0) for i in index.tolist()])

    plain = js.ChunkDataset(film, {"trace": js.Modality(8, 6)})
    own = js.ChunkDataset(film, {"trace": js.Modality(8, 6, interp=middle)})
    assert own[9]["trace"] == pytest.approx(plain[9]["trace"], rel=1e-6)  # of a ramp
    assert own[9]["mask"]["trace"].all() and "middle" in repr(own.modalities["trace"])
    short = js.Modality(8, 6, interp=lambda track, times: track.read(0, 3))
    with pytest.raises(ValueError, match=r"gave values of shape \(3, 5\) for 6 times"):
        js.ChunkDataset(film, {"trace": short})[0]


def test_phase_shifts_move_each_signal_on_its_own(tmp_path):
    root = folders.folder(tmp_path / "made", phase=True)
    shifts = np.linspace(0, 0.11, 12)
    cut = {"responses": js.Modality(20, 30, 0.01, "linear")}
    chunks = js.ChunkDataset(root, cut, relative_time=False)
    for i in (0, 100, len(chunks) - 1):
        sample = chunks[i]
        x = (sample["timestamps"]["responses"][:, None] - shifts) * 8
        expected = x + np.arange(12) / 1000
        assert sample["responses"] == pytest.approx(expected, abs=2e-4)
        assert sample["mask"]["responses"].all()


def test_a_transform_of_your_own_runs_on_the_host(film):
    halved = js.Modality(20, 10, transform=lambda movie: movie[:, ::2, ::2])
    assert js.ChunkDataset(film, {"movie": halved})[0]["movie"].shape == (10, 3, 4)


def test_memory_and_disk_and_cache_give_the_same_chunks(film, tmp_path):
    js.save(film, tmp_path / "film.zarr")
    cut = {
        "movie": js.Modality(30, 20),
        "trace": js.Modality(8, 6, interp="linear"),
        "level": js.Modality(10, 5),
    }
    memory = js.ChunkDataset(film, cut)
    others = [
        js.ChunkDataset(tmp_path / "film.zarr", cut, cache=c) for c in (False, True)
    ]
    for other in (*others, pickle.loads(pickle.dumps(others[0]))):
        assert len(other) == len(memory) > 100
        for i in (0, 33, -1):
            for name in cut:
                assert (other[i][name] == memory[i][name]).all()


def test_every_run_of_a_batch_is_a_session(tmp_path):
    values = folders.ramp(200, 3)[None] + 1000 * np.arange(4)[:, None, None]
    whole = series(values.astype(np.float32), 20.0, "time node", np.zeros(4))
    batch = js.Recording((whole,), ("activity",), np.ones(4, np.uint8))
    js.save(batch, tmp_path / "batch.zarr")
    for source in (batch, tmp_path / "batch.zarr"):
        chunks = js.ChunkDataset(source, {"activity": js.Modality(20, 10)}, stride=20)
        assert len(chunks.sessions) == 4
        found = {int(chunks[i]["activity"][0, 0] // 1000) for i in range(len(chunks))}
        assert found == {0, 1, 2, 3}
        assert (np.diff(chunks.session_of) >= 0).all()


def test_no_chunk_at_all_is_an_error_that_says_which_constraint_took_them(tmp_path):
    root = folders.folder(tmp_path / "made", nan=12)
    lost = js.Modality(20, 40, filters=js.nan_filter(vicinity=100.0))
    with pytest.raises(ValueError, match=r"eye_tracker: NanFilter\S* +0.000 s"):
        js.ChunkDataset(root, {"screen": js.Modality(30, 60), "eye_tracker": lost})
    with pytest.raises(ValueError, match=r"chunks of 79.9667 s that fit: 0"):
        js.ChunkDataset(root, {"screen": js.Modality(30, 2400)})
    late = js.Modality(8, 16, offset=58.0)
    with pytest.raises(ValueError, match="no chunk meets all"):
        js.ChunkDataset(root, {"screen": js.Modality(30, 60), "responses": late})
    none = js.ChunkDataset(root, {"screen": js.Modality(30, 2400)}, strict=False)
    assert len(none) == 0


def test_mistakes_are_refused_by_name(made, film, tmp_path):
    def refused(match, source=made, cut=BOTH, error=ValueError, **how):
        with pytest.raises(error, match=match):
            js.ChunkDataset(source, cut, **how)

    refused("no trial is like that.*tier: 'train', 'test'", where={"tier": "tset"})
    refused("have no 'teir'.*tier", where={"teir": "test"})
    refused("only columns", where="tier.lower() == 'test'")
    refused("has no 'respones'.*responses", cut={"respones": js.Modality(8, 16)})
    refused("anchor = 'movie'", anchor="movie")
    refused("stride = 0", stride=0)
    refused("two sessions are called 'made'", source=[made, made])
    refused("no such folder", source=tmp_path / "none", error=FileNotFoundError)
    refused("has\nnone|has none", film, {"movie": js.Modality(20, 5)}, where="a == 1")
    failed = recording_of(x=series(folders.ramp(99, 2), 10.0, "time node"))
    failed = js.Recording(failed.series, failed.names, np.asarray(2, np.uint8))
    refused("did not end well", failed, {"x": js.Modality(10, 5)})
    with pytest.raises(IndexError):
        js.ChunkDataset(made, BOTH)[10**6]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("rate", 0),
        ("rate", "30"),
        ("chunk", 2.5),
        ("chunk", 0),
        ("offset", np.nan),
        ("interp", "cubic"),
        ("fill", "zero"),
        ("normalize", "minmax"),
        ("normalize", (0.0, 0.0)),
        ("transform", 3),
        ("filters", ["nan"]),
        ("dtype", "float33"),
    ],
)
def test_a_modality_refuses_what_it_cannot_be(word, value, unhooked):
    given = {"rate": 30, "chunk": 60} | {word: value}
    with pytest.raises(ValueError, match=rf"Modality.{word} = "):
        js.Modality(**given)


def test_time_stamps_must_increase(tmp_path):
    root = tmp_path / "made"
    root.mkdir()
    stamps = np.array([0.0, 1.0, 0.5])
    folders.screen(root, [("video", 3, {})], stamps)
    with pytest.raises(ValueError, match=r"sample 2 \(0.5 s\) is not after"):
        sessions_of(root)


def test_the_fingerprint_knows_what_is_cut_from_what(made):
    same = js.ChunkDataset(made, BOTH).fingerprint
    assert js.ChunkDataset(str(made), BOTH).fingerprint == same
    others = [
        js.ChunkDataset(made, BOTH, stride=2),
        js.ChunkDataset(made, BOTH, where={"tier": "train"}),
        js.ChunkDataset(made, {**BOTH, "responses": js.Modality(8, 16, 0.1)}),
    ]
    assert len({same, *(o.fingerprint for o in others)}) == 4


def test_another_process_reads_what_this_one_reads(made):
    import multiprocessing

    chunks = js.ChunkDataset(made, BOTH)
    here = [chunks[i]["responses"].sum() for i in range(0, 400, 40)]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.map(_Summed(chunks), range(0, 400, 40))
    assert here == there


def test_tensorstore_reads_what_zarr_reads(film, tmp_path):
    pytest.importorskip("tensorstore")
    js.save(film, tmp_path / "film.zarr")
    tracks = js.Experiment(tmp_path / "film.zarr").session.tracks
    for name in ("movie", "trace"):
        one, other = (
            dataclasses.replace(tracks[name].source, reader=reader).open()
            for reader in ("tensorstore", "zarr")
        )
        for low, high in ((0, 5), (63, 130), (200, 201)):
            assert (one[low:high] == other[low:high]).all()


def test_reading_wakes_no_device(made):
    code = (
        "import sys, jaxsim as js\n"
        "from jax._src import xla_bridge\n"
        f"chunks = js.ChunkDataset({str(made)!r}, {{'screen': js.Modality(30, 60)}})\n"
        "chunks[3]; chunks.batches(4).read(0, 0)\n"
        "sys.exit(bool(xla_bridge._backends))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class _Summed:
    def __init__(self, chunks):
        self.chunks = chunks

    def __call__(self, i):
        return self.chunks[i]["responses"].sum()


def test_shuffled_items_are_those_of_the_seed_and_epoch():
    assert (shuffled(np.arange(9), 9, 1, 0) == shuffled(np.arange(9), 9, 1, 0)).all()


def test_a_camera_of_30_hz_has_its_frames_at_their_own_times():
    """Its first frame is stamped 1 / 30 s, which float32 rounds up."""
    film = recording_of(
        screen=series(folders.ramp(300, 2), 30.0, "time node"),
        trace=series(folders.ramp(300, 2), 30.0, "time cell", 1 / 30),
    )
    cut = {"screen": js.Modality(30, 30), "trace": js.Modality(30, 30)}
    sample = js.ChunkDataset(film, cut)[7]
    np.testing.assert_allclose(sample["screen"] - sample["trace"], 1.0, atol=1e-4)
