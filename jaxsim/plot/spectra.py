"""Power spectra of a signal's nodes."""

from typing import Any

import numpy as np

from jaxsim.measure import BANDS, welch
from jaxsim.plot.signals import lines_of, medians
from jaxsim.plot.style import FAINT, INK, PALETTE, Span, colours, new_figure, styled


FEW = 6  # up to so many nodes get a colour and a name of their own
LETTERS = {"delta": "δ", "theta": "θ", "alpha": "α", "beta": "β", "gamma": "γ"}


@styled
def plot_spectrum(
    series: Any,
    name: str = "activity",
    *,
    nodes: Any = None,
    span_s: Span | None = None,
    freq_range: Span = (0.5, 50.0),
    segment_s: float | None = None,
    title: str | None = None,
) -> Any:
    """Welch spectra: one line for each of a few nodes, or all in grey and their median.

    Args:
        series: with axes "time" or "time thing".
        name: of the signal.
        nodes: labels or numbers of those to show.
        span_s: (from, to) in s.
        freq_range: (low, high) in Hz.
        segment_s: length of a Welch segment; default 2 s.
        title: instead of the signal's name.
    """
    lines = lines_of(series, nodes, span_s)
    freqs, psd = spectra(lines.values, lines.rate_hz, segment_s, freq_range)
    n = psd.shape[1]
    figure = new_figure(6.0, 3.8)
    axes = figure.add_subplot()
    names = lines.labels or [f"{lines.thing} {i}".strip() for i in range(n)]
    if n <= FEW:
        for i, colour in enumerate(colours(n)):
            axes.plot(freqs, psd[:, i], color=colour, label=names[i])
        if n > 1:
            axes.legend(loc="upper right")
    else:
        axes.plot(freqs, psd, color=FAINT, lw=0.5, alpha=min(0.9, 10 / n + 0.15))
        axes.plot([], [], color=FAINT, lw=0.8, label=f"each of {n} {lines.thing}s")
        median = medians(psd, 1)
        axes.plot(freqs, median, color=PALETTE[0], lw=2, label="median")
        axes.legend(loc="upper right")
    frame_spectrum(axes, freqs, lines.unit)
    axes.set_title(title or f"power spectrum of {name}", pad=16)
    return figure


def spectra(
    values: np.ndarray,
    rate_hz: float,
    segment_s: float | None,
    freq_range: Span,
) -> tuple[np.ndarray, np.ndarray]:
    """Welch spectra on the host, cropped to a range; zero power becomes a gap."""
    freqs, psd = welch(values, rate_hz, segment_s=segment_s)
    top = min(freq_range[1], rate_hz / 2)
    inside = (freqs > 0) & (freqs >= freq_range[0]) & (freqs <= top)
    if inside.sum() < 5:  # slow signals (BOLD) live below the usual range
        inside = freqs > 0
    psd = np.array(psd)[inside]
    psd[psd <= 0] = np.nan
    return freqs[inside], psd


def frame_spectrum(axes: Any, freqs: np.ndarray, unit: str) -> None:
    """Axes of a spectrum: logarithmic power, the classical bands named on top."""
    axes.set_yscale("log")
    axes.set_xlim(freqs[0], freqs[-1])
    axes.set(xlabel="frequency (Hz)", ylabel=density(unit))
    if freqs[-1] < 8:
        return
    for i, (band, (low, high)) in enumerate(BANDS.items()):
        if low >= freqs[-1]:
            break
        high = min(high, freqs[-1])
        if i % 2 == 0:
            axes.axvspan(low, high, color=INK, alpha=0.04, lw=0)
        middle, place = (low + high) / 2, axes.get_xaxis_transform()
        axes.text(middle, 1.01, LETTERS[band], color=FAINT, fontsize=8, ha="center",
                  va="bottom", transform=place)  # fmt: skip


def density(unit: str) -> str:
    """Name and unit of a power density."""
    if unit in ("", "1"):
        return "power density (1/Hz)"
    unit = unit.replace("uV", "µV")
    unit = f"({unit})" if "/" in unit else unit
    return f"power density ({unit}²/Hz)"
