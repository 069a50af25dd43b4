"""Filters: which times of a track may be used, whatever the trials say."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxsim.data.intervals import complement, union


Filter = Callable[[Any], np.ndarray]  # of a track: sorted rows [start, end] in s


@dataclasses.dataclass(frozen=True)
class NanFilter:
    """Times away from samples in which any entry is NaN."""

    vicinity_s: float | int

    def __call__(self, track: Any) -> np.ndarray:
        """Sorted rows [start, end] in s."""
        found = [np.zeros(0, np.int64)]
        for at, block in track.blocks():
            if block.dtype.kind == "f":
                bad = np.isnan(block).reshape(len(block), -1).any(1)
                found.append(at + np.flatnonzero(bad))
        times = track.times(np.concatenate(found))
        rows = np.stack([times - self.vicinity_s, times + self.vicinity_s], 1)
        first, last = track.range_s
        return complement(union(np.clip(rows, first, last)), first, last)


def nan_filter(vicinity: float | int = 0.05) -> NanFilter:
    """Leave out what lies within some seconds of a NaN.

    Args:
        vicinity: half width of what is left out around each sample with a NaN, s.

    Raises:
        ValueError: a negative or infinite width.
    """
    if not 0 <= vicinity < np.inf:
        raise ValueError(f"nan_filter(vicinity={vicinity!r} s) is outside [0, inf) s.")
    return NanFilter(vicinity)
