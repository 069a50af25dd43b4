"""All statistics of minisim's recordings and of ours: a table and a figure.

    python -m benchmarks.peers.minisim_figure

prints the table; `docs/make_figures.py` draws the figure.
"""

from typing import Any

import numpy as np

from benchmarks.peers.beside_minisim import alike, of_movies, own
from benchmarks.peers.minisim_stored import (
    ALIKE_DIFFERS,
    FIELD_LEVEL,
    OWN_DIFFERS,
    apart,
    stored,
)


THEIRS, ALIKE, OWN = "#999999", "#0072B2", "#D55E00"
REACH = 5.0  # standard deviations of theirs that a row shows


def both_ways() -> dict[str, dict[str, np.ndarray]]:
    """Ours, "alike" and "own"."""
    level = float(stored()[FIELD_LEVEL].mean())
    return {"alike": of_movies(alike(level)), "own": of_movies(own())}


def main() -> None:
    """Print all statistics."""
    theirs, ours = stored(), both_ways()
    print(f"{'':38}{'minisim':>22}{'alike':>22}{'z':>8}{'own':>22}{'z':>8}")
    for name, values in theirs.items():
        line = f"{name:38}{told(values)}"
        for way in ours:
            line += f"{told(ours[way][name])}{apart(ours[way][name], values):8.1f}"
        print(line)


def told(values: np.ndarray) -> str:
    """Mean and its standard error."""
    return f"{values.mean():12.4g} +-{values.std(ddof=1) / len(values) ** 0.5:8.2g}"


def figure() -> Any:
    """A row for each statistic, in standard deviations of theirs between seeds."""
    from matplotlib.figure import Figure

    theirs, ours = stored(), both_ways()
    names = list(theirs)
    half = -(-len(names) // 2)
    drawn = Figure(figsize=(12.0, 7.6), layout="constrained")
    for axes, part in zip(
        drawn.subplots(1, 2), (names[:half], names[half:]), strict=True
    ):
        for row, name in enumerate(part):
            middle, unit = theirs[name].mean(), theirs[name].std(ddof=1)
            scaled = lambda v, m=middle, u=unit: (v - m) / u  # noqa: E731
            _spread(axes, row - 0.22, scaled(theirs[name]), THEIRS)
            _spread(axes, row, scaled(ours["alike"][name]), ALIKE)
            _spread(axes, row + 0.22, scaled(ours["own"][name]), OWN)
        axes.set_yticks(range(len(part)), part, fontsize=8)
        for label, name in zip(axes.get_yticklabels(), part, strict=True):
            if name in ALIKE_DIFFERS:
                label.set_color(ALIKE)
            elif name in OWN_DIFFERS:
                label.set_color(OWN)
        axes.set_ylim(len(part) - 0.4, -0.6)
        axes.set_xlim(-REACH, REACH)
        axes.grid(axis="x", color="#eeeeee")
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    keys = {"minisim": THEIRS, "ours, its choices": ALIKE, "ours": OWN}
    lines = [axes.plot([], [], color=c, lw=4)[0] for c in keys.values()]
    drawn.legend(lines, list(keys), loc="outside upper center", ncols=3, frameon=False)
    drawn.supxlabel(
        "difference from minisim's mean (its standard deviations over seeds)",
        fontsize=9,
    )
    return drawn


def _spread(axes: Any, row: float, values: np.ndarray, color: str) -> None:
    """Quantiles of the seeds, or an arrow where they lie beyond the axes."""
    low, first, middle, third, high = np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
    if abs(middle) > REACH:
        mark = ">" if middle > 0 else "<"
        edge = np.sign(middle) * 0.97 * REACH
        axes.plot(edge, row, mark, color=color, ms=4, clip_on=False)
        return
    axes.plot(middle, row, "o", color=color, ms=2.4)  # a spread too small to see
    axes.plot((low, high), (row, row), color=color, lw=0.9)
    axes.plot((first, third), (row, row), color=color, lw=3.2, solid_capstyle="butt")
    axes.plot(middle, row, "|", color="white", ms=4, mew=1.0)


if __name__ == "__main__":
    main()
