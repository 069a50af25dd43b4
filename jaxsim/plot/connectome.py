"""A connectome: its weights, its tract lengths, and its graph."""

from typing import Any

import numpy as np

from jaxsim.plot.matrices import bad_grey, label_nodes, signed_scale, square
from jaxsim.plot.style import (
    FAINT,
    INK,
    PALETTE,
    SEQUENTIAL,
    colour_bar,
    new_figure,
    shades,
    styled,
)


DECADES = 1.5  # weights that spread over more than this get a logarithmic colour


@styled
def plot_weights(connectome: Any, *, title: str | None = None) -> Any:
    """Weights as a coloured table: column j speaks, row i hears; grey where none."""
    from matplotlib.colors import LogNorm

    weights = np.asarray(connectome.weights, float)
    n = len(weights)
    figure, axes = square(n)
    shown = np.where(weights == 0, np.nan, weights)
    some = weights[weights != 0]
    low, high = np.percentile(some, (2, 98)) if some.size else (0.0, 0.0)
    if some.size and some.min() > 0 and high / low > 10**DECADES:
        norm = LogNorm(low, some.max())
        image = axes.imshow(shown, cmap=bad_grey(SEQUENTIAL), norm=norm)
    else:
        image = axes.imshow(shown, **signed_scale(weights))
    label_nodes(axes, connectome.labels or None, n, "node")
    axes.set(xlabel="from node", ylabel="to node")
    density = len(some) / weights.size
    axes.set_title(title or f"{n} nodes, {density:.0%} of all pairs connected")
    colour_bar(figure, image, axes, "weight")
    return figure


@styled
def plot_lengths(connectome: Any, *, title: str | None = None) -> Any:
    """Histogram of the lengths of the tracts that carry a weight, and their delays."""
    if connectome.tract_lengths_mm is None:
        raise ValueError("this connectome has no tract lengths, hence no delays.")
    lengths = np.asarray(connectome.tract_lengths_mm, float)
    carried = (np.asarray(connectome.weights) != 0) & ~np.eye(len(lengths), dtype=bool)
    figure = new_figure(5.6, 3.4)
    axes = figure.add_subplot()
    axes.hist(lengths[carried], bins=40, color=PALETTE[0], edgecolor="white", lw=0.3)
    axes.set(xlabel="tract length (mm)", ylabel="number of tracts", xlim=(0, None))
    speed = np.asarray(connectome.speed_m_per_s)
    heading = title or f"{int(carried.sum())} tracts"
    if speed.ndim == 0:
        v = float(speed)
        top = axes.secondary_xaxis(
            "top", functions=(lambda mm: mm * 1e-3 / v, lambda s: s * 1e3 * v)
        )
        top.set_xlabel(f"delay at {v:g} m/s (s)")
    axes.set_title(heading)
    return figure


