"""A sweep on disk, block by block: what is done stays done.

Slots are the runs in the order in which they are computed. A block of slots is whole
chunks of its own, so that programs that share a folder never touch one file with
different content. Its values are on the disk before its status says so.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.core.recording import (
    DEGENERATE,
    NON_FINITE,
    NOT_CONVERGED,
    OK,
    PENDING,
    Recording,
)
from jaxsim.core.signal import Clock, Series
from jaxsim.store import arrays as zarrs, disk
from jaxsim.store.facts import series_from
from jaxsim.store.recordings import open_array, provenance
from jaxsim.store.sweep_layout import Plan, arrays_in, build, per_run, same_sweep


FINISHED = (OK, NON_FINITE, NOT_CONVERGED, DEGENERATE)  # results; an error is redone


class SweepStore:
    """The store of one sweep: made if it is not there, else taken up where it stopped.

    Args:
        folder: its name.
        facts: what makes this sweep this sweep beside the other arguments (record):
            plain values, compared with those in an existing folder.
        names: signals, in the order of the recordings to come.
        template: shapes and cards (`eval_shape`) of one run, or of one block.
        block: runs per block.
        runs: number of the run in each slot, -1 for padding.
        design: something with `document()` and `shape`, or None.
        process: kept inside as provenance, and compared.
        key: likewise.

    Raises:
        ValueError: the folder holds another sweep; the sentence says what differs.
        OSError: the disk is full.
    """

    def __init__(
        self,
        folder: Any,
        facts: dict[str, Any],
        names: tuple[str, ...],
        template: Recording,
        block: int,
        runs: np.ndarray,
        design: Any = None,
        process: Any = None,
        key: Any = None,
    ) -> None:
        self.folder = Path(folder).expanduser().resolve()
        self.names, self.block = tuple(names), int(block)
        runs = np.asarray(runs, np.int64)
        if len(runs) % self.block:
            raise ValueError(f"{len(runs)} slots are not whole blocks of {self.block}.")
        template = per_run(template, self.block)
        plan = Plan(dict(facts), template, self.block, runs, design, process, key)
        if not self.folder.exists():
            with self._told(), disk.aside(self.folder) as new:
                build(new, plan)
                disk.sync_tree(new)
                try:
                    disk.settle(new, self.folder, overwrite=False)
                except FileExistsError:
                    pass  # another program of this sweep was first
        same_sweep(self.folder, plan)
        self._runs = runs
        self._signals = {one["name"]: one for one in plan.signals()}
        self._arrays = arrays_in(self.folder, list(self._signals.values()), write=True)

    def done(self, b: int) -> bool:
        """Whether a block is finished and sound: status, existence and checksums."""
        rows, arrays = self._rows(b), self._arrays
        try:
            if not np.isin(zarrs.read(arrays.status, rows), FINISHED).all():
                return False
            for array in (*arrays.values.values(), *arrays.starts.values()):
                zarrs.read(array, rows)
            for array in arrays.times.values():
                zarrs.read(array)
        except (ValueError, OSError):
            return False
        return True

    def write(self, b: int, recording: Recording) -> None:
        """Write a block: values, then (all of them on the disk) its status.

        Raises:
            OSError: the disk is full; the blocks before are whole.
        """
        rows, arrays = self._rows(b), self._arrays
        with self._told():
            for name in self.names:
                series = recording[name]
                arrays.values[name][rows] = np.asarray(series.values)
                if name in arrays.starts and series.clock is not None:
                    starts = np.asarray(series.clock.start_s)
                    arrays.starts[name][rows] = np.broadcast_to(starts, (self.block,))
                    if name in arrays.times:
                        self._write_times(b, arrays.times[name], series.clock)
            disk.sync_folders(
                self.folder / array.path
                for kind in arrays[1:]
                for array in kind.values()
            )
            arrays.status[rows] = np.asarray(recording.status)
            disk.sync_folders([self.folder / "status"])

    def _write_times(self, b: int, array: Any, clock: Clock) -> None:
        missing = any(not file.exists() for file, _ in zarrs.chunk_files(array))
        if b == 0 or missing:
            array[...] = clock.times(array.shape[0])

    def read(self) -> Recording:
        """All runs, in the order of their numbers, verified.

        Raises:
            ValueError: a block is pending, missing or damaged; which file.
        """
        recording, n_pending = _read(self.folder, list(self._signals.values()))
        if n_pending:
            raise ValueError(f"{self.folder}: {n_pending} runs are still pending.")
        return recording

    def _rows(self, b: int) -> slice:
        return slice(b * self.block, (b + 1) * self.block)

    def _told(self) -> Any:
        kept = "the blocks finished before are kept; the same sweep goes on from there."
        return disk.told_when_full(self.folder, kept)


def read_sweep(folder: Path, facts: dict[str, Any]) -> Recording:
    """The result of a sweep from its store, with the axes of its design in front.

    Runs not done yet have status 0 and NaN (or 0) for values; a warning counts them.

    Raises:
        ValueError: a finished block is missing or damaged; which file.
    """
    process, key, design = provenance(folder, facts)
    flat, n_pending = _read(folder, facts["signals"])
    if n_pending:
        warnings.warn(
            f"{folder}: {n_pending} of {flat.status.size} runs are not done yet; their "
            "status is 0. Run the same sweep again to finish it.",
            stacklevel=3,
        )
    lead = flat.status.shape if design is None else design.shape

    def fold(x: Any) -> np.ndarray:
        return np.asarray(x).reshape(lead + x.shape[1:])

    series = []
    for one in flat.series:
        clock = one.clock and Clock(fold(one.clock.start_s), one.clock.rate_hz)
        series.append(Series(fold(one.values), clock, one.card, one.labels))
    status = fold(flat.status)
    return Recording(tuple(series), flat.names, status, process, key, design)


def _read(folder: Path, signals: list[dict[str, Any]]) -> tuple[Recording, int]:
    """All runs in order, and how many of them are pending."""
    arrays = arrays_in(folder, signals, write=False)
    root = zarrs.open_group(folder)
    runs = zarrs.read(open_array(root, folder, "run"))
    for _, array in root.arrays():  # the columns of the design
        zarrs.read(array)
    status = zarrs.read(arrays.status)
    block = arrays.status.chunks[0]
    finished = []
    for at in range(0, len(runs), block):
        rows = slice(at, at + block)
        if np.isin(status[rows], FINISHED).all():
            finished.append(rows)
        else:
            status[rows] = PENDING
    for array in arrays.times.values() if finished else ():
        zarrs.read(array)
    slots = np.flatnonzero(runs >= 0)
    order = slots[np.argsort(runs[slots], kind="stable")]

    def whole(array: Any) -> np.ndarray:
        if len(finished) * block == len(runs):
            return zarrs.read(array)[order]
        lost = np.nan if array.dtype.kind in "fc" else 0
        values = np.full(array.shape, lost, array.dtype)
        for rows in finished:
            values[rows] = zarrs.read(array, rows)
        return values[order]

    series = []
    for one in signals:
        values, starts = whole(arrays.values[one["name"]]), None
        if one["name"] in arrays.starts:
            starts = whole(arrays.starts[one["name"]])
            own = {"dtype": str(starts.dtype), "shape": list(starts.shape)}
            one = {**one, "clock": one["clock"] | own}
        series.append(series_from(one, values, starts))
    status = status[order]
    names = tuple(one["name"] for one in signals)
    n_pending = int((status == PENDING).sum())
    return Recording(tuple(series), names, status), n_pending
