"""What measures take: plain arrays, or anything that carries values and a clock."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Real


Values: TypeAlias = Array | np.ndarray  # what shapes are written around
Scalar: TypeAlias = Float[Array, ""]
Band: TypeAlias = Sequence[float | int]  # (low, high) in Hz
Signal: TypeAlias = Any  # a real array, time first, or a series of a recording


def samples(signal: Signal, name: str = "signal") -> Real[Array, "time *batch"]:
    """The values of a signal as a float array, time first.

    Args:
        signal: an array, or an object with `values` and `clock` (a series).
        name: what to call it in an error.

    Raises:
        TypeError: what came holds no real numbers.
        ValueError: a series of a sweep, whose time is not the first axis.
    """
    values = getattr(signal, "values", signal)
    card = getattr(signal, "card", None)
    if card is not None and values.ndim > len(card.dims.split()):
        extra = values.ndim - len(card.dims.split())
        raise ValueError(
            f"the {name} has {extra} design axes before its time axis, shape "
            f"{values.shape}; measure every run by recording.measure(...) or jax.vmap."
        )
    values = as_float(values, name)
    if values.ndim == 0:
        raise ValueError(f"the {name} is one number; a measure needs samples in time.")
    return values


def rate_of(signal: Signal, rate_hz: float | None) -> float:
    """Samples per second: the one given, or the one on the signal's clock."""
    clock = getattr(signal, "clock", None)
    if clock is not None and rate_hz is None:
        rate_hz = clock.rate_hz
    if rate_hz is None:
        raise ValueError(
            "a plain array does not know its sampling rate: give rate_hz= (1/s)."
        )
    rate = float(rate_hz)
    if not rate > 0 or not np.isfinite(rate):
        raise ValueError(f"rate_hz = {rate} 1/s, but a sampling rate is above zero.")
    return rate


def as_float(values: Any, name: str = "array") -> Float[Array, "..."]:
    """Real numbers as a float array; floats that are on the device keep their type.

    Args:
        values: an array, a list, a number, or a series.
        name: what to call it in an error.
    """
    if hasattr(values, "card"):  # a series of a recording
        values = values.values
    if isinstance(values, (list, tuple)):
        values = np.asarray(values)
    dtype = getattr(values, "dtype", None)
    real = dtype is not None and (
        jnp.issubdtype(dtype, jnp.floating) or jnp.issubdtype(dtype, jnp.integer)
    )
    if not real and not isinstance(values, (int, float)):
        raise TypeError(
            f"the {name} must be an array of real numbers, not "
            f"{dtype if dtype is not None else type(values).__name__}."
        )
    if isinstance(values, Array) and jnp.issubdtype(values.dtype, jnp.floating):
        return values
    return jnp.asarray(np.asarray(values) if _on_host(values) else values).astype(
        jnp.result_type(float)
    )


def bins_within(freqs: Real[Values, " freq"], band: Band) -> np.ndarray:
    """Which bins lie inside a band, ends included; decided on the host.

    Raises:
        ValueError: a band that holds no bin, or whose ends are swapped.
        TypeError: traced frequencies, which cannot decide a shape.
    """
    low, high = band_ends(band)
    inside = (host(freqs, "freqs") >= low) & (host(freqs, "freqs") <= high)
    if not inside.any():
        known = host(freqs, "freqs")
        width = f", {known[1] - known[0]:.4g} Hz apart" if len(known) > 1 else ""
        raise ValueError(
            f"no frequency bin lies within {low:g} to {high:g} Hz: the bins run from "
            f"{known[0]:.4g} to {known[-1]:.4g} Hz{width}. Longer segments make the "
            "bins finer."
        )
    return inside


def band_ends(band: Band) -> tuple[float, float]:
    """The two ends of a band, low first."""
    ends = tuple(float(end) for end in band)
    if len(ends) != 2 or not 0 <= ends[0] < ends[1]:
        raise ValueError(
            f"a band is (low, high) in Hz with 0 <= low < high, not {tuple(band)}."
        )
    return ends[0], ends[1]


def host(values: Real[Values, "..."], name: str) -> np.ndarray:
    """Values that decide shapes, as a host array in float64."""
    if isinstance(values, Tracer):
        raise TypeError(
            f"{name} is traced, but it decides which bins are kept: pass it as welch "
            "returned it (a host array), not as an argument of the compiled function."
        )
    return np.asarray(values, dtype=np.float64)


def as_host(values: Any, name: str) -> np.ndarray:
    """A list, an array, a series or an xarray array, on the host in float64."""
    found = np.asarray(getattr(values, "values", values))
    if found.dtype.kind not in "fiub":
        raise TypeError(f"the {name} must be real numbers, not {found.dtype}.")
    return found.astype(float)


def safe_ratio(
    part: Float[Array, "*shape"], whole: Float[Array, "*shape"]
) -> Float[Array, "*shape"]:
    """`part / whole`, and 0 (with gradient 0) where the whole is not positive."""
    some = whole > 0
    # NaN must stay NaN: only an exact zero is replaced.
    safe = jnp.where(some | jnp.isnan(whole), whole, 1.0)
    return jnp.where(some | jnp.isnan(whole), part / safe, 0.0)


def _on_host(values: Any) -> bool:
    return not isinstance(values, Array)
