"""Values of a track at the times of a window: which samples, and what of them."""

from fractions import Fraction
from typing import Any

import numpy as np

from jaxsim.data.clock import Places, seconds
from jaxsim.data.events import Labels, Spikes
from jaxsim.data.modality import Modality, told_apart
from jaxsim.data.tracks import Track


def check_interp(track: Track, modality: Modality, name: str) -> None:
    """Refuse an interpolation that the track cannot have.

    Raises:
        ValueError: which, and what is allowed.
    """
    if callable(modality.interp):
        return
    told = f"'{name}' with interp=\"{modality.interp}\": "
    if isinstance(track, Spikes) and modality.interp != "count":
        raise ValueError(told + 'spike trains have interp="count" only.')
    if isinstance(track, Labels) and modality.interp != "previous":
        raise ValueError(told + 'labelled times have interp="previous" only.')
    if modality.boxes and track.rate is None and not isinstance(track, Spikes):
        raise ValueError(
            told + "needs a track of a regular rate; this has time stamps."
        )
    if track.phase_s is not None and modality.interp not in ("previous", "linear"):
        told += 'signals with phase shifts have interp="previous" or "linear".'
        raise ValueError(told)


def window(
    track: Track, modality: Modality, start: Fraction, out: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The samples of one window, and which of them are there.

    Args:
        track: to read.
        modality: rate, length and interpolation.
        start: time of the first sample, s.
        out: where values may be put, if they are just read.

    Returns:
        Values (chunk, ...) and the mask (chunk,).
    """
    n, rate = modality.chunk, modality.rate
    if callable(modality.interp):
        return _of_function(track, modality, seconds(start, rate, n))
    if isinstance(track, Spikes):
        edges = seconds(start, rate, n + 1)
        first, last = track.range_s
        there = (edges[:-1] >= first - 1e-9) & (edges[1:] <= last + 1e-9)
        return track.counts(edges), there
    if isinstance(track, Labels):
        times = seconds(start, rate, n)
        first, last = track.range_s
        return track.at(times), (times >= first) & (times <= last)
    if modality.boxes:
        return boxes(track, track.places(start, rate, n + 1), modality.interp)
    if out is not None and (out.shape, out.dtype) != ((n, *track.shape), track.dtype):
        out = None
    return points(track, track.places(start, rate, n), modality.interp, out)


def _of_function(
    track: Track, modality: Modality, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(modality.interp(track, times))
    if values.shape[:1] != times.shape:
        raise ValueError(
            f"'{track.name}': interp={told_apart(modality.interp)} gave values of "
            f"shape {values.shape} for {len(times)} times; time comes first."
        )
    first, last = track.range_s
    return values, (times >= first - 1e-9) & (times <= last + 1e-9)


def points(
    track: Track, at: Places, interp: str, out: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Samples at positions: the one before, the nearest, or between two."""
    if track.phase_s is not None:
        return shifted(track, at, interp)
    last = track.n - 1
    index = at.nearest() if interp == "nearest" else at.whole
    if interp in ("nearest", "previous"):
        there = (index >= 0) & (index <= last)
        return track.take(np.clip(index, 0, last), out), there
    there = (index >= 0) & ((index < last) | ((index == last) & (at.part == 0)))
    low = np.clip(index, 0, last)
    rows = track.take(np.append(low, min(int(low[-1]) + 1, last)))
    if (np.diff(low) == 1).all():
        before, after = rows[:-1], rows[1:]
    else:
        before, after = rows[:-1], track.take(np.minimum(low + 1, last))
    return blend(before, after, at.fraction, track), there


def blend(
    before: np.ndarray, after: np.ndarray, fraction: np.ndarray, track: Track
) -> np.ndarray:
    """Between two samples; a sample hit exactly is itself, whatever the next one is."""
    kind = np.float64 if track.dtype == np.float64 else np.float32
    fraction = fraction.astype(kind)
    if fraction.ndim == 1:
        fraction = fraction.reshape(-1, *[1] * (before.ndim - 1))
    before, after = before.astype(kind), after.astype(kind)
    return np.where(fraction == 0, before, before + fraction * (after - before))


def shifted(track: Track, at: Places, interp: str) -> tuple[np.ndarray, np.ndarray]:
    """Signals that were sampled at times of their own: signal j at t + phase_s[j]."""
    last = track.n - 1
    x = at.fraction[:, None] - track.phase_s * float(track.rate)
    step = np.floor(x)
    index = at.whole[:, None] + step.astype(np.int64)
    high = last - (interp == "linear") * (x > step)
    there = np.all((index >= 0) & (index <= high), axis=1)
    index = np.clip(index, 0, last)
    low = int(index.min())
    rows = track.read(low, min(int(index.max()) + 2, track.n))
    before = np.take_along_axis(rows, index - low, 0)
    if interp == "previous":
        return before, there
    after = np.take_along_axis(rows, np.minimum(index + 1, last) - low, 0)
    return blend(before, after, x - step, track), there


def boxes(track: Track, edges: Places, interp: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean or sum of the samples in [edge, next edge); without any, the one before."""
    first, last = edges.up()[:-1], edges.up()[1:]
    there = (first >= 0) & (last <= track.n) & (edges.whole[:-1] >= 0)
    before = np.clip(edges.whole[:-1], 0, track.n - 1)
    first, last = np.clip(first, 0, track.n), np.clip(last, 0, track.n)
    low = int(min(before[0], first[0]))
    rows = track.read(low, max(int(last[-1]), int(before[-1]) + 1))
    kind = np.float64 if track.dtype == np.float64 else np.float32
    running = np.concatenate([rows.astype(np.float64), np.zeros_like(rows[:1], float)])
    out = np.add.reduceat(running, np.minimum(first - low, len(rows)), axis=0)
    if last[-1] - low < len(rows):  # the last box ends before what was read
        out[-1] = running[first[-1] - low : last[-1] - low].sum(0)
    empty = first >= last
    counts = np.maximum(last - first, 1).reshape(-1, *[1] * (rows.ndim - 1))
    if interp == "mean":
        out = out / counts
        out[empty] = rows[before[empty] - low]
    else:
        out[empty] = 0
    return out.astype(kind), there


def finished(
    values: np.ndarray, there: np.ndarray, track: Track, modality: Modality
) -> tuple[np.ndarray, np.ndarray]:
    """Missing samples filled, and the mask: by entry of signals, by frame of movies."""
    mask = there
    if values.dtype.kind == "f":
        bad = np.isnan(values)
        if values.ndim > 2:
            mask = there & ~bad.reshape(len(values), -1).any(1)
        elif values.ndim == 2:
            mask = there[:, None] & ~bad
        else:
            mask = there & ~bad
    elif values.ndim == 2:
        mask = np.repeat(there[:, None], values.shape[1], 1)
    if not mask.all():
        out = ~mask.reshape(*mask.shape, *[1] * (values.ndim - mask.ndim))
        values = np.where(out, _filling(track, modality), values).astype(values.dtype)
    return values, mask


def _filling(track: Track, modality: Modality) -> Any:
    if modality.fill == "mean":
        return track.stats()[0]
    return 0 if modality.fill == "mask" else modality.fill
