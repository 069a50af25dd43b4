"""compat="experanto" against its behaviour written anew with plain loops.

The program itself is run in test_beside_experanto.py, where it is installed.
"""

import json
import math

import numpy as np
import pytest

import jaxsim as js
from tests.data import folders


P = 10**5


def told(root, name):
    return json.loads((root / name / "meta.yml").read_text())


def data(root, name, n_signals):
    path = root / name / "data.mem"
    if path.exists():
        return np.fromfile(path, np.float32).reshape(-1, n_signals)
    return np.load(root / name / "data.npy")


def times_of(start, offset, rate, n):
    first, step = round(start * P) + round(offset * P), round(1 / rate * P)
    return [(first + k * step) / P for k in range(n)]


def previous(root, name, n_signals, times):
    rows, meta = data(root, name, n_signals), told(root, name)
    step = 1.0 / meta["sampling_rate"]
    at = [math.floor((t - meta["start_time"]) / step) for t in times]
    return rows[at]


def linear(root, name, n_signals, times):
    rows, meta = data(root, name, n_signals), told(root, name)
    start, step = meta["start_time"], 1.0 / meta["sampling_rate"]
    out = []
    for t in times:
        k = math.floor((t - start) / step)
        low, high = start + k * step, start + (k + 1) * step
        below, above = (high - t) / (high - low), (t - low) / (high - low)
        out.append(below * rows[k].astype(float) + above * rows[k + 1].astype(float))
    return np.array(out)


def shifted(root, name, n_signals, times):
    rows, meta = data(root, name, n_signals), told(root, name)
    phases = np.load(root / name / "meta" / "phase_shifts.npy")
    step = 1.0 / meta["sampling_rate"]
    return np.array([
        [rows[math.floor((t - p - meta["start_time"]) / step), j]
         for j, p in enumerate(phases)]
        for t in times
    ])  # fmt: skip


def frames(root, times):
    stamps = np.load(root / "screen" / "timestamps.npy")
    return np.array([((stamps < t + 1e-4).sum() - 1) % 251 for t in times], np.float32)


def starts_of(root, ranges, rate, chunk, tiers, holes=(), trial_s=5.0):
    """Every grid point whose next `chunk` points are in trials of these tiers."""
    low, high = max(a for a, _ in ranges) + 0.5, min(b for _, b in ranges) - 0.5
    grid = np.arange(low, high, 1.0 / rate)
    stamps = np.load(root / "screen" / "timestamps.npy")
    begin = [stamps[i] for i in range(0, len(stamps), int(trial_s * 30))]
    good = []
    for t in grid:
        trial = sum(b <= t for b in begin) - 1
        away = all(not (a <= t < b) for a, b in holes)
        good.append(folders.TIERS[trial % 5] in tiers and away)
    n = len(grid) - chunk + 1
    return np.array([grid[k] for k in range(n) if all(good[k : k + chunk])])


def range_of(root, name):
    meta = told(root, name)
    return meta["start_time"], meta["end_time"]


@pytest.mark.parametrize("start", [0.0, 7.31])
def test_previous_and_linear_with_offsets_and_two_tiers(tmp_path, start):
    root = folders.folder(tmp_path / "made", 30, start=start)
    cut = {
        "screen": js.Modality(15, 20),
        "responses": js.Modality(7.5, 10, 0.1),
        "eye_tracker": js.Modality(30, 30, -0.2, "linear"),
    }
    where = [{"tier": "train"}, {"tier": "test"}]
    chunks = js.ChunkDataset(root, cut, where=where, compat="experanto", stride=2)
    stamps = np.load(root / "screen" / "timestamps.npy")
    ranges = [(stamps[0], stamps[-1])]
    ranges += [range_of(root, name) for name in ("responses", "eye_tracker")]
    starts = starts_of(root, ranges, 15, 20, ("train", "test"))[::2]
    assert chunks.starts[0].tolist() == starts.tolist()
    for i in range(0, len(starts), 7):
        sample, s = chunks[i], float(starts[i])
        times = times_of(s, 0, 15, 20)
        assert (sample["screen"][0, :, 0, 0] == frames(root, times)).all()
        times = times_of(s, 0.1, 7.5, 10)
        assert (sample["responses"] == previous(root, "responses", 12, times)).all()
        relative = (np.array(times) - start).astype(np.float32)
        assert (sample["timestamps"]["responses"] == relative).all()
        times = times_of(s, -0.2, 30, 30)
        assert (sample["eye_tracker"] == linear(root, "eye_tracker", 4, times)).all()


def test_phase_shifts_and_a_nan_filter(tmp_path):
    root = folders.folder(tmp_path / "made", 30, phase=True, nan=3)
    cut = {
        "screen": js.Modality(30, 30),
        "responses": js.Modality(8, 8),
        "eye_tracker": js.Modality(20, 20, filters=js.nan_filter(0.05)),
    }
    chunks = js.ChunkDataset(root, cut, where={"tier": "train"}, compat="experanto")
    low, high = range_of(root, "responses")
    step = 1.0 / 20.0
    holes = [(k * step - 0.05, k * step + 0.05) for k in (37, 134, 231)]
    ranges = [(0, 899 / 30), (low + 0.11, high), range_of(root, "eye_tracker")]
    starts = starts_of(root, ranges, 30, 30, ("train",), holes)
    assert chunks.starts[0].tolist() == starts.tolist()
    for i in range(0, len(starts), 29):
        times = times_of(float(starts[i]), 0, 8, 8)
        expected = shifted(root, "responses", 12, times)
        assert (chunks[i]["responses"] == expected).all()


def test_a_filter_that_leaves_nothing_is_no_filter_there_but_an_error_here(tmp_path):
    root = folders.folder(tmp_path / "made", 30, nan=6)
    wide = js.Modality(20, 20, filters=js.nan_filter(100.0))
    cut = {"screen": js.Modality(30, 30), "eye_tracker": wide}
    assert len(js.ChunkDataset(root, cut, compat="experanto")) > 800
    with pytest.raises(ValueError, match="no chunk meets all"):
        js.ChunkDataset(root, cut)


def test_a_third_of_its_samples_are_those_before(tmp_path):
    """The trap that exact times avoid: a track asked at its own rate."""
    root = folders.folder(tmp_path / "made", 60)
    cut = {"screen": js.Modality(30, 2), "eye_tracker": js.Modality(20, 1000)}
    there = js.ChunkDataset(root, cut, compat="experanto")[0]["eye_tracker"]
    here = js.ChunkDataset(root, cut)[0]["eye_tracker"]
    whole = data(root, "eye_tracker", 4)
    assert (here == whole[10:1010]).all()
    late = (there == whole[9:1009]).all(1)
    assert 0.2 < late.mean() < 0.5 and ((there == here).all(1) | late).all()
