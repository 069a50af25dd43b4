"""Epochs: half-open stretches of samples, counted without the faults of rounding."""

import math

from jaxsim.core.signal import Clock, Series


def samples_between(start_s: float, stop_s: float, rate_hz: float) -> int:
    """Samples of a half-open stretch of time: those at start + k / rate before stop."""
    return math.ceil(round((stop_s - start_s) * rate_hz, 6))


def onset_sample(start_s: float, onset_s: float, rate_hz: float) -> int:
    """The first sample that is not before the onset.

    Rounded before it is made whole: times are sums of fractions, and 10 samples of
    0.01 s may end at -6e-17 s.
    """
    return math.ceil(round((onset_s - start_s) * rate_hz, 6))


def clock_of(series: Series) -> Clock:
    """When the samples of a series happen.

    Raises:
        ValueError: it does not change in time.
    """
    if series.clock is None:
        raise ValueError(
            f"a signal over {series.card.dims} needs a clock; it has none."
        )
    return series.clock
