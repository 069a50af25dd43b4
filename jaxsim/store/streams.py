"""Straight to disk: some frames or runs are simulated while others are written."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np

from jaxsim.core.blocks import FrameBlocks
from jaxsim.core.recording import PENDING, Recording
from jaxsim.core.signal import Clock, Series
from jaxsim.store.recordings import write_recording


def write_blocks(blocks: FrameBlocks, target: Path, overwrite: bool) -> None:
    """The store that `write_recording` writes, without ever holding the movie.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    frames = iter(blocks)
    first = next(frames)[1]
    whole = outline(blocks, first)

    def fill(arrays: dict[str, Any]) -> Recording:
        status = _fill(arrays, blocks, first, frames)
        return eqx.tree_at(lambda made: made.status, whole, status)

    write_recording(whole, target, overwrite, blocks.framewise, fill)


def write_runs(
    like: Recording, parts: Iterable[Recording], target: Path, overwrite: bool
) -> None:
    """Write a batch of runs that are made some at a time: only those are ever held.

    Args:
        like: shapes and cards of all of them, with what made them.
        parts: the runs in order, on the host or a device.
        target, overwrite: as in `write_recording`.

    Raises:
        OSError: the disk is full, or cannot be written.
    """

    def fill(arrays: dict[str, Any]) -> Recording:
        status: list[Any] = []
        starts: list[list[Any]] = [[] for _ in like.names]
        with ThreadPoolExecutor(1) as worker:
            rows = {name: Rows(array, worker) for name, array in arrays.items()}
            for part in parts:
                status.append(np.asarray(part.status))
                for series, begins in zip(part.series, starts, strict=True):
                    begins.append(series.clock and np.asarray(series.clock.start_s))
                for name, writer in rows.items():
                    writer.add(np.asarray(part[name].values))
            for writer in rows.values():
                writer.close()
        series = map(_clocked, like.series, starts)
        who = like.process, like.key, like.design
        return Recording(tuple(series), like.names, np.concatenate(status), *who)

    write_recording(like, target, overwrite, like.names, fill)


def _clocked(series: Series, starts: list[Any]) -> Series:
    if series.clock is None:
        return series
    clock = Clock(np.concatenate(starts), series.clock.rate_hz)
    return Series(series.values, clock, series.card, series.labels)


def outline(blocks: FrameBlocks, first: Recording) -> Recording:
    """The whole recording, its frames being zeros that take no memory."""
    series = []
    for name in blocks.names:
        if name not in blocks.framewise:
            series.append(blocks.whole[name])
            continue
        values = np.asarray(first[name].values)
        zeros = np.zeros((), values.dtype)
        shape = (blocks.n_frames, *values.shape[1:])
        series.append(first[name].with_values(np.broadcast_to(zeros, shape)))
    pending = np.asarray(PENDING, np.uint8)
    made = blocks.process, blocks.key, None, blocks.whole.trials
    return Recording(tuple(series), blocks.names, pending, *made)


def _fill(
    arrays: dict[str, Any],
    blocks: FrameBlocks,
    first: Recording,
    frames: Iterator[tuple[int, Recording]],
) -> np.ndarray:
    """Write all frames; how the run ended."""
    status = np.maximum(blocks.whole.status, first.status)
    with ThreadPoolExecutor(1) as worker:
        rows = {name: Rows(array, worker) for name, array in arrays.items()}
        block: Recording | None = first
        while block is not None:
            for name, writer in rows.items():
                writer.add(np.asarray(block[name].values))
            status = np.maximum(status, block.status)
            _, block = next(frames, (0, None))
        for writer in rows.values():
            writer.close()
    return np.asarray(status, np.uint8)


class Rows:
    """Rows for an array on disk, gathered until they fill a file of it."""

    def __init__(self, array: Any, worker: ThreadPoolExecutor) -> None:
        self.array, self.worker = array, worker
        self.n_file = (array.shards or array.chunks)[0]
        self.gathered: list[np.ndarray] = []
        self.n_gathered = self.n_written = 0
        self.writing: Future | None = None

    def add(self, values: np.ndarray) -> None:
        """Take rows; they are written when there are enough of them."""
        while len(values):
            room = self.n_file - self.n_gathered
            self.gathered.append(values[:room])
            self.n_gathered += len(self.gathered[-1])
            values = values[room:]
            if self.n_gathered == self.n_file:
                self._write()

    def close(self) -> None:
        """Write the rest, and wait."""
        if self.n_gathered:
            self._write()
        if self.writing is not None:
            self.writing.result()

    def _write(self) -> None:
        if self.writing is not None:
            self.writing.result()  # one file at a time, and its error is raised here
        at = self.n_written
        rows = slice(at, at + self.n_gathered)
        values = np.concatenate(self.gathered)
        self.writing = self.worker.submit(self.array.__setitem__, rows, values)
        self.n_written, self.n_gathered, self.gathered = rows.stop, 0, []
