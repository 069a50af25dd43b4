"""A folder of experanto as a recording."""

from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.core.recording import OK, Recording
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.data.events import Labels, Spikes
from jaxsim.data.read_experanto import facts_of, is_experanto, read_experanto
from jaxsim.data.screen import Screen
from jaxsim.data.tracks import Track
from jaxsim.store.facts import series_from


def import_experanto(path: Any) -> Recording:
    """The recording in a folder of experanto 0.1; what `export_experanto` wrote comes
    back as it was: names, units, clocks, labels, values.

    So do trials, where there are others than those that export makes up: chunks are
    cut by the same conditions of the recording, and of the store it is saved to.

    Args:
        path: the folder.

    Returns:
        All of it in memory, without a process.

    Raises:
        ValueError: no such folder, or a modality without a regular clock: frames at
            uneven times, labelled times, times of spikes.
    """
    folder = Path(path).expanduser()
    if not is_experanto(folder):
        raise ValueError(f"{folder} holds no modality of experanto (no */meta.yml).")
    facts, session = facts_of(folder), read_experanto(folder)
    ours = facts.get("jaxsim")
    if lost := sorted(set(ours or {}) - set(session.tracks)):
        raise ValueError(
            f"{folder} lacks {', '.join(lost)}, which its meta.json names: it is not "
            "whole. Export it again, or remove meta.json to import what is there."
        )
    names, series = [], []
    for name, track in session.tracks.items():
        if ours is not None and name not in ours:
            continue  # the blank screen that export adds where there is no movie
        own = (ours or {}).get(name, {})
        names.append(own.get("name", name))
        series.append(_series(folder, track, own))
    if ours is not None:  # in the order they had
        order = [names.index(own.get("name", name)) for name, own in ours.items()]
        names, series = [names[i] for i in order], [series[i] for i in order]
    made = Recording(tuple(series), tuple(names), np.asarray(OK, np.uint8))
    trials = session.trials if ours is None or facts.get("trials") else None
    return made if trials is None else made.with_trials(trials)


def _series(folder: Path, track: Track, facts: dict[str, Any]) -> Series:
    start, rate = _clock(folder, track)
    values = np.concatenate([block for _, block in track.blocks()])
    if "card" in facts:
        values = values.reshape(-1, *facts["shape"])
        clock = facts["clock"]
        clock = clock | {"shape": [], "start_s": clock.get("start_s", start)}
        return series_from(facts | {"clock": clock}, values, None)
    dims = ["time", *(("y", "x", "colour") if track.frames else ("signal",))]
    card = Signal(" ".join(dims[: values.ndim]), "1", f"{track.name} of {folder.name}")
    clock = Clock(np.asarray(start, np.float32), rate)
    return Series(values, clock, card)


def _clock(folder: Path, track: Track) -> tuple[float, float]:
    if track.rate is not None:
        return float(track.start), float(track.rate)
    if isinstance(track, Screen) and track.stamps is not None and track.n > 1:
        rate = (track.n - 1) / (track.stamps[-1] - track.stamps[0])
        even = track.stamps[0] + np.arange(track.n) / rate
        if np.abs(even - track.stamps).max() < 1e-3 / rate:
            return float(track.stamps[0]), float(round(rate, 6))
    kind = {Screen: "frames at uneven times", Labels: "labelled times"}
    what = kind.get(type(track), "times of spikes" * isinstance(track, Spikes))
    raise ValueError(
        f"{folder / track.name} holds {what or 'a single frame'}, and a signal of a "
        "recording has a regular clock. js.ChunkDataset reads the folder as it is."
    )
