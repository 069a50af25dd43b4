"""Its `compute_psd`, on the measures of this library."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxsim.core.declared import nearest
from jaxsim.measure import band_power, peak_frequency, to_decibel, welch


ROI = ("none", "mean", "subset")


class PsdResult(NamedTuple):
    """A spectrum: frequencies (freq,), density (freq, node), its peak, band powers."""

    freqs: np.ndarray
    psd: np.ndarray
    peak_freq: float
    bandpower: dict[str, np.ndarray] | None = None


def compute_psd(
    lfp: Any,
    fs: float,
    nperseg: int | None = None,
    noverlap: int | None = None,
    window: str = "hann",
    freq_range: tuple[float, float] = (1.0, 50.0),
    bands: Mapping[str, tuple[float, float]] | None = None,
    detrend: str | bool = "constant",
    roi: str = "none",
    roi_nodes: Sequence[int] | None = None,
) -> PsdResult:
    """Welch's density of signals (time,) or (time, node), mV^2/Hz.

    Args:
        lfp: signals.
        fs: samples per second.
        nperseg: samples of a segment; 2 s by default, or all where that is less.
        noverlap: samples shared by neighbours; half of a segment by default.
        window: any of scipy's.
        freq_range: where the peak is sought; the density is not cropped.
        bands: name -> (low, high) in Hz, whose powers are wanted, mV^2.
        detrend: "constant", "linear" or False.
        roi: "none", "mean" (of the signals, before) or "subset" (`roi_nodes`).
        roi_nodes: which nodes.
    """
    signals = select(np.asarray(lfp), roi, roi_nodes)
    freqs, psd = density(signals, fs, nperseg, noverlap, window, detrend)
    peak = 0.0
    if ((freqs >= freq_range[0]) & (freqs <= freq_range[1])).any():
        peaks = peak_frequency(freqs, psd, freq_range, refine=False)
        peak = float(np.mean(np.asarray(peaks)))
    powers = None
    if bands:
        powers = {n: np.asarray(band_power(freqs, psd, b)) for n, b in bands.items()}
    return PsdResult(freqs, np.asarray(psd), peak, powers)


def select(signals: Any, roi: str | None, roi_nodes: Sequence[int] | None) -> Any:
    """Signals (time, node) of a region of interest.

    Raises:
        ValueError: an unknown `roi`, or a subset without nodes.
    """
    signals = signals[:, None] if signals.ndim == 1 else signals
    roi = (roi or "none").lower()
    if roi not in ROI:
        raise ValueError(
            f"psd_cfg: roi = {roi!r} is not one of {', '.join(ROI)}.{nearest(roi, ROI)}"
        )
    if roi == "mean":
        return signals.mean(axis=1, keepdims=True)
    if roi == "subset":
        if roi_nodes is None or not len(roi_nodes):
            raise ValueError("psd_cfg: roi = 'subset' needs roi_nodes.")
        return signals[:, np.asarray(roi_nodes)]
    return signals


def density(
    signals: Any,
    fs: float,
    nperseg: int | None,
    noverlap: int | None,
    window: str,
    detrend: str | bool,
) -> tuple[np.ndarray, Any]:
    """Frequencies and density (freq, node); traceable in the signals."""
    n = min(int(2.0 * fs), len(signals)) if nperseg is None else int(nperseg)
    shared = n // 2 if noverlap is None else int(noverlap)
    share = (shared + 0.5) / n if shared else 0.0  # which rounds down to `shared`
    return welch(signals, fs, nperseg=n, overlap=share, window=window, detrend=detrend)


def psd_to_db(psd: Any, ref: float = 1.0) -> np.ndarray:
    """Decibels over a reference."""
    return np.asarray(to_decibel(psd, ref))
