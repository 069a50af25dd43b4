"""Square and other matrices as coloured tables: connectivity, weights, a gain."""

from typing import Any

import numpy as np

from jaxsim.measure import functional_connectivity, functional_connectivity_dynamics
from jaxsim.plot.signals import lines_of, told
from jaxsim.plot.style import (
    DIVERGING,
    MISSING,
    SEQUENTIAL,
    Span,
    colour_bar,
    every_label,
    new_figure,
    styled,
    with_unit,
)


@styled
def plot_connectivity(
    series: Any,
    name: str = "activity",
    *,
    nodes: Any = None,
    span_s: Span | None = None,
    title: str | None = None,
) -> Any:
    """Pearson correlation of every pair of nodes.

    Args:
        series: with axes "time thing".
        name: of the signal.
        nodes: labels or numbers of those to show.
        span_s: (from, to) in s.
        title: instead of the signal's name.
    """
    lines = lines_of(series, nodes, span_s)
    fc = np.asarray(functional_connectivity(lines.values))
    figure, axes = square(len(fc))
    image = axes.imshow(fc, cmap=DIVERGING, vmin=-1, vmax=1)
    label_nodes(axes, lines.labels, len(fc), lines.thing)
    axes.set_title(title or f"functional connectivity of {name}")
    colour_bar(figure, image, axes, "correlation")
    return figure


@styled
def plot_dynamics(
    series: Any, name: str = "activity", *, title: str | None = None, **windows: Any
) -> Any:
    """Correlation of the connectivity of every two windows (FCD).

    Args:
        series: with axes "time thing".
        name: of the signal.
        title: instead of the signal's name.
        **windows: `window_s`, `step_s`, as in
            `js.measure.functional_connectivity_dynamics`.
    """
    lines = lines_of(series)
    fcd = functional_connectivity_dynamics(lines.values, lines.rate_hz, **windows)
    figure, axes = square(len(fcd))
    ends = (lines.times[0], lines.times[-1])
    low = float(np.nanmin(np.asarray(fcd)))
    image = axes.imshow(
        np.asarray(fcd), cmap=SEQUENTIAL, vmin=min(low, 0), vmax=1,
        extent=(*ends, ends[1], ends[0]),
    )  # fmt: skip
    axes.set(xlabel="time (s)", ylabel="time (s)")
    axes.set_title(title or f"connectivity dynamics of {name}")
    colour_bar(figure, image, axes, "correlation of connectivity")
    return figure


@styled
def plot_matrix(series: Any, name: str, *, title: str | None = None) -> Any:
    """A signal with two axes and no time, such as a leadfield's gain."""
    values = np.asarray(series.values)
    rows, columns = series.card.dims.split()
    figure = new_figure(6.0, 4.6)
    axes = figure.add_subplot()
    scale = signed_scale(values)
    image = axes.imshow(values, aspect="auto", **scale)
    for axis, thing, n in (
        (axes.yaxis, rows, len(values)),
        (axes.xaxis, columns, values.shape[1]),
    ):
        labels = series.labels_of(thing)
        if labels is None:
            axis.set_label_text(thing)
            continue
        every_label(axis, labels, n, room=50)
        axis.set_tick_params(labelsize=6, rotation=90 if axis is axes.xaxis else 0)
    axes.set_title(title or told(name, series.card.doc))
    colour_bar(figure, image, axes, with_unit(name.split(".")[-1], series.card.unit))
    return figure


def square(n: int) -> tuple[Any, Any]:
    """A figure for an n x n matrix, and its axes without ticks and spines."""
    side = float(np.clip(3.6 + 0.03 * n, 4.2, 7.0))
    figure = new_figure(side + 0.9, side)
    axes = figure.add_subplot()
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure, axes


def label_nodes(axes: Any, labels: tuple[str, ...] | None, n: int, thing: str) -> None:
    """Nodes along both sides of a matrix: names as many as can be read."""
    if labels is None or n > 200:
        every_label(axes.xaxis, None, n, room=10)
        every_label(axes.yaxis, None, n, room=10)
        axes.set(xlabel=thing, ylabel=thing)
        return
    size = float(np.clip(340 / n, 6.0, 8.0))
    for axis in (axes.xaxis, axes.yaxis):
        every_label(axis, labels, n, room=50)
        axis.set_tick_params(labelsize=size, pad=1)
    axes.tick_params(axis="x", rotation=90)


def signed_scale(values: np.ndarray) -> dict[str, Any]:
    """Colours for values around zero, or above it; linear."""
    fine = values[np.isfinite(values)]
    if fine.size and fine.min() < 0:
        limit = float(np.abs(fine).max())
        return {"cmap": bad_grey(DIVERGING), "vmin": -limit, "vmax": limit}
    return {"cmap": bad_grey(SEQUENTIAL), "vmin": 0.0}


def bad_grey(name: str) -> Any:
    """A colour map that shows what is missing in light grey."""
    from matplotlib import colormaps

    return colormaps[name].with_extremes(bad=MISSING)
