"""Which times of a recording may be used, constraint by constraint."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxsim.plot.style import INK, PALETTE, new_figure, styled


@styled
def plot_validity(
    rows: Mapping[str, Any], starts_s: Any = None, *, title: str | None = None
) -> Any:
    """Bars of the times that each constraint allows, and ticks where chunks start.

    Args:
        rows: constraint -> (interval, 2), from and to in s.
        starts_s: (chunk,) when chunks start, s.
        title: over all.
    """
    known = {what: np.asarray(r, float).reshape(-1, 2) for what, r in rows.items()}
    starts = np.zeros(0) if starts_s is None else np.asarray(starts_s, float)
    edges = np.concatenate([starts, *(r[np.isfinite(r)] for r in known.values())])
    low, high = (edges.min(), edges.max()) if edges.size else (0.0, 1.0)
    labels = list(known)
    figure = new_figure(7.0, 0.9 + 0.26 * (len(known) + 1))
    axes = figure.add_subplot()
    for at, one in enumerate(known.values()):
        first, last = np.clip(one, low, high).T
        bars = list(zip(first, last - first, strict=True))
        colour = PALETTE[at % len(PALETTE)]
        axes.broken_barh(bars, (at - 0.35, 0.7), color=colour, linewidth=0)
    if starts_s is not None:
        axes.vlines(starts, len(known) - 0.35, len(known) + 0.35, INK, linewidth=0.4)
        labels.append(f"{len(starts)} chunks start")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(max(len(labels), 1) - 0.5, -0.5)
    axes.set_xlim(low, high if high > low else low + 1)
    axes.set_xlabel("time (s)")
    axes.set_title(title or "times that may be used")
    return figure
