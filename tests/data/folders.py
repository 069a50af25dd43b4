"""Folders as experanto has them, written by hand: values tell where they come from.

Frame k of a screen is k % 251 everywhere; signal j of sample i is i + j / 1000.
"""

import json

import numpy as np


def dumped(told):
    """JSON is YAML."""
    return json.dumps(told)


def sequence(root, name, rate, values, start=0.0, mem=True, phase=None, stats=True):
    home = root / name
    (home / "meta").mkdir(parents=True)
    if mem:
        (home / "data.mem").write_bytes(np.ascontiguousarray(values).tobytes())
    else:
        np.save(home / "data.npy", values)
    n, n_signals = values.shape
    told = {
        "modality": "sequence",
        "sampling_rate": float(rate),
        "start_time": float(start),
        "end_time": float(start + (n - 1) / rate),
        "n_signals": n_signals,
        "n_timestamps": n,
        "is_mem_mapped": mem,
        "dtype": str(values.dtype),
        "phase_shift_per_signal": phase is not None,
    }
    if phase is not None:
        np.save(home / "meta" / "phase_shifts.npy", phase)
    if stats:
        np.save(home / "meta" / "means.npy", np.nanmean(values, 0, float)[None])
        np.save(home / "meta" / "stds.npy", np.nanstd(values, 0, float)[None] + 1e-6)
    (home / "meta.yml").write_text(dumped(told))


def screen(root, trials, stamps, size=(6, 8), dtype=np.uint8, colour=False):
    """Trials are (kind, n_frames, more), in order."""
    home = root / "screen"
    for part in ("data", "meta"):
        (home / part).mkdir(parents=True)
    np.save(home / "timestamps.npy", stamps)
    shape = (*size, 3) if colour else size
    first, together = 0, {}
    for number, (kind, n, more) in enumerate(trials):
        key = f"{number:05d}"
        frames = np.arange(first, first + n) % 251
        data = np.broadcast_to(frames.reshape(-1, *[1] * len(shape)), (n, *shape))
        told = {"modality": kind, "first_frame_idx": first, "image_size": list(shape)}
        told |= {"num_frames": n} if kind == "video" else {}
        together[key] = told | more
        if kind in ("video", "image"):
            data = data if kind == "video" else data[0]
            np.save(home / "data" / f"{key}.npy", data.astype(dtype))
        (home / "meta" / f"{key}.yml").write_text(dumped(together[key]))
        first += n
    np.save(home / "meta" / "means.npy", np.array([[125.0]]))
    np.save(home / "meta" / "stds.npy", np.array([[72.0]]))
    (home / "meta.yml").write_text(dumped({"modality": "screen", "frame_rate": 30.0}))


TIERS = ("train", "train", "train", "test", "validation")


def ramp(n, n_signals):
    rows = np.arange(n)[:, None] + np.arange(n_signals) / 1000
    return rows.astype(np.float32)


def folder(root, seconds=60, start=0.0, trial_s=5, nan=0, phase=False, key="made"):
    """A screen at 30 Hz, 12 responses at 8 Hz, an eye tracker and a treadmill."""
    stamps = start + np.arange(seconds * 30) / 30
    trials = [
        ("video", trial_s * 30, {"tier": TIERS[i % 5], "valid_trial": i % 2 == 0})
        for i in range(seconds // trial_s)
    ]
    screen(root, trials, stamps)
    shifts = np.linspace(0, 0.11, 12) if phase else None
    sequence(root, "responses", 8, ramp(seconds * 8 + 1, 12), start, phase=shifts)
    eye = np.sin(np.arange(seconds * 20 + 1)[:, None] / 50 + np.arange(4))
    eye = eye.astype(np.float32)
    eye[37 : 37 + 97 * nan : 97, 1] = np.nan
    sequence(root, "eye_tracker", 20, eye, start)
    wheel = np.abs(np.sin(np.arange(seconds * 20 + 1) / 80))[:, None]
    sequence(root, "treadmill", 20, wheel.astype(np.float32), start, mem=False)
    (root / "meta.json").write_text(json.dumps({"data_key": key}))
    return root
