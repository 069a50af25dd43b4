"""Pictures of what can be seen of each cell."""

from typing import Any

import numpy as np

from jaxsim.plot.style import FAINT, PALETTE, new_figure, styled


@styled
def plot_detectability(found: Any, *, title: str | None = None) -> Any:
    """Signal to noise and the bounds of estimates, by the depth of each cell.

    Cells with more than half of their light in the field of view are shown.

    Args:
        found: what `js.imaging.detectability` gave.
        title: instead of the number of cells that can be told from noise.
    """
    cells = found.isel(cell=np.flatnonzero(np.asarray(found.in_view) > 0.5))
    depth = np.asarray(cells.z_um)
    figure = new_figure(9.0, 3.0)
    seen, spike, place = figure.subplots(1, 3)
    pairs = (("point", FAINT), ("matched", PALETTE[0]), ("peak", PALETTE[1]))
    for name, colour in pairs:
        values = np.asarray(cells[f"snr_{name}"])
        seen.plot(depth, values, "o", ms=2.5, mew=0, color=colour, label=name)
    seen.axhline(found.attrs["threshold"], color=FAINT, lw=0.8, ls=":")
    seen.set(title="signal to noise", yscale="log")
    _legend(seen)
    spike.plot(depth, 1e3 * cells.bound_spike_s, "o", ms=2.5, mew=0, color=PALETTE[0])
    spike.set(title="error of a spike's time (ms)", yscale="log")
    for axis, colour in zip("zyx", (PALETTE[1], PALETTE[0], PALETTE[2]), strict=True):
        error = np.asarray(cells[f"bound_{axis}_um"])
        place.plot(depth, error, "o", ms=2.5, mew=0, color=colour, label=axis)
    place.set(title="error of its place (um)", yscale="log")
    _legend(place)
    for axes in (seen, spike, place):
        axes.set_xlabel("depth (um)")
    told = f"{int(cells.detectable.sum())} of {len(depth)} cells can be told from noise"
    figure.suptitle(title or told, x=0.01, ha="left")
    return figure


def _legend(axes: Any) -> None:
    """In a row below the points, for which room is made."""
    low, high = axes.get_ylim()
    axes.set_ylim(low / (high / low) ** 0.2, high)
    axes.legend(loc="lower left", ncols=3, handletextpad=0.1, columnspacing=1.0)
