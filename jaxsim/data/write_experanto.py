"""One modality in experanto's folder, and what its configuration says of it."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxsim.data.tracks import Track
from jaxsim.store.documents import dumps


RESPONSES = "responses"
MOST_TRIALS = 99_999


class Shown(NamedTuple):
    """Frames of a screen: where they come from, when they are, how they are cut."""

    track: Track | None  # None: blank
    stamps: np.ndarray
    first: np.ndarray  # of each trial, and the end of the last
    told: list[dict[str, Any]]


def write_screen(home: Path, shown: Shown, chunk_s: float) -> dict[str, Any]:
    """The frames of a screen; experanto's configuration of it."""
    for part in ("data", "meta"):
        (home / part).mkdir(parents=True)
    np.save(home / "timestamps.npy", shown.stamps)
    together: dict[str, Any] = {}
    track = shown.track
    for row, (low, high) in enumerate(zip(shown.first, shown.first[1:], strict=False)):
        told = _plain(shown.told[row])
        if track is None:  # one blank per time stamp
            blank = {"modality": "blank", "image_size": [1, 1], "interleave_value": 0}
            for at in range(low, high):
                _add_trial(home, together, told | blank | {"first_frame_idx": int(at)})
            continue
        kind = str(told.get("modality", "video")).lower()
        told["modality"] = kind
        told |= {"first_frame_idx": int(low), "image_size": list(track.shape)}
        told |= {"num_frames": int(high - low)} if kind == "video" else {}
        key = _add_trial(home, together, told)
        if kind in ("video", "image"):
            frames = track.read(int(low), int(high))
            if frames.dtype.kind not in "u":
                frames = frames.astype(np.float32)
            np.save(
                home / "data" / f"{key}.npy", frames if kind == "video" else frames[0]
            )
    (home / "combined_meta.json").write_text(json.dumps(together))
    facts = {"modality": "screen", "frame_rate": _rate(shown)}
    (home / "meta.yml").write_text(yaml_of(facts))
    rate = 30.0 if track is None else _rate(shown)
    entry = _entry(rate, chunk_s) | {
        "valid_condition": {"tier": "train"},
        "sample_stride": 1,
        "include_blanks": True,
    }
    if track is not None:
        _write_stats(home, *_spread(track))
        entry["transforms"] = {"normalization": "normalize"}
    return entry


def _add_trial(home: Path, together: dict[str, Any], told: dict[str, Any]) -> str:
    if len(together) >= MOST_TRIALS:
        raise ValueError(
            f"more than {MOST_TRIALS} trials have no names in experanto's five digits; "
            "make trial_s longer."
        )
    key = f"{len(together):05d}"
    together[key] = told
    (home / "meta" / f"{key}.yml").write_text(yaml_of(told))
    return key


def _rate(shown: Shown) -> float:
    if shown.track is not None and shown.track.rate is not None:
        return float(shown.track.rate)
    gaps = np.diff(shown.stamps)
    return float(round(1 / np.median(gaps), 6)) if len(gaps) else 1.0


def write_sequence(
    home: Path, track: Track, dtype: Any, phase_s: Any, chunk_s: float
) -> dict[str, Any]:
    """Signals at a regular rate; experanto's configuration of them."""
    if track.rate is None:
        raise ValueError(
            f"'{track.name}' has no regular rate, which a sequence of experanto has."
        )
    (home / "meta").mkdir(parents=True)
    n_signals, rate = math.prod(track.shape), float(track.rate)
    holes = False
    with (home / "data.mem").open("wb") as out:
        for _, block in track.blocks():
            rows = np.ascontiguousarray(block.reshape(len(block), -1), np.dtype(dtype))
            holes = holes or bool(rows.dtype.kind == "f" and np.isnan(rows).any())
            out.write(rows.tobytes())
    start = float(track.start)
    told = {
        "modality": "sequence",
        "sampling_rate": rate,
        "start_time": start,
        "end_time": float(track.start + (track.n - 1) / track.rate),
        "n_signals": n_signals,
        "n_timestamps": track.n,
        "is_mem_mapped": True,
        "dtype": str(np.dtype(dtype)),
        "phase_shift_per_signal": False,
    }
    phase_s = track.phase_s if phase_s is None else phase_s
    if phase_s is not None:
        phase = np.asarray(phase_s, np.float64).reshape(-1)
        if len(phase) != n_signals or not (phase >= 0).all():
            raise ValueError(
                f"phase_s['{track.name}'] must be {n_signals} times of 0 s or more."
            )
        np.save(home / "meta" / "phase_shifts.npy", phase)
        told["phase_shift_per_signal"] = True
    (home / "meta.yml").write_text(yaml_of(told))
    _write_stats(home, *_spread(track))
    scale = "normalize_variance_only" if home.name == RESPONSES else "normalize"
    entry = _entry(rate, chunk_s) | {
        "transforms": {"normalization": scale},
        "interpolation": {"interpolation_mode": "nearest_neighbor"},
    }
    if holes:
        entry["filters"] = {
            "nan_filter": {
                "__target__": "experanto.filters.common_filters.nan_filter",
                "__partial__": True,
                "vicinity": 0.05,
            }
        }
    return entry


def _entry(rate: float, chunk_s: float) -> dict[str, Any]:
    return {
        "sampling_rate": rate,
        "chunk_size": max(1, round(rate * chunk_s)),
        "offset": 0,
        "transforms": {},
        "interpolation": {},
    }


def _spread(track: Track) -> tuple[np.ndarray, np.ndarray]:
    mean, std = track.own_stats()
    return mean.reshape(1, -1), np.where(std > 0, std, 1.0).reshape(1, -1)


def _write_stats(home: Path, mean: np.ndarray, std: np.ndarray) -> None:
    np.save(home / "meta" / "means.npy", mean)
    np.save(home / "meta" / "stds.npy", std)


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    """Python's own numbers: YAML has no word for NumPy's."""
    return {
        str(key): value.tolist()
        if isinstance(value, (np.generic, np.ndarray))
        else value
        for key, value in told.items()
    }


def yaml_of(document: dict[str, Any]) -> str:
    """YAML 1.1, where a number with an exponent needs a point: 1e-05 is text there."""
    return re.sub(r"(?<=[ \[])(-?\d+)(e[+-]\d+)\b", r"\1.0\2", dumps(document, "yaml"))