@styled
def plot_graph(
    connectome: Any, *, strongest: float = 0.05, title: str | None = None
) -> Any:
    """Nodes and the strongest edges between them.

    With centres: seen from above, from the side and from the front. Without: laid out
    by springs, an edge with its head at the node that hears.

    Args:
        connectome: weights, and centres if it has them.
        strongest: share of the edges to draw; all of them when there are few.
        title: instead of the number of edges.
    """
    weights = np.array(connectome.weights, float)
    np.fill_diagonal(weights, 0)
    to, source = np.nonzero(weights)
    size = np.abs(weights[to, source])
    n_shown = len(size) if len(size) <= 150 else max(150, int(strongest * len(size)))
    # equal weights are common: a fair choice among them, the same every time
    lot = np.random.default_rng(0).random(len(size))
    order = np.lexsort((lot, size))[-n_shown:]
    edges = np.stack([source[order], to[order]], axis=1)
    heading = title or (
        f"all {len(size)} edges"
        if n_shown == len(size)
        else f"the strongest {n_shown} of {len(size)} edges"
    )
    if connectome.centres_mm is None:
        return _sprung(connectome, weights, edges, size[order], heading)
    centres = np.asarray(connectome.centres_mm)
    views = (("above", 0, 1), ("the side", 1, 2), ("the front", 0, 2))
    reach = np.ptp(centres, axis=0)
    deep = reach > 1e-3 * reach.max()  # nodes on a circle lie flat: one view will do
    views = [view for view in views if deep[view[1]] and deep[view[2]]] or views[:1]
    spans = [reach[x] + 1e-6 for _, x, _ in views]
    figure = new_figure(10.0 if len(views) > 1 else 5.0, 3.7 if len(views) > 1 else 5.0)
    panels = np.ravel(figure.subplots(1, len(views), width_ratios=spans))
    for axes, (view, x, y) in zip(panels, views, strict=True):
        _nodes_and_edges(axes, centres[:, [x, y]], weights, edges, size[order])
        axes.set_xlabel(f"{'xyz'[x]} (mm)")
        axes.set_ylabel(f"{'xyz'[y]} (mm)")
        axes.set_title(f"from {view}", color=FAINT, fontsize=9)
    figure.suptitle(
        f"{heading}; size and colour of a node: what it hears", x=0.01, ha="left",
        fontsize=10 if len(views) > 1 else 8,
    )  # fmt: skip
    return figure


def _sprung(
    connectome: Any,
    weights: np.ndarray,
    edges: np.ndarray,
    size: np.ndarray,
    heading: str,
) -> Any:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(len(weights)))
    graph.add_weighted_edges_from(
        (int(j), int(i), float(np.sqrt(s / size.max())))
        for (j, i), s in zip(edges, size, strict=True)
    )
    ring = nx.circular_layout(graph)
    place = nx.spring_layout(graph, pos=ring, seed=0, iterations=200, weight="weight")
    places = np.array([place[i] for i in range(len(weights))])
    figure = new_figure(5.6, 5.2)
    axes = figure.add_subplot()
    _nodes_and_edges(axes, places, weights, edges, size, heads=len(edges) <= 150)
    if len(weights) <= 40:
        labels = connectome.labels or range(len(weights))
        for label, (x, y) in zip(labels, places, strict=True):
            axes.annotate(str(label), (x, y), (0, 7), textcoords="offset points",
                          ha="center", fontsize=7)  # fmt: skip
    axes.set_axis_off()
    axes.set_title(f"{heading}; size and colour of a node: what it hears")
    return figure


def _nodes_and_edges(
    axes: Any,
    places: np.ndarray,
    weights: np.ndarray,
    edges: np.ndarray,
    size: np.ndarray,
    heads: bool = False,
) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import FancyArrowPatch

    # by rank: weights often spread over decades
    share = (np.argsort(np.argsort(size)) + 1) / max(len(size), 1)
    widths, clear = 0.4 + 1.0 * share, 0.1 + 0.4 * share
    hears = np.abs(weights).sum(axis=1)
    areas = 12 + 70 * hears / (hears.max() or 1.0)
    if heads:
        for (j, i), width, alpha in zip(edges, widths, clear, strict=True):
            axes.add_patch(FancyArrowPatch(
                tuple(places[j]), tuple(places[i]), arrowstyle="-|>", color=INK,
                mutation_scale=7, lw=width, alpha=alpha, shrinkA=2,
                shrinkB=float(np.sqrt(areas[i]) / 2), connectionstyle="arc3,rad=0.06",
            ))  # fmt: skip
    elif len(edges):
        axes.add_collection(LineCollection(
            [places[[j, i]] for j, i in edges], linewidths=widths, colors=INK,
            alpha=clear,
        ))  # fmt: skip
    axes.scatter(*places.T, s=areas, c=shades(hears), zorder=3, lw=0.5, ec="white")
    axes.set_aspect("equal")
    axes.margins(0.08)
