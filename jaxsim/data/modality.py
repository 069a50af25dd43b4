"""Modality: how one track of a recording is cut into the windows of a chunk."""

import dataclasses
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from jaxsim.data.clock import ratio_hz, ratio_s


INTERPS = ("previous", "nearest", "linear", "mean", "count")
NORMALS = ("zscore", "scale")


@dataclasses.dataclass(frozen=True, repr=False)
class Modality:
    """One modality of a chunk: `chunk` samples at `rate`, `offset` s after its start.

    Args:
        rate: samples per second that are asked for; any, whatever the track's own.
        chunk: how many of them.
        offset: of the first one from the start of the chunk, s.
        interp: "previous" sample, "nearest", "linear" between two, "mean" of the
            samples from each time to the next (for going to a lower rate without
            aliasing), or "count": their sum, and the number of events of spike trains.
            Or a function of your own, of the track and the times in s: it gives values
            (time, ...), and has `track.read(low, high)` and `track.times(index)`.
        fill: where a sample is missing (NaN, or outside of the track): "mask" puts 0,
            "mean" the mean of its signal, a number that number. The mask tells in all
            three.
        normalize: "zscore" is (x - mean) / std, "scale" is x / std, with the statistics
            of the whole recording: of each signal, and one for all pixels of a movie.
            A std below 1 % of their mean is raised to it. (mean, std) gives your own.
        transform: function of the window's values, (time, ...), or several in turn;
            before normalising. Those of `jaxsim.data.transforms` run on the device.
        filters: functions of the track that give the times that may be used, such as
            `nan_filter(vicinity=0.05)`; all samples of the window must lie there.
        dtype: what the values become; None keeps what the file has, and float32 when
            they are normalised.

    Raises:
        ValueError: any of them outside of what is allowed, in a sentence.
    """

    rate: Any
    chunk: int
    offset: Any = 0.0
    interp: Any = "previous"
    fill: Any = "mask"
    normalize: Any = None
    transform: Any = None
    filters: Any = ()
    dtype: Any = None

    def __post_init__(self) -> None:
        for name, check in CHECKS.items():
            object.__setattr__(self, name, check(getattr(self, name)))

    def __repr__(self) -> str:
        words = [f"{float(self.rate):g}", str(self.chunk)]
        for field in dataclasses.fields(self)[2:]:
            value = getattr(self, field.name)
            if value != field.default:
                shown = float(value) if isinstance(value, Fraction) else value
                words.append(f"{field.name}={told_apart(shown)}")
        return f"Modality({', '.join(words)})"

    @property
    def transforms(self) -> tuple[Callable[[Any], Any], ...]:
        """All transforms, in turn."""
        if self.transform is None:
            return ()
        return (
            self.transform if isinstance(self.transform, tuple) else (self.transform,)
        )

    @property
    def span_s(self) -> Fraction:
        """From the first sample to the last, s."""
        return (self.chunk - 1) / self.rate

    @property
    def boxes(self) -> bool:
        """Whether a sample stands for the time until the next one."""
        return self.interp in ("mean", "count")


def told_apart(value: Any) -> str:
    """Words that are the same in every process: functions are told by their names."""
    if isinstance(value, tuple) and not isinstance(value, Statistics):
        return f"({', '.join(map(told_apart, value))})"
    return getattr(value, "__qualname__", None) or repr(value)


def _refused(name: str, value: Any, allowed: str) -> ValueError:
    return ValueError(f"Modality.{name} = {value!r}: {allowed}.")


def _finite(value: Any) -> bool:
    return (
        isinstance(value, (int, float, Fraction, np.integer, np.floating))
        and not isinstance(value, bool)
        and math.isfinite(value)
    )


def _rate(value: Any) -> Fraction:
    if not _finite(value) or not 1e-4 <= value <= 1e6:
        raise _refused("rate", value, "must be a number of Hz in [0.0001, 1e6]")
    return ratio_hz(value)


def _chunk(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise _refused("chunk", value, "must be a whole number of samples")
    if not 1 <= value <= 10**8:
        raise _refused("chunk", value, "must be from 1 to 1e8 samples")
    return int(value)


def _offset(value: Any) -> Fraction:
    if not _finite(value) or abs(value) > 1e6:
        raise _refused("offset", value, "must be seconds in [-1e6, 1e6]")
    return ratio_s(value)


def _interp(value: Any) -> Any:
    if callable(value):
        return value
    if not isinstance(value, str) or value not in INTERPS:
        raise _refused(
            "interp", value, f"must be one of {', '.join(INTERPS)}, or a function"
        )
    return value


def _fill(value: Any) -> Any:
    if (isinstance(value, str) and value in ("mask", "mean")) or _finite(value):
        return value
    raise _refused("fill", value, 'must be "mask", "mean" or a finite number')


def _normalize(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value in NORMALS):
        return value
    if isinstance(value, str) or not isinstance(value, (tuple, list)):
        told = 'must be None, "zscore", "scale", or a pair (mean, std)'
        raise _refused("normalize", value, told)
    if len(value) != 2:
        raise _refused("normalize", value, "must be a pair (mean, std)")
    try:
        mean, std = (np.asarray(part, float) for part in value)
    except (TypeError, ValueError):
        raise _refused("normalize", value, "must be a pair of numbers") from None
    if not np.isfinite(mean).all() or not (np.isfinite(std) & (std > 0)).all():
        told = "needs a finite mean and a positive, finite std"
        raise _refused("normalize", value, told)
    return Statistics(mean, std)


def _transform(value: Any) -> Any:
    many = tuple(value) if isinstance(value, (tuple, list)) else value
    for one in many if isinstance(many, tuple) else (many,) * (many is not None):
        if not callable(one):
            raise _refused("transform", one, "must be a function of the values")
    return many


def _filters(value: Any) -> tuple:
    many = value if isinstance(value, (tuple, list)) else (value,)
    for one in many:
        if not callable(one):
            told = "must be functions of a track, such as nan_filter(vicinity=0.05)"
            raise _refused("filters", one, told)
    return tuple(many)


def _dtype(value: Any) -> Any:
    if value is None:
        return None
    try:
        found = np.dtype(value)
    except TypeError:
        found = np.dtype(object)
    if found.kind not in "biuf":
        raise _refused("dtype", value, "is no type of real numbers")
    return found


class Statistics(tuple):
    """A pair (mean, std) of arrays that compares and prints by its numbers."""

    def __new__(cls, mean: np.ndarray, std: np.ndarray) -> "Statistics":
        """From two arrays."""
        return super().__new__(cls, (mean, std))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Statistics) and all(
            np.array_equal(a, b) for a, b in zip(self, other, strict=True)
        )

    def __hash__(self) -> int:
        return hash(tuple(part.tobytes() for part in self))

    def __repr__(self) -> str:
        return f"({self[0].tolist()}, {self[1].tolist()})"


CHECKS: dict[str, Callable[[Any], Any]] = {
    "rate": _rate,
    "chunk": _chunk,
    "offset": _offset,
    "interp": _interp,
    "fill": _fill,
    "normalize": _normalize,
    "transform": _transform,
    "filters": _filters,
    "dtype": _dtype,
}
