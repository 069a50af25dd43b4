"""Tracks: what a session holds in time, each on a clock of its own.

A track knows when its samples are and gives rows by number. It is read from many
threads, forked and pickled: what it opens stays in the process that opened it.
"""

import os
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from jaxsim.data import clock
from jaxsim.data.backing import ZarrRows
from jaxsim.data.kept import kept
from jaxsim.data.shards import Shards


TOLERANCE_S = 1e-6  # a frame counts as shown this much before its time stamp
BLOCK_BYTES = 32 * 2**20


class Track:
    """Rows in time: the part that does not depend on where they lie.

    Args:
        name: of the modality.
        n: how many samples.
        shape: of one sample.
        dtype: of its numbers.
        start: time of the first sample, s.
        rate: samples per second; or None, and `stamps` gives the time of each.
        stamps: (n,) times in s, increasing.
        phase_s: (n_signals,) how much later than the clock each signal is sampled.
        stats: (mean, std) that came with the file, or None: computed when asked for.
        told: what the file says of itself.
    """

    def __init__(
        self,
        name: str,
        n: int,
        shape: tuple[int, ...],
        dtype: Any,
        start: Fraction,
        rate: Fraction | None,
        stamps: np.ndarray | None = None,
        phase_s: np.ndarray | None = None,
        stats: tuple[np.ndarray, np.ndarray] | None = None,
        told: dict[str, Any] | None = None,
    ) -> None:
        self.name, self.n, self.shape, self.dtype = name, n, shape, np.dtype(dtype)
        self.start, self.told, self._stats = start, told or {}, stats
        self.rate: Any = rate  # None where there are time stamps
        self.stamps: Any = stamps
        self.phase_s: Any = phase_s
        if n < 1:
            raise ValueError(f"'{name}' has no samples, so no chunk can be cut of it.")
        if stamps is not None and not (np.diff(stamps) > 0).all():
            at = int(np.flatnonzero(~(np.diff(stamps) > 0))[0])
            raise ValueError(
                f"'{name}': its time stamps must increase, but sample {at + 1} "
                f"({stamps[at + 1]} s) is not after sample {at} ({stamps[at]} s)."
            )

    @property
    def frames(self) -> bool:
        """Whether a sample is a picture: one statistic serves all its pixels."""
        return len(self.shape) > 1

    @property
    def period_s(self) -> float:
        """Time between samples, s."""
        if self.rate is not None:
            return float(1 / self.rate)
        return float(np.median(np.diff(self.stamps))) if self.n > 1 else 0.0

    @property
    def range_s(self) -> tuple[float, float]:
        """Times of the first and the last sample at which every signal is known, s."""
        first, last = self.times(np.array([0, self.n - 1])).tolist()
        if self.phase_s is not None and len(self.phase_s):
            first, last = first + self.phase_s.max(), last + self.phase_s.min()
        return first, last

    def times(self, index: np.ndarray) -> np.ndarray:
        """When samples are, s."""
        if self.stamps is not None:
            return self.stamps[index]
        rate = self.rate
        return float(self.start) + index * rate.denominator / rate.numerator

    def places(self, start: Fraction, rate: Fraction, n: int) -> clock.Places:
        """Where the samples of a window fall among those of the track."""
        if self.rate is not None:
            return clock.places(start, rate, n, self.start, self.rate)
        return self.among_stamps(clock.seconds(start, rate, n))

    def among_stamps(self, times: np.ndarray) -> clock.Places:
        """Where times fall among the time stamps."""
        whole = np.searchsorted(self.stamps, times + TOLERANCE_S, "right") - 1
        low = np.clip(whole, 0, self.n - 1)
        high = np.minimum(low + 1, self.n - 1)
        gap = np.maximum(self.stamps[high] - self.stamps[low], 1e-12)
        part = np.clip((times - self.stamps[low]) / gap, 0, 1 - 2**-40)
        return clock.Places(whole, (part * 2**40).astype(np.int64), 2**40)

    def take(self, index: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Rows by number, in rising order; into `out`, where they follow each other."""
        low, high = int(index[0]), int(index[-1]) + 1
        if high - low == len(index) and (np.diff(index) == 1).all():
            return self.read(low, high, out)
        if high - low <= 2 * len(index) + 8:
            return self.read(low, high)[index - low]
        return self.pick(index)

    def pick(self, index: np.ndarray) -> np.ndarray:
        """Rows by number, far from each other."""
        return np.concatenate([self.read(int(i), int(i) + 1) for i in index])

    def read(self, low: int, high: int, out: np.ndarray | None = None) -> np.ndarray:
        """A copy of rows low to high, in `out` if given; of the track's own type."""
        raise NotImplementedError

    def keep(self) -> None:
        """Read all of it into memory, now."""
        raise NotImplementedError

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """All rows in order, some megabytes at a time, with the number of the first."""
        row = max(int(np.prod(self.shape)) * self.dtype.itemsize, 1)
        step = max(1, BLOCK_BYTES // row)
        for low in range(0, self.n, step):
            yield low, self.read(low, min(low + step, self.n))

    def stats(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std of what is finite: each signal's, or of all pixels together."""
        if self._stats is None:
            self._stats = self.own_stats()
        return self._stats

    def own_stats(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std of the numbers, whatever a file says (Chan et al. 1979)."""
        shape = () if self.frames else self.shape
        n, mean, m2 = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for _, block in self.blocks():
            rows = block.reshape(-1, *shape).astype(np.float64)
            here = np.isfinite(rows)
            k = here.sum(0)
            ours = np.where(here, rows, 0).sum(0) / np.maximum(k, 1)
            spread = (np.where(here, rows - ours, 0) ** 2).sum(0)
            step, whole = ours - mean, np.maximum(n + k, 1)
            m2 = m2 + spread + step**2 * n * k / whole
            mean, n = mean + step * k / whole, n + k
        return np.asarray(mean), np.asarray(np.sqrt(m2 / np.maximum(n, 1)))


class Rows(Track):
    """A track in one array: in memory, memory-mapped, or in a zarr store."""

    def __init__(self, name: str, source: Any, *facts: Any, **more: Any) -> None:
        super().__init__(name, *facts, **more)
        self.source, self._opened, self._process = source, None, None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_opened": None, "_process": None}

    def own_stats(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, of a store as an earlier program found them."""
        if isinstance(self.source, ZarrRows):
            return kept(self.source, super().own_stats)
        return super().own_stats()

    def _data(self) -> Any:
        if isinstance(self.source, np.ndarray):
            return self.source
        process = os.getpid()
        if self._opened is None or self._process != process:
            self._opened, self._process = self.source.open(), process
        return self._opened

    def read(self, low: int, high: int, out: np.ndarray | None = None) -> np.ndarray:
        """A copy of rows low to high."""
        data = self._data()
        if out is None:
            rows = data[low:high]
            return np.array(rows) if isinstance(data, np.ndarray) else rows
        if isinstance(data, Shards):
            data.fill(out, low)
        else:
            out[...] = data[low:high]
        return out

    def pick(self, index: np.ndarray) -> np.ndarray:
        """Rows by number, far from each other."""
        data = self._data()
        return data[index] if isinstance(data, np.ndarray) else super().pick(index)

    def keep(self) -> None:
        """Read all of it into memory."""
        self.source = np.array(self._data()[0 : self.n])
