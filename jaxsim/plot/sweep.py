"""A sweep: what a signal does as parameters change."""

from typing import Any

import numpy as np

from jaxsim.core.recording import OK, Recording
from jaxsim.plot.matrices import bad_grey
from jaxsim.plot.runs import Place, Runs
from jaxsim.plot.signals import Lines, medians, thinned
from jaxsim.plot.spectra import density, frame_spectrum, spectra
from jaxsim.plot.style import (
    FAINT,
    PALETTE,
    SEQUENTIAL,
    Span,
    colour_bar,
    new_figure,
    shade_map,
    shades,
    styled,
    with_unit,
)


FEW = 12  # up to so many runs are drawn as lines, more as an image


@styled
def plot_sweep(
    recording: Recording,
    name: str = "activity",
    what: str = "traces",
    *,
    at: dict[str, int] | None = None,
    nodes: Any = None,
    span_s: Span | None = None,
    freq_range: Span = (0.5, 50.0),
    segment_s: float | None = None,
    style: str | None = None,
    title: str | None = None,
) -> Any:
    """One signal of every run of a sweep, against the parameter that was swept.

    Along one axis: traces or spectra as coloured lines (few runs), or an image with the
    parameter along one side (many). Along two axes: the standard deviation over time as
    a table of colours. A signal with one number per run is drawn as a curve, or as a
    table. Nodes and repeats are averaged (spectra, deviations), or the first is shown
    (traces). Runs that did not end well are left out, or grey.

    Args:
        recording: of a sweep.
        name: of the signal.
        what: "traces" or "spectrum".
        at: axis name -> index: holds other axes of the design still.
        nodes: labels or numbers to average over, or (traces) to show the first of.
        span_s: (from, to) in s.
        freq_range: of spectra, in Hz.
        segment_s: of spectra.
        style: "lines" or "image", instead of by number of runs.
        title: instead of the signal's name.
    """
    if style not in (None, "lines", "image"):
        raise ValueError(f"style = {style!r} is neither 'lines' nor 'image'.")
    runs = Runs(recording, name, dict(at or {}))
    if len(runs.axes) > 2:
        raise ValueError(
            f"the sweep moves along {', '.join(runs.axes)}; a figure has room for two. "
            f"Hold some still: at={{'{runs.axes[0]}': 0}}."
        )
    if not runs.timed:
        return _numbers(runs, title)
    lines = runs.lines(nodes, span_s)
    if len(runs.axes) == 2:
        spread = np.array([run.values.std(0).mean() for run in lines])
        label = with_unit(f"standard deviation of {name}", lines[0].unit)
        return _table(runs, runs.averaged(spread), label, title)
    image = style == "image" or (style is None and len(runs) > FEW)
    if what == "spectrum":
        pairs = [spectra(r.values, r.rate_hz, segment_s, freq_range) for r in lines]
        freqs = pairs[0][0]
        psd = runs.averaged(np.stack([power.mean(1) for _, power in pairs]))
        draw = _spectrum_image if image else _spectrum_lines
        return draw(runs, freqs, psd, lines[0].unit, title)
    first = [r._replace(values=r.values[:, :1]) for r in lines]
    values = np.stack([r.values[:, 0] for r in first])
    values = runs.first_repeat(values)
    return (_trace_image if image else _trace_lines)(runs, first[0], values, title)


def _numbers(runs: Runs, title: str | None) -> Any:
    """A signal with one number per run."""
    tail = runs.values.shape[runs.status.ndim :]
    if int(np.prod(tail)) != 1:
        raise ValueError(
            f"'{runs.name}' has the axes '{runs.series.card.dims}' in every run: there "
            "is no picture of a sweep of those. Reduce it with recording.measure(...)."
        )
    values = np.where(runs.status == OK, runs.values.reshape(runs.status.shape), np.nan)
    label = with_unit(runs.name, runs.series.card.unit)
    if len(runs.axes) == 2:
        return _table(runs, runs.averaged(values.reshape(-1)), label, title)
    place, order = runs.places[0], runs.places[0].order
    figure = new_figure(5.6, 3.4)
    axes = figure.add_subplot()
    x = place.values[order]
    if runs.repeats:
        each = values[order]
        axes.plot(x, each, ".", color=FAINT, ms=3, alpha=0.6)
        axes.plot([], [], ".", color=FAINT, label=f"{each.shape[1]} repeats")
    mean = runs.averaged(values.reshape(-1))[order]
    axes.plot(x, mean, "o-", color=PALETTE[0], ms=3.5, label="mean")
    if runs.repeats:
        axes.legend()
    _name_axis(axes.xaxis, place)
    axes.set(ylabel=label, title=title or f"{runs.name} against {place.label}")
    return figure


