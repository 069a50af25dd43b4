"""How a signal is cut into segments for a spectral estimate."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np


class Cut(NamedTuple):
    """How to cut: what a compiled spectral estimate depends on, besides its signal."""

    rate_hz: float
    n: int
    shared: int
    window: str | tuple
    detrend: str | bool

    def options(self, dtype: jnp.dtype) -> dict[str, Any]:
        """The words of `jax.scipy.signal`, with the window's samples."""
        try:
            window = _window(self.window, self.n)
        except ValueError as error:
            raise ValueError(
                f"window = {self.window!r} is not one of scipy.signal.get_window's: "
                f"{error}"
            ) from None
        if self.detrend not in ("constant", "linear", False):
            raise ValueError(
                f"detrend = {self.detrend!r}: choose 'constant' (the mean of each "
                "segment goes), 'linear' (its straight line goes), or False."
            )
        return {
            "fs": self.rate_hz,
            "window": jnp.asarray(window, dtype),
            "nperseg": self.n,
            "noverlap": self.shared,
            "detrend": self.detrend,
        }


def segment_length(
    n_samples: int, rate_hz: float, segment_s: float | None, nperseg: int | None
) -> int:
    """Samples in a segment, from either of the two ways to say it."""
    if segment_s is not None and nperseg is not None:
        raise ValueError("segment_s and nperseg say the same thing: give one of them.")
    if segment_s is None and nperseg is None:
        n = min(max(round(2 * rate_hz), 64), n_samples)  # BOLD is slow
    else:
        n = int(nperseg) if nperseg is not None else round((segment_s or 0) * rate_hz)
    if n > n_samples:
        raise ValueError(
            f"a segment of {n} samples ({n / rate_hz:.4g} s) is longer than the "
            f"signal, {n_samples} samples ({n_samples / rate_hz:.4g} s): shorten it or "
            "simulate longer."
        )
    if n < 2:
        raise ValueError(
            f"a segment needs at least 2 samples, not {n}: at {rate_hz:g} Hz that is "
            f"{2 / rate_hz:.4g} s."
        )
    return n


def n_overlap(overlap: float, n: int) -> int:
    """Samples that a segment shares with the next."""
    if not 0 <= overlap < 1:
        raise ValueError(
            f"overlap = {overlap} is outside [0, 1): it is the fraction of a segment "
            "that it shares with the next."
        )
    return min(int(overlap * n), n - 1)


def _window(window: str | tuple, n: int) -> np.ndarray:
    """A periodic window; the usual one without importing scipy.signal (a second)."""
    if window == "hann":
        return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    from scipy.signal import get_window

    return np.asarray(get_window(window, n))
