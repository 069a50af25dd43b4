"""Our recordings as sessions: in memory, or in the zarr store that `save` wrote."""

import functools
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.core.recording import OK, RESULTS, Recording
from jaxsim.core.tree import places
from jaxsim.core.trials import Trials
from jaxsim.data.backing import ZarrRows
from jaxsim.data.clock import ratio_hz, ratio_s
from jaxsim.data.origin import Origin, of_design
from jaxsim.data.session import Session
from jaxsim.data.tracks import Rows, Track
from jaxsim.store.facts import signal_facts


def read_recording(recording: Recording) -> list[Session]:
    """The runs of a recording in memory; what has no time is left out.

    Raises:
        ValueError: a run that did not end well, or no signal in time.
    """
    status = np.asarray(recording.status)
    timed = [
        (name, np.asarray(series.values), series.clock)
        for name, series in zip(recording.names, recording.series, strict=True)
        if series.clock is not None and series.card.timed
    ]
    told = {one["name"]: one for one in signal_facts(recording, places(recording))}
    found = []
    for run in np.ndindex(status.shape):
        _ended_well(int(status[run]), run, "the recording")
        tracks: dict[str, Track] = {}
        for name, values, clock in timed:
            start, rows = _start(clock.start_s, run), values[run]
            facts = (rows.shape, rows.dtype, start, clock.rate_hz, told[name])
            tracks[name] = _rows(name, rows, *facts)
        origin = _origin(recording, run)
        found.append(
            _session("recording", run, tracks, "memory", recording.trials, origin)
        )
    return found


def read_store(folder: Path) -> list[Session]:
    """The runs of a recording on disk; values stay there until they are asked for.

    Raises:
        ValueError: no store of ours, damaged, not whole, or a run that ended badly.
    """
    from jaxsim.store.arrays import open_group, read
    from jaxsim.store.recordings import open_array, provenance, read_trials
    from jaxsim.store.seal import unseal

    folder = folder.resolve()
    facts = unseal(folder)
    if facts["holds"] not in ("recording", "sweep"):
        raise ValueError(f"{folder} holds a {facts['holds']}, and no recording.")
    root = open_group(folder)
    status = read(open_array(root, folder, "status"))
    trials = read_trials(root, folder, facts)
    process = functools.cache(lambda: provenance(folder, facts)[0])
    runs = list(np.ndindex(status.shape))
    order, number = range(len(runs)), np.arange(len(runs))
    if facts["holds"] == "sweep":  # slots, some of them padding
        number = read(open_array(root, folder, "run"))
        order = [int(at) for at in np.argsort(number, kind="stable") if number[at] >= 0]
    found = []
    for at in order:
        run = runs[at]
        _ended_well(int(status[run]), run, str(folder))
        tracks: dict[str, Track] = {}
        for one in facts["signals"]:
            if one["clock"] is None or one["card"]["dims"].split()[:1] != ["time"]:
                continue
            array = open_array(root, folder, one["array"])
            if "start_s" in one["clock"]:
                start = one["clock"]["start_s"]
            else:
                home = one["array"].rpartition("/")[0]
                start = _start(read(open_array(root, folder, f"{home}/start_s")), run)
            tracks[one["name"]] = _rows(
                one["name"], ZarrRows(folder, one["array"], run),
                array.shape[len(run) :], array.dtype, start,
                one["clock"]["rate_hz"], one,
            )  # fmt: skip
            _whole(folder, array)
        origin = _stored_origin(folder, facts, root, run, int(number[at]), process)
        made = _session(folder.name, run, tracks, str(folder), trials, origin)
        found.append(made)
    return found


def _origin(recording: Recording, run: tuple[int, ...]) -> Origin:
    """Signals without time, and what the design gave the run."""
    values = {
        name: functools.partial(_of_run, series.values, run)
        for name, series in zip(recording.names, recording.series, strict=True)
        if not series.card.timed
    }
    design, process = recording.design, recording.process
    told = None if design is None else design.document()
    return Origin(of_design(told, run) | values, lambda: process)


def _of_run(values: Any, run: tuple[int, ...]) -> np.ndarray:
    return np.asarray(np.asarray(values)[run])


def _stored_origin(
    folder: Path, facts: dict[str, Any], root: Any, slot: tuple[int, ...], number: int,
    process: Callable[[], Any],
) -> Origin:  # fmt: skip
    """The same, read when they are asked for."""
    from jaxsim.store.recordings import open_array

    def read(path: str) -> np.ndarray:
        return np.asarray(open_array(root, folder, path)[slot])

    values = {
        one["name"]: functools.partial(read, one["array"])
        for one in facts["signals"]
        if one["card"]["dims"].split()[:1] != ["time"]
    }
    design = facts.get("design")
    run: tuple[int, ...] = ()
    if design is not None:
        shape = tuple(n for _, n in design["axes"])
        run = tuple(int(i) for i in np.unravel_index(number, shape))
    return Origin(of_design(design, run) | values, process)


def _start(start_s: Any, run: tuple[int, ...]) -> float:
    starts = np.asarray(start_s)
    start = starts[run] if starts.shape else starts[()]
    return float(str(start))  # a float32 stands for the decimal that it prints as


def _rows(
    name: str, source: Any, shape: tuple[int, ...], dtype: Any, start: Any,
    rate: float, told: dict[str, Any],
) -> Rows:  # fmt: skip
    facts = (shape[0], shape[1:], dtype, _ratio(start, ratio_hz(rate)), ratio_hz(rate))
    return Rows(name, source, *facts, told=told)


def _ratio(start: float, rate: Fraction) -> Fraction:
    """A start within float32's rounding of whole periods is that: 1 / 30 s at 30 Hz.

    One part in ten million late, no sample would be there at its own time.
    """
    periods = Fraction(round(Fraction(start) * rate)) / rate
    near = abs(Fraction(start) - periods) <= abs(Fraction(start)) / 2**22
    return periods if near else ratio_s(start)


def _ended_well(status: int, run: tuple[int, ...], where: str) -> None:
    if status != OK:
        which = f"run {run} of {where}" if run else where
        raise ValueError(
            f"{which} did not end well: {RESULTS[status]} Chunks are cut of whole "
            "recordings only."
        )


def _session(
    name: str, run: tuple[int, ...], tracks: dict[str, Track], where: str,
    trials: Trials | None, origin: Origin,
) -> Session:  # fmt: skip
    if not tracks:
        raise ValueError(
            f"{where} holds no signal in time, so there is nothing to cut chunks of."
        )
    suffix = "".join(f"-{i}" for i in run)
    return Session(name + suffix, tracks, trials, where, origin)


def _whole(folder: Path, array: Any) -> None:
    """Refuse a store that lost a file: zarr would read zeros in its place."""
    from jaxsim.store.arrays import chunk_files, damaged

    files = {file for file, _ in chunk_files(array)}
    home = next(iter(files)).parent if files else folder
    there = {home / name for name in os.listdir(home)} if home.is_dir() else set()
    for file in sorted(files - there):
        if not file.exists():
            raise damaged(array, file, "is missing")