def _table(runs: Runs, values: np.ndarray, label: str, title: str | None) -> Any:
    """A table of colours over two swept parameters."""
    down, across = runs.places
    values = values[down.order][:, across.order]
    figure = new_figure(5.8, 4.4)
    axes = figure.add_subplot()
    x, y = np.sort(across.values), np.sort(down.values)
    image = axes.pcolormesh(_edges(x), _edges(y), values, cmap=bad_grey(SEQUENTIAL))
    image.set_edgecolor("face")
    _name_axis(axes.xaxis, across)
    _name_axis(axes.yaxis, down)
    axes.set_title(title or f"{runs.name} at {values.size} points")
    colour_bar(figure, image, axes, label)
    return figure


def _trace_lines(runs: Runs, one: Lines, values: np.ndarray, title: Any) -> Any:
    place, order = runs.places[0], runs.places[0].order
    n = len(values)
    middle = values - medians(values, 1)[:, None]
    fine = middle[np.isfinite(middle)]
    gap = 1.05 * (np.ptp(np.percentile(fine, (0.2, 99.8))) if fine.size else 1.0) or 1.0
    figure = new_figure(7.5, float(np.clip(1.0 + 0.42 * n, 2.6, 8.0)))
    axes = figure.add_subplot()
    for row, (i, colour) in enumerate(zip(order, shades(range(n)), strict=True)):
        moments, line = thinned(one.times, middle[i][:, None])
        axes.plot(moments, line + row * gap, color=colour, lw=0.8)
    names = place.names or [f"{v:.4g}" for v in place.values]
    axes.set_yticks(gap * np.arange(n), [names[i] for i in order])
    axes.set(xlabel="time (s)", ylabel=place.label)
    axes.set_title(title or f"{runs.name} as {place.label} grows; rows {gap:.2g} "
                   f"{one.unit} apart")  # fmt: skip
    axes.margins(x=0)
    return figure


def _trace_image(runs: Runs, one: Lines, values: np.ndarray, title: Any) -> Any:
    place, order = runs.places[0], runs.places[0].order
    figure = new_figure(7.5, 4.2)
    axes = figure.add_subplot()
    step = max(1, values.shape[1] // 1600)
    image = axes.pcolormesh(
        one.times[::step], np.sort(place.values), values[order][:, ::step],
        cmap=bad_grey(SEQUENTIAL), shading="nearest", rasterized=True,
    )  # fmt: skip
    axes.set(
        xlabel="time (s)", title=title or f"{runs.name} of every run, by {place.label}"
    )
    _name_axis(axes.yaxis, place)
    colour_bar(figure, image, axes, with_unit(runs.name, one.unit))
    return figure


def _spectrum_lines(
    runs: Runs, freqs: np.ndarray, psd: np.ndarray, unit: str, title: str | None
) -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    place = runs.places[0]
    figure = new_figure(6.4, 3.8)
    axes = figure.add_subplot()
    for i, colour in zip(place.order, shades(np.sort(place.values)), strict=True):
        name = place.names[i] if place.names else f"{place.values[i]:.4g}"
        axes.plot(freqs, psd[i], color=colour, label=name)
    frame_spectrum(axes, freqs, unit)
    if len(runs) <= 8 or place.names:
        axes.legend(title=place.label, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    else:
        norm = Normalize(place.values.min(), place.values.max())
        colour_bar(figure, ScalarMappable(norm, shade_map()), axes, place.label)
    axes.set_title(title or f"power spectrum of {runs.name}", pad=16)
    return figure


def _spectrum_image(
    runs: Runs, freqs: np.ndarray, psd: np.ndarray, unit: str, title: str | None
) -> Any:
    from matplotlib.colors import LogNorm

    place = runs.places[0]
    shown = psd[place.order]
    fine = shown[np.isfinite(shown)]
    low, high = np.percentile(fine, (2, 100)) if fine.size else (1e-3, 1.0)
    figure = new_figure(6.4, 4.2)
    axes = figure.add_subplot()
    image = axes.pcolormesh(
        freqs, np.sort(place.values), shown, cmap=bad_grey(SEQUENTIAL),
        norm=LogNorm(low, max(high, low * 10)), shading="nearest", rasterized=True,
    )  # fmt: skip
    axes.set(xlabel="frequency (Hz)")
    axes.set_title(title or f"power spectrum of {runs.name}")
    _name_axis(axes.yaxis, place)
    colour_bar(figure, image, axes, density(unit))
    return figure


def _name_axis(axis: Any, place: Place) -> None:
    axis.set_label_text(place.label)
    if place.names is not None:
        axis.set_ticks(place.values, place.names)


def _edges(centres: np.ndarray) -> np.ndarray:
    """Borders halfway between sorted centres."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    inner = (centres[1:] + centres[:-1]) / 2
    return np.concatenate(
        [[2 * centres[0] - inner[0]], inner, [2 * centres[-1] - inner[-1]]]
    )
