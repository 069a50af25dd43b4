r"""Times as ratios of whole numbers, so that ten hours hold no rounding error.

Sample n of a window that starts at $t$ and has rate $q$ falls on the source clock
$(t_0, r)$ at the position

$$ x_n = (t - t_0 + n / q)\, r = (P + n Q) / D $$

with whole $P, Q, D$. Its integer part is the sample before, its remainder is exact.
"""

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np


INT64 = 2**62
FINEST_S = 10**9  # times are ratios with a denominator up to this
FINEST_HZ = 10**5


class Places(NamedTuple):
    """Positions on a source clock: `whole + part / parts`, exactly."""

    whole: np.ndarray  # int64
    part: np.ndarray  # int64, or Python ints where those are too short
    parts: int

    @property
    def fraction(self) -> np.ndarray:
        """Between 0 and 1: the way from the sample before to the next."""
        return self.part.astype(np.float64) / self.parts

    def up(self) -> np.ndarray:
        """The first sample at or after each position."""
        return self.whole + (self.part > 0)

    def nearest(self) -> np.ndarray:
        """The nearest sample; of two, the later."""
        return self.whole + (2 * self.part >= self.parts)


def ratio_hz(rate: Any) -> Fraction:
    """A rate as the simple ratio that it stands for: 29.97002997 is 30000/1001."""
    return Fraction(rate).limit_denominator(FINEST_HZ)


def ratio_s(time: Any) -> Fraction:
    """A time as the simple ratio that it stands for, to the nanosecond."""
    return Fraction(time).limit_denominator(FINEST_S)


def places(
    start: Fraction, rate: Fraction, n: int, source_start: Fraction, source: Fraction
) -> Places:
    """Where the samples of a window fall on a source clock.

    Args:
        start: time of the first sample of the window, s.
        rate: of the window, Hz.
        n: samples of the window.
        source_start: time of the first sample of the source, s.
        source: rate of the source, Hz.
    """
    first, step = (start - source_start) * source, source / rate
    parts = math.lcm(first.denominator, step.denominator)
    whole, rest = divmod(int(first * parts), parts)
    each = int(step * parts)
    counts = np.arange(n, dtype=np.int64)
    if rest + n * each >= INT64:  # exact all the same, with Python's whole numbers
        counts = counts.astype(object)
    ticks = rest + counts * each
    steps, part = ticks // parts, ticks % parts
    return Places(whole + steps.astype(np.int64), part, parts)


def seconds(start: Fraction, rate: Fraction, n: int) -> np.ndarray:
    """Times of the samples of a window in s, each the float64 nearest to it.

    (Beyond 2^53 parts of a second, the nearest or its neighbour.)
    """
    at = places(start, rate, n, Fraction(0), Fraction(1))
    far = (max(abs(start), abs(start + n / rate)) + 1) * at.parts
    if at.part.dtype == object or far > 2**53:
        return at.whole + at.fraction
    return (at.whole * at.parts + at.part) / at.parts
