"""Sets of times as sorted rows [start, end] in seconds, none of them overlapping."""

import numpy as np


EMPTY = np.zeros((0, 2))
ALWAYS = np.array([[-np.inf, np.inf]])


def union(rows: np.ndarray, gap_s: float | int = 0.0) -> np.ndarray:
    """Overlapping and touching rows become one, and so do rows a gap apart."""
    rows = np.asarray(rows, float).reshape(-1, 2)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    if not len(rows):
        return EMPTY
    reach = np.maximum.accumulate(rows[:, 1])
    new = np.r_[True, rows[1:, 0] > reach[:-1] + gap_s]
    last = np.r_[np.flatnonzero(new)[1:] - 1, len(rows) - 1]
    return np.stack([rows[new, 0], reach[last]], 1)


def intersection(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Times in both sets; single points are kept."""
    first = np.searchsorted(other[:, 1], one[:, 0], "left")
    last = np.searchsorted(other[:, 0], one[:, 1], "right")
    counts = np.maximum(last - first, 0)
    mine = np.repeat(np.arange(len(one)), counts)
    theirs = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    theirs += np.repeat(first, counts)
    starts = np.maximum(one[mine, 0], other[theirs, 0])
    ends = np.minimum(one[mine, 1], other[theirs, 1])
    return np.stack([starts, ends], 1)


def complement(rows: np.ndarray, start: float | int, end: float | int) -> np.ndarray:
    """Times from start to end that are in no row."""
    rows = union(rows)
    starts, ends = np.r_[start, rows[:, 1]], np.r_[rows[:, 0], end]
    ends = np.minimum(ends, end)
    return np.stack([starts, ends], 1)[starts < ends]


def length_s(rows: np.ndarray) -> float:
    """How many seconds a set holds."""
    return float((rows[:, 1] - rows[:, 0]).sum())


def holds(rows: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Which windows, from their first to their last sample, lie in one row."""
    if not len(rows):
        return np.zeros(len(first), bool)
    at = np.searchsorted(rows[:, 0], first, "right") - 1
    return (at >= 0) & (last <= rows[at, 1])
