"""Everything that one run recorded, on one axis of time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxsim.core.declared import nearest
from jaxsim.core.recording import Recording
from jaxsim.plot.signals import Lines, lines_of, medians, thinned
from jaxsim.plot.style import DIVERGING, INK, PALETTE, Span, new_figure, nice, styled
from jaxsim.plot.traces import gap_of, scale_bar


STACK = 8  # more lines than this are drawn as a raster
FEW = 100  # samples that are drawn as dots, too
WIDTH, STRIP, ROW = 8.0, 0.75, 0.95  # inches


@styled
def plot_modalities(
    recording: Recording,
    *,
    signals: Sequence[str] | Mapping[str, str] | None = None,
    span_s: Span | None = None,
    title: str | None = None,
) -> Any:
    """A row for every signal over time, each at its own rate: movies as strips.

    A frame of a strip begins where it is shown on the axis of time. Up to eight lines
    are stacked, with a scale bar; more are a raster of what differs from the median.

    Args:
        recording: of one run.
        signals: names to show, in this order, or a mapping of names to headings;
            default: all that have a time axis, "time", "time thing" or "time y x".
        span_s: (from, to) in s; default: what all signals have in common.
        title: above all.

    Raises:
        ValueError: a sweep, an unknown signal, or none with a time axis.
    """
    if np.ndim(recording.status):
        raise ValueError(
            "'modalities' is a picture of one run, and this is a sweep of "
            f"{np.size(recording.status)}."
        )
    names = _chosen(recording, signals)
    low, high = _common(recording, names) if span_s is None else span_s
    span = float(low), float(high)
    movies = {name: recording[name].values.ndim == 3 for name in names}
    heights = [STRIP if movies[name] else ROW for name in names]
    figure = new_figure(WIDTH, sum(heights) + 0.7)
    rows = figure.subplots(
        len(names), 1, sharex=True, squeeze=False, height_ratios=heights
    )[:, 0]
    for number, (axes, name) in enumerate(zip(rows, names, strict=True)):
        series: Any = recording[name]
        axes.set_xlim(*span)
        if movies[name]:
            _strip(axes, series, span)
        else:
            _lines(axes, lines_of(series, span_s=span), PALETTE[number % len(PALETTE)])
        heading = f"{names[name]}\n{series.clock.rate_hz:g} Hz"
        axes.set_ylabel(heading, rotation=0, ha="right", va="center")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(axes is rows[-1])
        axes.tick_params(axis="x", length=3 if axes is rows[-1] else 0)
    rows[-1].set_xlabel("time (s)")
    if title:
        figure.suptitle(title, x=0.01, ha="left")
    return figure


def _chosen(recording: Recording, signals: Any) -> dict[str, str]:
    """Names of what is drawn, and their headings."""
    known = [
        name
        for name in recording.names
        if recording[name].card.timed and _drawable(recording[name])
    ]
    if not known:
        raise ValueError(
            f"no signal of this recording ({', '.join(recording.names)}) is a movie or "
            "lines over time."
        )
    if signals is None:
        return {name: name for name in known}
    if isinstance(signals, str):
        signals = (signals,)
    for name in signals:
        if name not in known:
            raise ValueError(
                f"'{name}' is no signal over time of this recording; those are "
                f"{', '.join(known)}.{nearest(name, known)}"
            )
    if isinstance(signals, Mapping):
        return dict(signals)
    return {name: name for name in signals}


def _drawable(series: Any) -> bool:
    dims = series.card.dims.split()
    return series.clock is not None and (
        len(dims) <= 2 or (len(dims) == 3 and dims[1:] == ["y", "x"])
    )


def _common(recording: Recording, names: Mapping[str, str]) -> tuple[float, float]:
    """The longest stretch that every signal knows, from 0 where all begin with it."""
    starts, ends = [], []
    for name in names:
        series: Any = recording[name]
        times = series.clock.times(len(series.values))
        starts.append(min(times[0], times[0] - 1.0 / series.clock.rate_hz))
        ends.append(times[-1])
    return max(0.0, min(starts)), min(ends)


def _strip(axes: Any, series: Any, span: tuple[float, float]) -> None:
    """Some frames side by side, each with its left side at its time."""
    values = np.asarray(series.values)
    times = series.clock.times(len(values))
    height, width = values.shape[1:]
    # what a frame takes of the axis when it is as high as the row
    takes_s = (span[1] - span[0]) * STRIP * width / height / (0.82 * WIDTH)
    n = max(int((span[1] - span[0]) / (1.06 * takes_s)), 1)
    starts = np.linspace(span[0], span[1] - takes_s, n)
    at = np.clip(np.searchsorted(times, starts - 1e-9), 0, len(values) - 1)
    some = values[at].astype(np.float32)
    low, high = np.percentile(some, (0.5, 99.8))
    for frame, start in zip(some, starts, strict=True):
        axes.imshow(
            frame, cmap="gray", vmin=low, vmax=max(high, low + 1e-9), aspect="auto",
            extent=(start, start + takes_s, 0, 1),
        )  # fmt: skip
    axes.set(xlim=span, ylim=(0, 1))


def _lines(axes: Any, lines: Lines, colour: str) -> None:
    centred = lines.values - medians(lines.values, 0)
    n = centred.shape[1]
    if n > STACK:
        limit = np.nanpercentile(np.abs(centred), 99) or 1.0
        half = 0.5 / lines.rate_hz
        extent = (lines.times[0] - half, lines.times[-1] + half, n - 0.5, -0.5)
        axes.imshow(
            centred.T, aspect="auto", cmap=DIVERGING, vmin=-limit, vmax=limit,
            extent=extent,
        )  # fmt: skip
        axes.text(1.01, 0.5, f"{n} {lines.thing}s", transform=axes.transAxes,
                  rotation=90, va="center", fontsize=8, color=INK)  # fmt: skip
        return
    gap = gap_of(centred)
    mark = "." if len(lines.times) <= FEW else ""
    for i in range(n):
        moments, values = thinned(lines.times, centred[:, i : i + 1])
        axes.plot(moments, values - i * gap, mark + "-", ms=3, color=colour, lw=0.6)
    low = -gap * (n - 0.4)
    axes.set_ylim(low, gap * 0.7)
    scale_bar(axes, nice((gap * 0.7 - low) * 0.4), lines.unit, at=low)
