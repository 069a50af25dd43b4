"""Signals over time: stacked traces, a raster of many, a butterfly of sensors."""

from typing import Any, Literal

import numpy as np

from jaxsim.plot.signals import Lines, lines_of, medians, quantity, thinned, told
from jaxsim.plot.style import (
    DIVERGING,
    FAINT,
    INK,
    PALETTE,
    Span,
    colour_bar,
    every_label,
    new_figure,
    nice,
    styled,
    with_unit,
)


STACK = 30  # more lines than this are drawn as a raster
Style = Literal["stacked", "raster", "butterfly"]


@styled
def plot_traces(
    series: Any,
    name: str = "activity",
    *,
    style: Style | None = None,
    nodes: Any = None,
    span_s: Span | None = None,
    title: str | None = None,
) -> Any:
    """Lines over time of a series with axes "time" or "time thing".

    Args:
        series: of a recording.
        name: of the signal.
        style: "stacked": one above the other, with a scale bar; "raster": a coloured
            row for each; "butterfly": all on one axis with their spread. Default:
            butterfly for sensors, stacked up to 30 lines, a raster above.
        nodes: labels or numbers of those to show.
        span_s: (from, to) in s.
        title: instead of the signal's meaning.
    """
    lines = lines_of(series, nodes, span_s)
    n = lines.values.shape[1]
    if style is None:
        wide = "butterfly" if lines.thing == "sensor" else "raster"
        style = "stacked" if n <= (1 if wide == "butterfly" else STACK) else wide
    heading = title or told(name, lines.doc)
    if n == 1 and lines.labels and title is None:
        heading += f" ({lines.labels[0]})"
    draw = {"stacked": _stacked, "raster": _raster, "butterfly": _butterfly}
    if style not in draw:
        raise ValueError(f"style = {style!r} is not one of {', '.join(draw)}.")
    return (_single if n == 1 else draw[style])(lines, name, heading)


def _single(lines: Lines, name: str, heading: str) -> Any:
    figure = new_figure(7.5, 2.4)
    axes = figure.add_subplot()
    axes.plot(*thinned(lines.times, lines.values), color=PALETTE[0], lw=0.8)
    axes.set(xlabel="time (s)", ylabel=quantity(lines, name), title=heading)
    axes.margins(x=0)
    return figure


def _stacked(lines: Lines, name: str, heading: str) -> Any:
    n = lines.values.shape[1]
    centred = lines.values - medians(lines.values, 0)
    gap = gap_of(centred)
    figure = new_figure(7.5, float(np.clip(0.9 + 0.3 * n, 2.6, 9.0)))
    axes = figure.add_subplot()
    for i in range(n):
        moments, values = thinned(lines.times, centred[:, i : i + 1])
        axes.plot(moments, values - i * gap, color=PALETTE[0], lw=0.7, clip_on=False)
    names = lines.labels or [f"{lines.thing} {i}" for i in range(n)]
    axes.set_yticks(-gap * np.arange(n), names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(xlabel="time (s)", title=heading, ylim=(-gap * (n - 0.3), gap * 0.7))
    axes.margins(x=0)
    scale_bar(axes, nice(gap * 0.8), lines.unit, at=-gap * (n - 1))
    return figure


def gap_of(centred: np.ndarray) -> float:
    """From one line to the next: most fit between, and a loud one stays in sight."""
    fine = np.ma.masked_invalid(centred).filled(0.0)
    reach = np.ptp(np.percentile(fine, (0.5, 99.5), axis=0), axis=0)
    return float(max(1.3 * np.quantile(reach, 0.8), 0.4 * reach.max()) or 1.0)


def scale_bar(axes: Any, height: float, unit: str, at: float) -> None:
    """A vertical bar of a round height right of the axes, in the unit of the data."""
    place = axes.get_yaxis_transform()
    axes.plot([1.015] * 2, [at, at + height], color=INK, lw=2, transform=place,
              clip_on=False, solid_capstyle="butt")  # fmt: skip
    said = with_unit("", unit).strip(" ()")
    axes.text(1.028, at + height / 2, f"{height:g} {said}".strip(), transform=place,
              va="center", ha="left", fontsize=8, rotation=90)  # fmt: skip


def _raster(lines: Lines, name: str, heading: str) -> Any:
    n = lines.values.shape[1]
    moments, values = _blocks(lines.times, lines.values - medians(lines.values, 0))
    limit = np.percentile(np.abs(_finite(values)), 98.5) or 1.0
    figure = new_figure(8.0, float(np.clip(1.2 + 0.05 * n, 3.0, 8.5)))
    axes = figure.add_subplot()
    image = axes.imshow(
        values.T, aspect="auto", cmap=DIVERGING, vmin=-limit, vmax=limit,
        extent=(moments[0], moments[-1], n - 0.5, -0.5),
    )  # fmt: skip
    axes.grid(False)
    axes.set(xlabel="time (s)", title=heading)
    if lines.labels is None:
        axes.set_ylabel(lines.thing)
    every_label(axes.yaxis, lines.labels, n, room=40)
    if lines.labels is not None:
        axes.tick_params(axis="y", labelsize=6)
    colour_bar(figure, image, axes, quantity(lines, f"{name}, from its median"))
    return figure


def _butterfly(lines: Lines, name: str, heading: str) -> Any:
    figure = new_figure(8.0, 4.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    n = lines.values.shape[1]
    centred = lines.values - lines.values.mean(axis=0)
    moments, values = thinned(lines.times, centred)
    upper.plot(moments, values, color=FAINT, lw=0.4, alpha=min(0.8, 12 / n + 0.15))
    loudest = int(np.argmax(np.nanstd(lines.values, axis=0)))
    label = lines.labels[loudest] if lines.labels else f"{lines.thing} {loudest}"
    upper.plot(moments, values[:, loudest], color=PALETTE[1], lw=0.8, label=label)
    upper.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2)
    upper.set(
        title=f"{heading} ({n} {lines.thing}s)",
        ylabel=quantity(lines, f"{name}, from its mean"),
    )
    power = centred.std(axis=1, keepdims=True)
    lower.plot(*thinned(lines.times, power), color=PALETTE[0], lw=0.8)
    lower.set(xlabel="time (s)", ylabel=with_unit("spread", lines.unit), ylim=(0, None))
    upper.margins(x=0)
    figure.align_ylabels()
    return figure


def _blocks(
    times: np.ndarray, values: np.ndarray, n_bins: int = 1600
) -> tuple[np.ndarray, np.ndarray]:
    """Means over bins: an image has no more columns than this."""
    per_bin = len(times) // n_bins
    if per_bin < 2:
        return times, values
    n = n_bins * per_bin
    means = values[:n].reshape(n_bins, per_bin, -1).mean(1)
    return times[:n:per_bin], means


def _finite(values: np.ndarray) -> np.ndarray:
    fine = values[np.isfinite(values)]
    return fine if fine.size else np.zeros(1)
