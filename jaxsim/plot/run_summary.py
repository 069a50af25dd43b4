"""A table of source estimates: noise and sparsity against the signal to noise ratio."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxsim.plot.style import PALETTE, new_figure, styled


SHOWN = {
    "noise_var": "noise variance (uV$^2$ or fT$^2$)",
    "effective_active": "effective active set",
}


@styled
def plot_run_summary(
    table: Any, *, by: Sequence[str] = ("solver", "noise_type"), x: str = "alpha_SNR"
) -> Any:
    """Noise variance and size of the effective active set, run by run.

    A dot is a run, a line the medians. The effective set counts the coefficients above
    a thousandth of the largest.

    Args:
        table: rows of runs, such as `js.convert.calibrain.DataGenerator.run` gives.
        by: columns whose values have a colour each.
        x: column that is drawn against.

    Raises:
        ValueError: a column that is not there, or no row with numbers.
    """
    for name in (*by, x, *SHOWN):
        if name not in table:
            raise ValueError(
                f"the table has no column {name!r}; it has {', '.join(table)}."
            )
    known = table.dropna(subset=[x, *SHOWN])
    if not len(known):
        raise ValueError("no row of the table has numbers: every run failed.")
    figure = new_figure(7.0, 3.0)
    panels = figure.subplots(1, 2)
    for number, (words, rows) in enumerate(known.groupby(list(by))):
        colour = PALETTE[number % len(PALETTE)]
        for axes, name in zip(panels, SHOWN, strict=True):
            # side by side, so that no dot hides another
            shift = 0.012 * (np.arange(len(rows)) % 5 - 2) * np.ptp(known[x])
            axes.plot(rows[x] + shift, rows[name], ".", ms=3, alpha=0.4, color=colour)
            middle = rows.groupby(x)[name].median()
            axes.plot(middle.index, middle, "-", color=colour,
                      label=", ".join(map(str, words)))  # fmt: skip
    for axes, (name, label) in zip(panels, SHOWN.items(), strict=True):
        axes.set(xlabel=x, ylabel=label)
        if (known[name] > 0).all():
            axes.set_yscale("log")
    panels[0].legend(loc="best")
    return figure
