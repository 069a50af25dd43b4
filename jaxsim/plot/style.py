"""One look for every figure: sizes, colours, and axes without clutter."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np


P = ParamSpec("P")
R = TypeVar("R")
Span = Sequence[float | int]  # (from, to), in s or Hz

# Okabe and Ito's palette, told apart by colour-blind people; dark ones first.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
INK, FAINT = "#333333", "#8A8A8A"
MISSING = "#DDDDDD"  # where there is nothing to show
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"

RC: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.dpi": 120,
    "figure.facecolor": "white",
    "font.size": 9,
    "image.interpolation": "nearest",
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "savefig.dpi": 150,
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 8,
    "ytick.color": INK,
    "ytick.labelsize": 8,
}


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw with the house style, and leave matplotlib's settings as they were.

    Raises:
        ImportError: matplotlib is not installed.
    """

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            import matplotlib
        except ImportError:
            raise ImportError(
                "plots need matplotlib, which is not installed: "
                'pip install "jaxsim-neuro[plot]".'
            ) from None
        with matplotlib.rc_context(RC):
            return draw(*args, **kwargs)

    return drawn


def new_figure(width: float, height: float) -> Any:
    """An empty figure of a size in inches, laid out so that nothing overlaps."""
    from jaxsim.plot.shown import ShownFigure

    return ShownFigure(figsize=(width, height), layout="constrained")


def colour_bar(figure: Any, image: Any, axes: Any, label: str) -> Any:
    """A slim colour bar with its quantity and unit."""
    bar = figure.colorbar(image, ax=axes, shrink=0.85, aspect=28, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label(label)
    return bar


def colours(n: int) -> list[Any]:
    """Colours of n unordered lines: the palette, or a colour map where it runs out."""
    if n <= len(PALETTE):
        return list(PALETTE[:n])
    return shades(np.arange(n))


def shades(values: Any) -> list[Any]:
    """Colours of ordered values, from dark to light (never too light to see)."""
    values = np.asarray(values, float)
    span = np.ptp(values) or 1.0
    return list(shade_map()((values - values.min()) / span))


def shade_map() -> Any:
    """The colour map of `shades`: the usual one without its lightest end."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[SEQUENTIAL](np.linspace(0, 0.88, 256)), "shades")


def with_unit(name: str, unit: str) -> str:
    """`name (unit)`, or the name alone for ratios; powers as superscripts."""
    if unit in ("", "1"):
        return name
    return f"{name} ({unit.replace('^2', '²').replace('um', 'µm')})".replace("uV", "µV")


def every_label(axis: Any, labels: Sequence[str] | None, n: int, room: int) -> None:
    """Ticks at nodes: all labels when there is room, an even choice when not."""
    step = max(1, -(-n // room))
    at = np.arange(0, n, step)
    names = [str(i) for i in at] if labels is None else [labels[i] for i in at.tolist()]
    axis.set_ticks(at, names)
    axis.set_tick_params(length=0 if labels is not None else 3)


def nice(value: Any) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above a value."""
    if not np.isfinite(value) or value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(m for m in (1, 2, 5) if m * power <= value * (1 + 1e-9)) * power)
