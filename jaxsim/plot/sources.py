"""Where sources are, how strong, and when: an estimate in the head."""

from typing import Any

import numpy as np

from jaxsim.core.declared import nearest
from jaxsim.core.lookup import last_with
from jaxsim.plot.style import (
    DIVERGING,
    FAINT,
    MISSING,
    SEQUENTIAL,
    colour_bar,
    colours,
    new_figure,
    styled,
    with_unit,
)


SEEN = 0.01  # of the largest: what is weaker is drawn as silent
PLACES = ("source_positions_m", "positions_m")  # as steps call them


@styled
def plot_sources(
    recording: Any,
    *,
    signal: str = "estimate",
    at_s: Any = None,
    n_shown: int = 4,
    title: str | None = None,
) -> Any:
    """Sources in the head from above and from the right, and the strongest over time.

    A dot is a place, its area and colour the moment at one time; places that are silent
    (below 1 % of the largest) are grey. Of several components at a place the length is
    shown. Where the truth (`activity`) was recorded and is sparse, rings are around the
    places that are truly active, and its traces are dashed.

    Args:
        recording: of one run.
        signal: over "time source": the estimate, or the truth itself.
        at_s: the time of the map, in s; default: where the moments are largest.
        n_shown: places in the panel over time: those that are truly active, and then
            the strongest ones.
        title: instead of the time of the map.

    Raises:
        ValueError: no such signal, or places that nobody knows.
    """
    found, times, series = _lengths(recording, signal)
    places = 1e3 * _places(recording, found.shape[1])
    found = found.reshape(len(found), len(places), -1)
    signed = found.shape[2] == 1
    size = found[..., 0] if signed else np.linalg.norm(found, axis=2)
    true = _truth(recording, signal, size.shape)
    row = int(np.square(size).sum(axis=1).argmax())
    if at_s is not None:
        row = int(np.abs(times - float(at_s)).argmin())
    shown = _strongest(size, true, n_shown)

    figure = new_figure(9.6, 3.2)
    above, side, over_time = figure.subplots(1, 3, width_ratios=(1, 1, 1.5))
    views = ((above, (0, 1), "from above"), (side, (1, 2), "from the right"))
    dots = None
    for axes, axis, name in views:
        dots = _map(axes, places[:, axis], size[row], signed, np.abs(size).max())
        if true is not None:
            ringed = places[_active(true)][:, axis]
            ring = {"facecolors": "none", "edgecolors": "k", "s": 90, "lw": 0.8}
            axes.scatter(*ringed.T, **ring)
        for place in shown:
            axes.annotate(
                str(place), places[place, axis], (5, 5), textcoords="offset points",
                fontsize=7,
            )  # fmt: skip
        axes.set(aspect="equal", title=name)
        axes.set(xlabel="xyz"[axis[0]] + " (mm)", ylabel="xyz"[axis[1]] + " (mm)")
    label = with_unit(signal, series.card.unit)
    colour_bar(figure, dots, [above, side], label)
    for place, colour in zip(shown, colours(len(shown)), strict=True):
        over_time.plot(times, size[:, place], color=colour, label=f"place {place}")
        if true is not None:
            over_time.plot(times, true[:, place], color=colour, lw=0.8, ls="--")
    over_time.axvline(times[row], color=FAINT, lw=0.8, ls=":")
    dashed = "" if true is None else ", truth dashed"
    over_time.set(xlabel="time (s)", ylabel=label, title=f"the strongest{dashed}")
    over_time.margins(x=0)
    if shown:
        over_time.legend()
    figure.suptitle(
        title or f"{signal} at {times[row]:.4g} s", x=0.01, ha="left", fontsize=10
    )
    return figure


def _lengths(recording: Any, signal: str) -> tuple[np.ndarray, np.ndarray, Any]:
    """Values over time and coefficient, the times, and the series."""
    if signal not in recording:
        names = list(recording.names)
        raise ValueError(
            f"this recording has no '{signal}'; it has {', '.join(names)}."
            f"{nearest(signal, names)}"
        )
    series = recording[signal]
    values = np.asarray(series.values, float)
    if values.ndim != 2 or series.clock is None:
        raise ValueError(
            f"'{signal}' is over '{series.card.dims}'; sources are over 'time source'."
        )
    return values, series.clock.times(len(values)), series


def _places(recording: Any, n_coefficients: int) -> np.ndarray:
    """Where the sources are, in m: as recorded, or as a step of the process knows."""
    if "source_positions" in recording:
        found = np.asarray(recording["source_positions"].values, float)
    else:
        parts = ((name, last_with(recording.process, name)) for name in PLACES)
        known = [getattr(part, name) for name, part in parts if part is not None]
        known = [places for places in known if places is not None]
        if not known:
            raise ValueError(
                "the recording does not say where its sources are; record "
                "'source_positions', which a leadfield with positions makes."
            )
        found = np.asarray(known[0], float)
    if found.ndim != 2 or n_coefficients % len(found):
        raise ValueError(
            f"there are {len(found)} places for {n_coefficients} coefficients."
        )
    return found


def _truth(recording: Any, signal: str, shape: tuple[int, ...]) -> np.ndarray | None:
    """Lengths of the true moments at the same times and places, where recorded."""
    if signal == "activity" or "activity" not in recording:
        return None
    values = np.asarray(recording["activity"].values, float)
    if len(values) != shape[0] or values.shape[1] % shape[1]:
        return None
    values = values.reshape(*shape, -1)
    true = values[..., 0] if values.shape[2] == 1 else np.linalg.norm(values, axis=2)
    sparse = 0 < _active(true).sum() <= shape[1] // 2
    return true if sparse else None


def _active(true: np.ndarray) -> np.ndarray:
    """Which places are not silent."""
    most = np.abs(true).max(axis=0)
    return most > SEEN * most.max()


def _strongest(size: np.ndarray, true: np.ndarray | None, n: int) -> list[int]:
    """Places that are truly active, then those with the largest moments."""
    found = np.abs(size).max(axis=0)
    order = np.argsort(-found, kind="stable")
    order = [place for place in order.tolist() if found[place] > SEEN * found.max()]
    if true is not None:
        most = np.abs(true).max(axis=0)
        first = np.argsort(-most, kind="stable")[: _active(true).sum()].tolist()
        order = first + [place for place in order if place not in first]
    return order[:n]


def _map(
    axes: Any, flat: np.ndarray, size: np.ndarray, signed: bool, most: float
) -> Any:
    """Dots of all places; the weak ones below."""
    axes.scatter(*flat.T, s=4, color=MISSING, lw=0)
    most = most or 1.0
    strong = np.flatnonzero(np.abs(size) > SEEN * most)
    strong = strong[np.argsort(np.abs(size[strong]))]
    return axes.scatter(
        *flat[strong].T,
        c=size[strong],
        s=6 + 60 * np.abs(size[strong]) / most,
        cmap=DIVERGING if signed else SEQUENTIAL,
        vmin=-most if signed else 0.0,
        vmax=most,
        edgecolors=FAINT,
        linewidths=0.3,
    )
