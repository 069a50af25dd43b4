"""Pictures of how often credible regions hold the truth."""

from typing import Any

import numpy as np

from jaxsim.plot.style import FAINT, PALETTE, new_figure, styled


WHICH = ("all", "active", "inactive")


@styled
def plot_coverage(
    found: Any,
    *,
    after: Any = None,
    which: str = "all",
    title: str | None = None,
) -> Any:
    """Empirical against nominal coverage, with the diagonal of an honest posterior.

    The band is two standard errors: over the runs where there are many, else that of so
    many independent truths (which those of one run are not quite: they share their
    times). Above the diagonal the posterior is underconfident, below it overconfident.
    A recalibrated curve ends where no level is known (see `fit_recalibration`).

    Args:
        found: what `js.measure.coverage_curve` gave, of one run, or of many with the
            runs on the first axes, or a recording of `runs.measure(...)` of it.
        after: the same after recalibration, drawn beside it.
        which: of "all" sources, of the "active" or of the "inactive" ones.
        title: instead of the largest deviation.

    Raises:
        ValueError: another word, or curves without a single number.
    """
    if which not in WHICH:
        raise ValueError(f"which = {which!r}: choose {', '.join(map(repr, WHICH))}.")
    figure = new_figure(3.9, 3.9)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=FAINT, lw=0.8, ls=":")
    names = ("coverage",) if after is None else ("before", "after recalibration")
    largest = []
    for curve, name, colour in zip((found, after), names, PALETTE[1::-1], strict=False):
        level, middle, error, last = _band(curve, which)
        if last < 1:
            axes.axvline(last, color=colour, lw=0.8, ls="--")
            name += f", none beyond {last:.2g}"
        low, high = (np.clip(middle + s * error, 0, 1) for s in (-2, 2))
        axes.fill_between(level, low, high, color=colour, alpha=0.2, lw=0)
        axes.plot(level, middle, "o-", ms=3, mew=0, color=colour, label=name)
        largest.append(np.nanmax(np.abs(middle - level)))
    of = "" if which == "all" else f" of {which} sources"
    axes.set(
        xlabel="nominal coverage",
        ylabel=f"empirical coverage{of}",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        aspect="equal",
    )
    for word, at in (("underconfident", "top"), ("overconfident", "bottom")):
        y = float(at == "top")
        axes.text(1.05, y, word, color=FAINT, rotation=270, va=at)
    if after is not None:
        axes.legend(loc="upper left")
    said = " before, ".join(f"{off:.2g}" for off in largest)
    axes.set_title(
        title or f"off by {said}{' after' if after is not None else ''} at most"
    )
    return figure


def _band(found: Any, which: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Levels, the mean curve, its standard error, and the last level below a gap."""
    name = "empirical" if which == "all" else f"empirical_{which}"
    level = _values(found, "level")
    curves = _values(found, name).reshape(-1, level.shape[-1])
    level = level.reshape(curves.shape)[0]
    told = np.isfinite(curves).any(axis=0)
    if not told.any():
        raise ValueError(f"there are no {which} sources, so there is no curve of them.")
    last = 1.0 if told.all() else float(level[told & (level < 1)].max())
    known = curves[np.isfinite(curves[:, told]).all(axis=1)]
    middle = known.mean(axis=0)
    if len(known) > 1:
        return level, middle, known.std(axis=0, ddof=1) / np.sqrt(len(known)), last
    n, n_active = (_values(found, key).reshape(-1) for key in ("n", "n_active"))
    counted = {"all": n, "active": n_active, "inactive": n - n_active}[which]
    return level, middle, np.sqrt(middle * (1 - middle) / counted.max()), last


def _values(found: Any, name: str) -> np.ndarray:
    """Of a curve, or of a recording of curves."""
    if hasattr(found, name):
        return np.asarray(getattr(found, name))
    return np.asarray(found[name].values)
