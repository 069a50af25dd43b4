"""Internal variables of a model over time: a panel for each."""

from typing import Any

import numpy as np

from jaxsim.plot.signals import pick, thinned
from jaxsim.plot.style import FAINT, PALETTE, Span, new_figure, styled


@styled
def plot_states(
    series: Any,
    name: str = "states",
    *,
    nodes: Any = None,
    span_s: Span | None = None,
    title: str | None = None,
) -> Any:
    """A series with axes "time variable node": one panel per variable.

    Args:
        series: of a recording.
        name: of the signal.
        nodes: labels or numbers of those to show; the first ones by default.
        span_s: (from, to) in s.
        title: instead of the signal's meaning.
    """
    values = np.asarray(series.values)
    _, kind, thing = series.card.dims.split()
    n_variables, n = values.shape[1:]
    labels = series.labels_of(thing)
    keep = pick(range(min(n, 6)) if nodes is None else nodes, labels, n, thing)
    names = series.labels_of(kind) or [f"{kind} {i}" for i in range(n_variables)]
    times = series.clock.times(len(values))
    inside = np.full(len(times), True)
    if span_s is not None:
        inside = (times >= span_s[0]) & (times <= span_s[1])
    columns = 2 if n_variables > 1 else 1
    rows = -(-n_variables // columns)
    figure = new_figure(8.0, 0.8 + 1.3 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False)
    for i, axes in enumerate(panels.T.ravel()):
        if i >= n_variables:
            axes.set_axis_off()
            continue
        moments, lines = thinned(times[inside], values[inside][:, i, keep])
        axes.plot(moments, lines[:, 1:], color=FAINT, lw=0.5)
        axes.plot(moments, lines[:, 0], color=PALETTE[0], lw=0.8)
        axes.set_ylabel(names[i])
        axes.margins(x=0)
    for column in panels.T:
        last = [axes for axes in column if axes.axison][-1]
        last.set_xlabel("time (s)")
        last.tick_params(labelbottom=True)
    shown = f"; blue: {thing} {labels[keep[0]] if labels else keep[0]}" if n > 1 else ""
    figure.suptitle(title or f"{name}{shown}", x=0.01, ha="left", fontsize=10)
    return figure
