"""Recordings as folders that experanto 0.1 reads, and the way back is exact.

What makes a folder load there, beyond its own pages: `end_time` is the time of the last
sample (querying n / rate overruns the array); YAML holds plain numbers; sequences are
float32 (bytes are divided by 255, float64 goes on into batches); trials hold some
seconds, since whole files are read for every chunk; `screen` and `responses` exist,
blank where nothing was shown; and `combined_meta.json` is there, so that a folder need
not be writable to be read.
"""

import json
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxsim.core.declared import nearest
from jaxsim.data.session import Session, sessions_of
from jaxsim.data.streams import Screen, Stream
from jaxsim.store import disk
from jaxsim.store.documents import dumps


SCREEN, RESPONSES = "screen", "responses"
CHUNK_S, MARGIN_S = 2.0, 0.5
MOST_TRIALS = 99_999


class Shown(NamedTuple):
    """Frames of a screen: where they come from, when they are, how they are cut."""

    stream: Stream | None  # None: blank
    stamps: np.ndarray
    first: np.ndarray  # of each trial, and the end of the last
    told: list[dict[str, Any]]


def export_experanto(
    source: Any,
    path: Any,
    *,
    modality_names: Mapping[str, str | None] | None = None,
    trials: Sequence[Mapping[str, Any]] | None = None,
    trial_s: float | int = 10.0,
    dtype: Any = "float32",
    phase_s: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write recordings as folders of experanto 0.1, with a configuration to read them.

    `experanto.yaml` inside lists every modality at its own rate: `OmegaConf.load` of it
    goes to experanto's `ChunkDataset` as it is.

    Args:
        source: a recording, the folder it was saved to, or a list of these. Every run
            of a batch has a folder of its own.
        path: the folder; several sessions lie inside it under their names.
        modality_names: our signal -> its name there; None leaves it out. By default the
            movie is "screen", the first signals are "responses", the rest keep theirs.
        trials: rows in order of time, each with `start_s` and any columns (`tier`,
            `stim_type`); a trial lasts until the next starts. By default all are
            "train".
        trial_s: length of trials where they are not given, s.
        dtype: of sequences. float32 is what experanto hands on best.
        phase_s: signal -> (n_signals,) how much later each of them was sampled, s.
        overwrite: replace what is there.

    Returns:
        The folders, one per session.

    Raises:
        ValueError: two movies, an unknown signal, or trials that do not fit.
        FileExistsError: the name is taken.
    """
    home = Path(path).expanduser()
    sessions = sessions_of(source)
    alone = len(sessions) == 1
    folders = [home if alone else home / session.name for session in sessions]
    for folder in folders:
        disk.free_name(folder, overwrite, _ours)
    for session, folder in zip(sessions, folders, strict=True):
        names = _names(session, dict(modality_names or {}))
        with disk.aside(folder.resolve()) as new:
            new.mkdir()
            config = _write(new, session, names, trials, float(trial_s), dtype, phase_s)
            facts = {
                "data_key": session.name if alone is False else folder.name,
                "jaxsim": {
                    name: _facts(session.streams[ours]) for ours, name in names.items()
                },
            }
            (new / "meta.json").write_text(json.dumps(facts, indent=1))
            (new / "experanto.yaml").write_text(_yaml(config))
            disk.sync_tree(new)
            disk.settle(new, folder.resolve(), overwrite)
    return folders


def _ours(folder: Path) -> bool:
    return (folder / "experanto.yaml").is_file() and (folder / "meta.json").is_file()


def _facts(stream: Stream) -> dict[str, Any]:
    """What import needs to make the same signal again."""
    known = ("name", "card", "clock", "labels")
    found = {word: stream.told[word] for word in known if word in stream.told}
    return found | {"shape": list(stream.shape)}


def _names(session: Session, asked: dict[str, str | None]) -> dict[str, str]:
    """Our signal -> its name there."""
    for ours in asked:
        if ours not in session.streams:
            raise ValueError(
                f"modality_names: '{session.name}' has no '{ours}'; it has "
                f"{', '.join(session.streams)}.{nearest(ours, session.streams)}"
            )
    names = {ours: asked.get(ours, ours) for ours in session.streams}
    taken = set(asked.values())
    free = [ours for ours in names if ours not in asked]
    movies = [ours for ours in free if _movie(session.streams[ours])]
    if movies and SCREEN not in taken:
        names[movies.pop(0)] = SCREEN
    if movies:
        raise ValueError(
            f"'{movies[0]}' is a movie, and a folder has one screen. Leave it out: "
            f"modality_names={{'{movies[0]}': None}}."
        )
    lines = [ours for ours in free if not _movie(session.streams[ours])]
    if lines and RESPONSES not in taken | set(lines):
        names[lines[0]] = RESPONSES
    found = {ours: str(name).replace("/", ".") for ours, name in names.items() if name}
    if len(set(found.values())) < len(found):
        raise ValueError(f"modality_names: two signals have one name in {found}.")
    if RESPONSES not in found.values():
        warnings.warn(
            f"'{session.name}' has no signal but its movie, so there is no "
            "'responses', without which experanto's ChunkDataset does not run.",
            stacklevel=3,
        )
    return found


def _movie(stream: Stream) -> bool:
    return len(stream.shape) == 2 or (len(stream.shape) == 3 and stream.shape[2] == 3)


def _write(
    new: Path,
    session: Session,
    names: dict[str, str],
    trials: Sequence[Mapping[str, Any]] | None,
    trial_s: float,
    dtype: Any,
    phase_s: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """All modalities; experanto's configuration of them."""
    streams = {name: session.streams[ours] for ours, name in names.items()}
    low = max(stream.range_s[0] for stream in streams.values())
    high = min(stream.range_s[1] for stream in streams.values())
    chunk_s = min(CHUNK_S, max((high - low - 2 * MARGIN_S) / 2, 0.0))
    if chunk_s <= 0:
        warnings.warn(
            f"'{session.name}': its signals overlap for {high - low:.3g} s, and "
            f"experanto leaves {MARGIN_S} s out at both ends: no chunk fits.",
            stacklevel=4,
        )
    shown = _shown(streams.pop(SCREEN, None), session, low, high, trials, trial_s)
    config = {SCREEN: _write_screen(new / SCREEN, shown, chunk_s)}
    for name, stream in streams.items():
        ours = next(key for key, value in names.items() if value == name)
        phase = (phase_s or {}).get(ours)
        config[name] = _write_sequence(new / name, stream, dtype, phase, chunk_s)
    return config


def _shown(
    stream: Stream | None,
    session: Session,
    low: float,
    high: float,
    trials: Sequence[Mapping[str, Any]] | None,
    trial_s: float,
) -> Shown:
    if isinstance(stream, Screen) and trials is None and session.trials is not None:
        told = [dict(trial.told) for trial in stream.trials]  # as it came
        return Shown(stream, stream.stamps, stream.first, told)
    if stream is None:
        stamps = low + np.arange(math.ceil(high - low) + 1, dtype=np.float64)
    else:
        stamps = stream.times(np.arange(stream.n))
    if trials is None:
        starts = np.arange(stamps[0], stamps[-1] + 1e-9, trial_s)
        trials = [{"start_s": float(start), "tier": "train"} for start in starts]
    starts = np.array([row["start_s"] for row in trials], float)
    if starts[0] > stamps[0] + 1e-6 or not (np.diff(starts) > 0).all():
        raise ValueError(
            f"trials must start in order, the first at {stamps[0]:g} s or before, but "
            f"start at {starts[:5].tolist()} s."
        )
    first = np.append(np.searchsorted(stamps, starts - 1e-6), len(stamps))
    first[0] = 0
    kept = np.flatnonzero(np.diff(first))
    told = [
        {k: v for k, v in trials[i].items() if k != "start_s"} for i in kept.tolist()
    ]
    return Shown(stream, stamps, np.append(first[kept], len(stamps)), told)


def _write_screen(home: Path, shown: Shown, chunk_s: float) -> dict[str, Any]:
    for part in ("data", "meta"):
        (home / part).mkdir(parents=True)
    np.save(home / "timestamps.npy", shown.stamps)
    together: dict[str, Any] = {}
    stream = shown.stream
    for row, (low, high) in enumerate(zip(shown.first, shown.first[1:], strict=False)):
        told = _plain(shown.told[row])
        if stream is None:  # one blank per time stamp
            blank = {"modality": "blank", "image_size": [1, 1], "interleave_value": 0}
            for at in range(low, high):
                _add_trial(home, together, told | blank | {"first_frame_idx": int(at)})
            continue
        kind = str(told.get("modality", "video")).lower()
        told["modality"] = kind
        told |= {"first_frame_idx": int(low), "image_size": list(stream.shape)}
        told |= {"num_frames": int(high - low)} if kind == "video" else {}
        key = _add_trial(home, together, told)
        if kind in ("video", "image"):
            frames = stream.read(int(low), int(high))
            if frames.dtype.kind not in "u":
                frames = frames.astype(np.float32)
            np.save(
                home / "data" / f"{key}.npy", frames if kind == "video" else frames[0]
            )
    (home / "combined_meta.json").write_text(json.dumps(together))
    facts = {"modality": "screen", "frame_rate": _rate(shown)}
    (home / "meta.yml").write_text(_yaml(facts))
    rate = 30.0 if stream is None else _rate(shown)
    entry = _entry(rate, chunk_s) | {
        "valid_condition": {"tier": "train"},
        "sample_stride": 1,
        "include_blanks": True,
    }
    if stream is not None:
        _write_stats(home, *_spread(stream))
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
    (home / "meta" / f"{key}.yml").write_text(_yaml(told))
    return key


def _rate(shown: Shown) -> float:
    if shown.stream is not None and shown.stream.rate is not None:
        return float(shown.stream.rate)
    gaps = np.diff(shown.stamps)
    return float(round(1 / np.median(gaps), 6)) if len(gaps) else 1.0


def _write_sequence(
    home: Path, stream: Stream, dtype: Any, phase_s: Any, chunk_s: float
) -> dict[str, Any]:
    if stream.rate is None:
        raise ValueError(
            f"'{stream.name}' has no regular rate, which a sequence of experanto has."
        )
    (home / "meta").mkdir(parents=True)
    n_signals, rate = math.prod(stream.shape), float(stream.rate)
    holes = False
    with (home / "data.mem").open("wb") as out:
        for _, block in stream.blocks():
            rows = np.ascontiguousarray(block.reshape(len(block), -1), np.dtype(dtype))
            holes = holes or bool(rows.dtype.kind == "f" and np.isnan(rows).any())
            out.write(rows.tobytes())
    start = float(stream.start)
    told = {
        "modality": "sequence",
        "sampling_rate": rate,
        "start_time": start,
        "end_time": float(stream.start + (stream.n - 1) / stream.rate),
        "n_signals": n_signals,
        "n_timestamps": stream.n,
        "is_mem_mapped": True,
        "dtype": str(np.dtype(dtype)),
        "phase_shift_per_signal": False,
    }
    phase_s = stream.phase_s if phase_s is None else phase_s
    if phase_s is not None:
        phase = np.asarray(phase_s, np.float64).reshape(-1)
        if len(phase) != n_signals or not (phase >= 0).all():
            raise ValueError(
                f"phase_s['{stream.name}'] must be {n_signals} times of 0 s or more."
            )
        np.save(home / "meta" / "phase_shifts.npy", phase)
        told["phase_shift_per_signal"] = True
    (home / "meta.yml").write_text(_yaml(told))
    _write_stats(home, *_spread(stream))
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


def _spread(stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    mean, std = stream.own_stats()
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


def _yaml(document: dict[str, Any]) -> str:
    """YAML 1.1, where a number with an exponent needs a point: 1e-05 is text there."""
    return re.sub(r"(?<=[ \[])(-?\d+)(e[+-]\d+)\b", r"\1.0\2", dumps(document, "yaml"))
