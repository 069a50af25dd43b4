"""A fit: how the losses fell, and where each start ended between its bounds."""

from typing import Any

import numpy as np

from jaxsim.core.declared import card, get
from jaxsim.core.recording import OK
from jaxsim.plot.runs import path_label
from jaxsim.plot.style import FAINT, PALETTE, SEQUENTIAL, colour_bar, new_figure, styled


@styled
def plot_losses(
    fitted: Any, *, floor: float | None = None, title: str | None = None
) -> Any:
    """The loss of every start before each update; the best start stands out.

    Args:
        fitted: the result of a fit.
        floor: loss of the true parameters on other noise: below it is noise.
        title: instead of the best loss.
    """
    losses = np.atleast_2d(np.asarray(fitted.losses, float))
    figure = new_figure(7.0, 3.6)
    axes = figure.add_subplot()
    fine = losses[np.isfinite(losses)]
    best = _best(fitted)
    for i, line in enumerate(losses):
        if i != best:
            axes.plot(line, color=FAINT, lw=0.8, alpha=0.7)
    if len(losses) > 1:
        axes.plot([], [], color=FAINT, label=f"{len(losses) - 1} other starts")
    axes.plot(losses[best], color=PALETTE[0], lw=2, label=f"best, start {best}")
    if floor is not None:
        axes.axhline(floor, color=PALETTE[1], ls="--", label="noise floor")
    if fine.size and fine.min() > 0:
        axes.set_yscale("log")
    frozen = int((np.asarray(fitted.status) != OK).sum())
    heading = title or f"loss {fitted.best_loss:.4g} after {losses.shape[1]} updates"
    if frozen and title is None:
        heading += f"; {frozen} of {len(losses)} starts diverged"
    axes.set(xlabel="update", ylabel="loss", title=heading)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.margins(x=0.01)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


@styled
def plot_values(
    fitted: Any, *, truth: dict[str, Any] | None = None, title: str | None = None
) -> Any:
    """Where every start ended: a row per parameter, its bounds at the two ends.

    Starts are coloured by their loss; the best is ringed. Where starts of equal loss
    lie far apart, the loss does not fix that parameter.

    Args:
        fitted: the result of a fit.
        truth: path -> the value that made the target, marked by a bar.
        title: instead of the number of starts.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    rows: list[tuple[str, np.ndarray]] = []
    for path, values in fitted.values.items():
        values = np.asarray(values, float).reshape(len(fitted.status), -1)
        if values.shape[1] > 1:  # one number per node: show their mean
            values = values.mean(axis=1, keepdims=True)
        rows.append((path, values[:, 0]))
    loss = np.asarray(fitted.best_losses, float)
    shade, label = loss, "loss"
    if np.nanmin(loss) > 0:
        shade, label = np.log10(loss), "log10 of the loss"
    fine = shade[np.isfinite(shade)]
    norm, tones = Normalize(fine.min(), fine.max()), SEQUENTIAL + "_r"
    figure = new_figure(6.4, 0.9 + 0.62 * len(rows))
    axes = figure.add_subplot()
    best = _best(fitted)
    for row, (path, values) in enumerate(rows):
        low, high, say = _ends(fitted, path, values)
        span = (high - low) or 1.0
        axes.plot([0, 1], [row, row], color=FAINT, lw=0.8, zorder=1)
        place = (values - low) / span
        axes.scatter(place, np.full(len(values), row), c=shade, cmap=tones, norm=norm,
                     s=34, alpha=0.9, zorder=2, lw=0)  # fmt: skip
        axes.scatter(place[best], row, s=110, facecolor="none", ec=PALETTE[1], lw=1.5,
                     zorder=3)  # fmt: skip
        if truth and path in truth:
            mark = (float(np.mean(np.asarray(truth[path]))) - low) / span
            axes.plot([mark, mark], [row - 0.28, row + 0.28], color=PALETTE[1], lw=2)
        for x, end, side in ((0, low, "left"), (1, high, "right")):
            axes.annotate(f"{end:.4g}{say}", (x, row), (0, -13), fontsize=7,
                          textcoords="offset points", ha=side, color=FAINT)  # fmt: skip
        value = float(np.mean(np.asarray(get(fitted.best, path))))
        axes.annotate(f"{value:.4g}", (1.03, row), fontsize=8, va="center",
                      annotation_clip=False)  # fmt: skip
    labels = [path_label(fitted.best, path) for path, _ in rows]
    axes.set_yticks(range(len(rows)), labels)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlim=(-0.03, 1.03), xticks=[])
    axes.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    heading = f"{len(loss)} starts between the bounds; ringed: best"
    axes.set_title(title or heading + ("; bar: truth" if truth else ""))
    colour_bar(figure, ScalarMappable(norm, tones), axes, label)
    return figure


def _best(fitted: Any) -> int:
    return int(np.nanargmin(np.asarray(fitted.best_losses, float)))


def _ends(fitted: Any, path: str, values: np.ndarray) -> tuple[float, float, str]:
    """The bounds of a path's card, or the values seen where it has none."""
    low, high = card(fitted.best, path).bounds
    if np.isfinite(low) and np.isfinite(high):
        return float(low), float(high), ""
    return float(np.nanmin(values)), float(np.nanmax(values)), " (seen)"
