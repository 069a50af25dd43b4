"""What a plot reads of a series: host values, times, labels, and where it is cut."""

from typing import Any, NamedTuple

import numpy as np

from jaxsim.plot.style import Span, with_unit


class Lines(NamedTuple):
    """Values over time of things that stand side by side."""

    times: np.ndarray  # (time,) in s
    values: np.ndarray  # (time, thing)
    labels: tuple[str, ...] | None
    thing: str  # node, sensor, ...
    unit: str
    doc: str
    rate_hz: float


def lines_of(series: Any, nodes: Any = None, span_s: Span | None = None) -> Lines:
    """The lines of a series, some of its nodes, within some of its time.

    Args:
        series: with axes "time" or "time thing".
        nodes: labels or numbers to keep, in this order; all by default.
        span_s: (from, to) in s.
    """
    dims = series.card.dims.split()
    values = np.asarray(series.values)
    if dims[:1] != ["time"] or values.ndim not in (1, 2) or series.clock is None:
        raise ValueError(
            f"a signal with axes '{series.card.dims}' and shape {values.shape} is no "
            "set of lines over time."
        )
    thing = dims[1] if len(dims) > 1 else ""
    values = values if values.ndim == 2 else values[:, None]
    labels = series.labels_of(thing)
    if nodes is not None:
        keep = pick(nodes, labels, values.shape[1], thing)
        values = values[:, keep]
        labels = tuple(labels[i] if labels else str(i) for i in keep)
    times = series.clock.times(len(values))
    if span_s is not None:
        inside = (times >= span_s[0]) & (times <= span_s[1])
        if not inside.any():
            raise ValueError(
                f"span_s = {tuple(span_s)} holds no sample: the signal runs from "
                f"{times[0]:g} to {times[-1]:g} s."
            )
        times, values = times[inside], values[inside]
    card = series.card
    return Lines(
        times, values, labels, thing, card.unit, card.doc, series.clock.rate_hz
    )


def pick(nodes: Any, labels: tuple[str, ...] | None, n: int, thing: str) -> list[int]:
    """Numbers of the nodes named by label or by number."""
    from jaxsim.core.declared import nearest

    single = isinstance(nodes, (str, int, np.integer))
    keep = []
    for node in [nodes] if single else nodes:
        if isinstance(node, str):
            if labels is None or node not in labels:
                raise ValueError(
                    f"no {thing} is called '{node}'."
                    + (nearest(node, labels) if labels else " They have no labels.")
                )
            node = labels.index(node)
        if not -n <= int(node) < n:
            raise ValueError(f"{thing} {node} is outside 0 to {n - 1}.")
        keep.append(int(node) % n)
    return keep


def thinned(
    times: np.ndarray, values: np.ndarray, n_bins: int = 1500
) -> tuple[np.ndarray, np.ndarray]:
    """The same picture from fewer points: the lowest and highest of every bin.

    Spikes survive, which plain subsampling would lose.
    """
    per_bin = -(-len(times) // n_bins)
    if per_bin < 3:
        return times, values
    starts = np.arange(0, len(times), per_bin)  # the last bin may be shorter
    low = np.minimum.reduceat(values, starts)
    ends = np.stack([low, np.maximum.reduceat(values, starts)], axis=1)
    middles = (starts + np.minimum(starts + per_bin, len(times))) // 2
    moments = np.stack([times[starts], times[middles]], axis=1)
    return moments.reshape(-1), ends.reshape(2 * len(starts), -1)


def medians(values: np.ndarray, axis: int) -> np.ndarray:
    """Along an axis, over what is finite; NaN where nothing is."""
    masked = np.ma.masked_invalid(values)
    return np.ma.filled(np.ma.median(masked, axis=axis), np.nan)


def told(name: str, doc: str) -> str:
    """A heading from a signal's name and meaning, without saying it twice."""
    return doc if doc.startswith(name) else f"{name}: {doc}"


def quantity(lines: Lines, name: str) -> str:
    """Name and unit, for an axis."""
    return with_unit(name.split(".")[-1], lines.unit)
