"""A folder of experanto as a recording."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.core.recording import OK, Recording
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.data.events import Labels, Spikes
from jaxsim.data.read_experanto import is_experanto, read_experanto
from jaxsim.data.screen import Screen
from jaxsim.data.streams import Stream
from jaxsim.store.facts import series_from


def import_experanto(path: Any) -> Recording:
    """The recording in a folder of experanto 0.1; what `export_experanto` wrote comes
    back as it was: names, units, clocks, labels, values.

    Trials are no part of a recording; chunks with conditions are cut of the folder
    itself, `js.ChunkDataset(folder, ...)`.

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
    told = folder / "meta.json"
    ours = json.loads(told.read_text()).get("jaxsim") if told.is_file() else None
    names, series = [], []
    for name, stream in read_experanto(folder).streams.items():
        if ours is not None and name not in ours:
            continue  # the blank screen that export adds where there is no movie
        facts = (ours or {}).get(name, {})
        names.append(facts.get("name", name))
        series.append(_series(folder, stream, facts))
    if ours is not None:  # in the order they had
        order = [names.index(facts.get("name", name)) for name, facts in ours.items()]
        names, series = [names[i] for i in order], [series[i] for i in order]
    return Recording(tuple(series), tuple(names), np.asarray(OK, np.uint8))


def _series(folder: Path, stream: Stream, facts: dict[str, Any]) -> Series:
    start, rate = _clock(folder, stream)
    values = np.concatenate([block for _, block in stream.blocks()])
    if "card" in facts:
        values = values.reshape(-1, *facts["shape"])
        clock = facts["clock"]
        clock = clock | {"shape": [], "start_s": clock.get("start_s", start)}
        return series_from(facts | {"clock": clock}, values, None)
    dims = ["time", *(("y", "x", "colour") if stream.frames else ("signal",))]
    card = Signal(" ".join(dims[: values.ndim]), "1", f"{stream.name} of {folder.name}")
    clock = Clock(np.asarray(start, np.float32), rate)
    return Series(values, clock, card)


def _clock(folder: Path, stream: Stream) -> tuple[float, float]:
    if stream.rate is not None:
        return float(stream.start), float(stream.rate)
    if isinstance(stream, Screen) and stream.stamps is not None and stream.n > 1:
        rate = (stream.n - 1) / (stream.stamps[-1] - stream.stamps[0])
        even = stream.stamps[0] + np.arange(stream.n) / rate
        if np.abs(even - stream.stamps).max() < 1e-3 / rate:
            return float(stream.stamps[0]), float(round(rate, 6))
    kind = {Screen: "frames at uneven times", Labels: "labelled times"}
    what = kind.get(type(stream), "times of spikes" * isinstance(stream, Spikes))
    raise ValueError(
        f"{folder / stream.name} holds {what or 'a single frame'}, and a signal of a "
        "recording has a regular clock. js.ChunkDataset reads the folder as it is."
    )
