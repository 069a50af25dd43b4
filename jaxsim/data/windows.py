"""Windows: many short samples out of one long run, for simulators that are slow."""

from fractions import Fraction
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray

from jaxsim.core.recording import Recording
from jaxsim.core.signal import Clock, Series


class Windows(NamedTuple):
    """How many windows are cut out of a run, and how long they are.

    A window begins at a random sample of the slowest signal, so that all signals begin
    at one time; the rate of every other signal must be a whole multiple of that.
    """

    per_run: int
    seconds: float


def check_windows(windows: Windows, made: Recording) -> None:
    """Refuse windows that this recording cannot be cut into.

    Raises:
        ValueError: no signal has a clock, rates that are no multiples of the slowest,
            or a window longer than the recording.
    """
    count, seconds = windows
    if count != int(count) or count < 1 or seconds <= 0:
        raise ValueError(
            f"windows = {tuple(windows)}: give (how many of each run, how many "
            "seconds), both positive."
        )
    timed = _timed(made)
    if not timed:
        raise ValueError(
            f"windows are cut in time, but nothing recorded ({', '.join(made.names)}) "
            "has a clock."
        )
    slowest = min(rate for _, _, rate in timed)
    for name, n_samples, rate in timed:
        times = Fraction(rate / slowest).limit_denominator(10**6)
        if times.denominator != 1:
            raise ValueError(
                f"'{name}' has {rate:g} samples per second and the slowest signal "
                f"{slowest:g}: windows need whole multiples."
            )
        if _length(windows, rate) > n_samples:
            raise ValueError(
                f"a window of {windows.seconds:g} s is longer than '{name}' "
                f"({n_samples / rate:g} s)."
            )


def cut_window(
    windows: Windows, made: Recording, key: PRNGKeyArray, number: Int[Array, ""]
) -> Recording:
    """Window `number` of a run."""
    timed = _timed(made)
    slowest = min(rate for _, _, rate in timed)
    rooms = (n - _length(windows, rate) for _, n, rate in timed)
    room = min(
        int(room * slowest / rate)
        for room, (_, _, rate) in zip(rooms, timed, strict=True)
    )
    first = jax.random.randint(jax.random.fold_in(key, number), (), 0, room + 1)

    def cut(series: Series) -> Series:
        if series.clock is None:
            return series
        rate, begins = series.clock.rate_hz, jnp.asarray(series.clock.start_s)
        at, length = first * round(rate / slowest), _length(windows, rate)
        values = jax.lax.dynamic_slice_in_dim(jnp.asarray(series.values), at, length)
        begins = begins + first.astype(begins.dtype) / slowest
        return Series(values, Clock(begins, rate), series.card, series.labels)

    return Recording(tuple(map(cut, made.series)), made.names, made.status)


def _timed(made: Recording) -> list[tuple[str, int, float]]:
    """Name, number of samples and rate of the signals that have a clock."""
    return [
        (name, series.values.shape[0], series.clock.rate_hz)
        for name, series in zip(made.names, made.series, strict=True)
        if series.clock is not None
    ]


def _length(windows: Windows, rate_hz: float) -> int:
    return max(1, round(windows.seconds * rate_hz))
