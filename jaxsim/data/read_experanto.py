"""The folder of experanto as a session: read where it lies, nothing is written."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.core.trials import Trials
from jaxsim.data.backing import Npy, Raw
from jaxsim.data.clock import ratio_hz, ratio_s
from jaxsim.data.events import Labels, Spikes
from jaxsim.data.screen import Screen, Trial
from jaxsim.data.session import Session
from jaxsim.data.tracks import Rows, Track


STILL = ("image", "blank", "invalid")  # trials of one frame
EMPTY = ("blank", "invalid")  # trials without a file


def is_experanto(folder: Path) -> bool:
    """Whether some folder inside says what modality it holds."""
    return any(folder.glob("*/meta.yml"))


def read_experanto(folder: Path) -> Session:
    """A session of all modalities in a folder.

    Raises:
        ValueError: a modality that is not whole, or of an unknown kind.
    """
    tracks: dict[str, Track] = {}
    trials = None
    for meta in sorted(folder.glob("*/meta.yml")):
        told, name, home = _yaml(meta), meta.parent.name, meta.parent
        kind = told.get("modality")
        if kind == "sequence":
            tracks[name] = sequence(home, told)
        elif kind == "screen":
            tracks[name], trials = screen(home, told)
        elif kind == "time_interval":
            tracks[name] = labels(home, told)
        elif kind == "spikes":
            tracks[name] = spikes(home, told)
        else:
            raise ValueError(
                f"{meta}: modality {kind!r} is none of sequence, screen, "
                "time_interval, spikes."
            )
    return Session(_key(folder), tracks, trials, str(folder))


def _yaml(path: Path) -> dict[str, Any]:
    from jaxsim.store.documents import loads

    try:
        found = loads(path.read_text(), "yaml")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds no table of names and values.")
    return found


def facts_of(folder: Path) -> dict[str, Any]:
    """What meta.json says of a folder; nothing where there is none.

    Raises:
        ValueError: it is damaged.
    """
    path = folder / "meta.json"
    try:
        told = json.loads(path.read_text()) if path.is_file() else {}
    except ValueError as error:
        raise ValueError(f"{path} is damaged, it is no JSON: {error}.") from None
    if not isinstance(told, dict):
        raise ValueError(f"{path} is damaged: it holds no table of names and values.")
    return told


def _key(folder: Path) -> str:
    told = facts_of(folder)
    scan = told.get("scan_key")
    if scan and "data_key" not in told:
        return f"{scan['animal_id']}-{scan['session']}-{scan['scan_idx']}"
    return str(told.get("data_key", folder.resolve().name))


def _need(told: dict[str, Any], home: Path, *names: str) -> list[Any]:
    missing = [name for name in names if told.get(name) is None]
    if missing:
        raise ValueError(f"{home / 'meta.yml'} does not say {', '.join(missing)}.")
    return [told[name] for name in names]


def sequence(home: Path, told: dict[str, Any]) -> Rows:
    """Signals at a regular rate."""
    rate, start, n_signals = _need(
        told, home, "sampling_rate", "start_time", "n_signals"
    )
    source: Any
    if told.get("is_mem_mapped", False):
        dtype, n = _need(told, home, "dtype", "n_timestamps")
        source = Raw(home / "data.mem", np.dtype(dtype), (int(n), int(n_signals)))
    else:
        source = Npy(home / "data.npy")
    data = source.open()
    if data.ndim != 2 or data.shape[1] != n_signals:
        raise ValueError(
            f"{home}: its data are {data.shape}, where meta.yml says (time, "
            f"{n_signals})."
        )
    phase = None
    if told.get("phase_shift_per_signal", False):
        phase = np.load(home / "meta" / "phase_shifts.npy").astype(np.float64)
    clock = _clock(home, start, rate)
    shape, dtype = data.shape[1:], data.dtype
    more = {"phase_s": phase, "stats": _stats(home, shape), "told": told}
    return Rows(home.name, source, len(data), shape, dtype, *clock, **more)


def _clock(home: Path, start: Any, rate: Any) -> tuple[Fraction, Fraction]:
    told = home / "meta.yml"
    if not isinstance(rate, (int, float)) or not 0 < rate < np.inf:
        raise ValueError(
            f"{told}: sampling_rate = {rate!r} must be a number of Hz above 0."
        )
    if not isinstance(start, (int, float)) or not np.isfinite(start):
        raise ValueError(f"{told}: start_time = {start!r} must be a number of s.")
    return ratio_s(start), ratio_hz(rate)


def _stats(home: Path, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray] | None:
    paths = [home / "meta" / name for name in ("means.npy", "stds.npy")]
    if not all(path.is_file() for path in paths):
        return None
    mean, std = (np.load(path).astype(np.float64) for path in paths)
    if len(shape) > 1:
        return (mean.reshape(()), std.reshape(())) if mean.size == 1 else None
    if (mean.size,) != shape or (std.size,) != shape:
        raise ValueError(
            f"{home / 'meta'}: means and stds of {mean.size} and {std.size} signals, "
            f"where the data have {shape}."
        )
    return mean.reshape(-1), std.reshape(-1)


def screen(home: Path, told: dict[str, Any]) -> tuple[Screen, Trials]:
    """Frames by trial, with the table of trials."""
    stamps = np.load(home / "timestamps.npy").astype(np.float64)
    metas = _trial_metas(home)
    found = [_trial(home, told, key, meta) for key, meta in metas.items()]
    first = np.cumsum([0] + [trial.n for trial in found])
    for at, (key, meta) in zip(first[:-1].tolist(), metas.items(), strict=True):
        if meta.get("first_frame_idx", at) != at:
            raise ValueError(
                f"{home}: trial {key} says that its first frame is number "
                f"{meta['first_frame_idx']}, but those before it hold {at} frames. "
                "Write first_frame_idx and num_frames without gaps."
            )
    if first[-1] != len(stamps):
        raise ValueError(
            f"{home}: {len(stamps)} time stamps, but trials of {first[-1]} frames."
        )
    shape, dtype = _frame(home, found, metas)
    facts = (len(stamps), shape, dtype, Fraction(0), None, stamps)
    track = Screen(home.name, found, *facts, stats=_stats(home, shape), told=told)
    starts = stamps[first[:-1]]
    ends = np.append(starts[1:], stamps[-1] + track.period_s)
    names = sorted({name for meta in metas.values() for name in meta})
    columns = {n: [meta.get(n) for meta in metas.values()] for n in names}
    return track, Trials(starts, ends, columns)


def _trial_metas(home: Path) -> dict[str, dict[str, Any]]:
    together = home / "combined_meta.json"
    if together.is_file():
        return json.loads(together.read_text())
    files = [p for p in (home / "meta").glob("*.yml") if _numbered(p.stem)]
    return {path.stem: _yaml(path) for path in sorted(files)}


def _numbered(stem: str) -> bool:
    return len(stem) == 5 and stem.isdecimal()


def _trial(home: Path, told: dict, key: str, meta: dict[str, Any]) -> Trial:
    kind = str(meta.get("modality")).lower()
    if kind not in (*STILL, "video"):
        raise ValueError(f"{home}: trial {key} is {kind!r}, none of {STILL}, video.")
    n = 1 if kind in STILL else int(meta["num_frames"])
    if kind in EMPTY:
        return Trial(None, n, float(meta["interleave_value"]), meta)
    stem = meta["stimulus_name"] if told.get("use_stimuli_names") else key
    return Trial(home / "data" / f"{stem}.npy", n, 0.0, meta)


def _frame(
    home: Path, trials: list[Trial], metas: dict[str, Any]
) -> tuple[tuple[int, ...], np.dtype]:
    """Size and type of a frame: those of the first file; blanks adapt to it."""
    values = np.array([trial.value for trial in trials if trial.path is None])
    for trial, meta in zip(trials, metas.values(), strict=True):
        if trial.path is not None:
            data = np.load(trial.path, mmap_mode="r", allow_pickle=False)
            shape = tuple(int(n) for n in meta.get("image_size") or data.shape[-2:])
            fits = np.array_equal(values.astype(data.dtype), values)
            if not fits:
                raise ValueError(
                    f"{home}: blanks of {values.min():g} to {values.max():g} are no "
                    f"{data.dtype} numbers, which its movies are."
                )
            return shape, data.dtype
    if not trials:
        raise ValueError(f"{home} has no trials.")
    shape = tuple(int(n) for n in next(iter(metas.values()))["image_size"])
    return shape, np.dtype(np.float32)


def labels(home: Path, told: dict[str, Any]) -> Labels:
    """Labelled times."""
    names, first, last = _need(told, home, "labels", "start_time", "end_time")
    rows = {}
    for label, file in names.items():
        rows[label] = np.load(home / file).astype(np.float64).reshape(-1, 2)
        if (rows[label][:, 0] > rows[label][:, 1]).any():
            raise ValueError(f"{home / file}: an interval ends before it starts.")
    return Labels(home.name, rows, float(first), float(last))


def spikes(home: Path, told: dict[str, Any]) -> Spikes:
    """Times of events, by unit."""
    ends, first, last = _need(told, home, "spike_indices", "start_time", "end_time")
    ends = np.asarray(ends, np.int64)
    source: Any = Npy(home / "spikes.npy")
    if told.get("is_mem_mapped", False):
        dtype = np.dtype(told.get("dtype", "float64"))
        source = Raw(home / "spikes.mem", dtype, (int(ends[-1]),))
    times = np.array(source.open(), np.float64)
    return Spikes(home.name, times, ends, float(first), float(last))
