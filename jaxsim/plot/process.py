"""A process: its wiring as boxes and arrows, or its parameters as a table."""

from typing import Any

from jaxsim.core.declared import leaves
from jaxsim.core.table import show
from jaxsim.plot.style import FAINT, INK, PALETTE, new_figure, styled


INCHES_DOWN, INCHES_ACROSS = 0.95, 2.3  # from step to step, and of a box


@styled
def plot_wiring(process: Any, *, title: str | None = None) -> Any:
    """Steps from top to bottom; an arrow is a signal from its maker to its user."""
    from matplotlib.patches import FancyBboxPatch

    steps = _steps(process)
    figure = new_figure(6.4, 0.6 + INCHES_DOWN * len(steps))
    axes = figure.add_subplot()
    made: dict[str, int] = {}
    used: dict[tuple[int, int], list[str]] = {}
    for row, (name, kind, needs, makes) in enumerate(steps):
        axes.add_patch(FancyBboxPatch(
            (0, -row - 0.27), 1.0, 0.54, boxstyle="round,pad=0,rounding_size=0.06",
            facecolor="#EEF4F8", edgecolor=PALETTE[0], lw=1,
        ))  # fmt: skip
        lift = 0.09 if kind != name else 0.0
        axes.text(0.5, -row + lift, name, ha="center", va="center", weight="bold")
        if lift:
            axes.text(0.5, -row - 0.13, kind, ha="center", va="center", color=FAINT,
                      fontsize=8)  # fmt: skip
        for need in needs:
            if need in made:
                used.setdefault((made[need], row), []).append(need)
        made |= dict.fromkeys(makes, row)
        idle = [m for m in makes if not _used_later(m, row, steps)]
        if idle:
            axes.annotate(
                ", ".join(idle), (1.0, -row), (1.14, -row), va="center",
                fontsize=8.5, color=PALETTE[2],
                arrowprops={"arrowstyle": "<|-", "color": PALETTE[2], "lw": 1},
            )  # fmt: skip
    for (maker, user), signals in used.items():
        _arrow(axes, maker, user, ", ".join(signals))
    axes.set_xlim(-0.75, 1.9)
    axes.set_ylim(-len(steps) + 0.5, 0.5)
    axes.set_axis_off()
    axes.set_title(title or "what each step needs and makes")
    return figure


def _arrow(axes: Any, maker: int, user: int, said: str) -> None:
    """Straight down to the next step, or round the left of those between."""
    if user == maker + 1:
        start, end, bend = (0.5, -maker - 0.27), (0.5, -user + 0.27), 0.0
        place, anchor = (0.54, (start[1] + end[1]) / 2), "left"
    else:
        start, end, out = (0.0, -maker), (0.0, -user), 0.1 + 0.05 * (user - maker)
        # arc3 bends by a share of the distance, in inches
        bend = 2 * out * INCHES_ACROSS / (INCHES_DOWN * (user - maker))
        place, anchor = (-out - 0.04, (start[1] + end[1]) / 2), "right"
    arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1, "shrinkA": 0, "shrinkB": 0}
    arrow["connectionstyle"] = f"arc3,rad={bend}"
    axes.annotate("", end, start, arrowprops=arrow)
    axes.text(*place, said, ha=anchor, va="center", fontsize=8.5)


def _used_later(signal: str, row: int, steps: list[Any]) -> bool:
    for _, _, needs, makes in steps[row + 1 :]:
        if signal in needs:
            return True
        if signal in makes:
            return False
    return False


def _steps(process: Any, prefix: str = "") -> list[tuple[str, str, tuple, tuple]]:
    """Name, kind, needs and makes of every step, nested pipelines laid open."""
    names = getattr(process, "names", None)
    if names is None:
        kind = type(process).__name__
        return [(prefix or kind, kind, tuple(process.needs), tuple(process.cards()))]
    rows = []
    for name, step in zip(names, process.steps, strict=True):
        inside = f"{prefix}.{name}" if prefix else name
        rows += _steps(step, inside)
    return rows


def _cut(text: str, n: int) -> str:
    return text if len(text) <= n else text[: n - 1] + "…"


@styled
def plot_table(process: Any, *, title: str | None = None) -> Any:
    """Every value of a process with its unit and bounds, as text."""
    rows = []
    for path, (value, of) in leaves(process).items():
        low, high = of.bounds
        limits = "" if low == -high else f"{low:g} to {high:g}"
        unit = "" if of.unit == "1" else of.unit
        rows.append((path, _cut(show(value), 24), unit, limits, _cut(of.doc, 62)))
    figure = new_figure(10.5, 0.7 + 0.19 * len(rows))
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(len(rows) + 0.2, -1.2))
    columns = (0.0, 0.3, 0.46, 0.53, 0.66)
    heads = ("path", "value", "unit", "bounds", "meaning")
    for x, head in zip(columns, heads, strict=True):
        axes.text(x, -0.6, head, weight="bold", fontsize=8)
    axes.axhline(0, color=INK, lw=0.8)
    for i, row in enumerate(rows):
        for x, cell in zip(columns, row, strict=True):
            axes.text(x, i + 0.6, cell, fontsize=7.5, va="center",
                      color=FAINT if x == columns[-1] else INK)  # fmt: skip
    axes.set_title(title or f"{type(process).__name__}: {len(rows)} values")
    return figure
