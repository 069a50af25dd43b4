"""Maps of the head: what the sensors see at one time, or at several."""

from typing import Any

import numpy as np

from jaxsim.core.installed import needed
from jaxsim.core.lookup import last_with
from jaxsim.plot.signals import lines_of, quantity, told
from jaxsim.plot.style import DIVERGING, colour_bar, new_figure, styled


@styled
def plot_topography(
    series: Any,
    name: str = "field",
    *,
    process: Any = None,
    at_s: Any = None,
    layout: Any = None,
    title: str | None = None,
) -> Any:
    """The field over the head, from above with the nose up, drawn by MNE.

    Sensors lie as far from the middle as their angle from the top; the circle is the
    equator of the head.

    Args:
        series: with axes "time sensor".
        name: of the signal.
        process: that made it, and knows where its sensors are.
        at_s: a time in s, or several; default: where the sensors differ most.
        layout: places of the sensors in m, as `js.meeg.montage(...)` gives them;
            default: those of the process.
        title: instead of the signal's name.

    Raises:
        ModuleNotFoundError: MNE is not installed.
        ValueError: places unknown, or of other sensors; a time outside the recording.
    """
    mne = needed("mne", "js.plot(recording, 'topography')", "mne")
    lines = lines_of(series)
    if lines.thing != "sensor":
        raise ValueError(
            f"'{name}' is over '{series.card.dims}'; a topography is of a signal over "
            "'time sensor'. Choose one with signal=."
        )
    flat = _seen_from_above(_places(process, layout, lines.labels, lines.values))
    if at_s is None:
        at_s = lines.times[np.argmax(lines.values.std(axis=1))]
    rows = [_sample(lines.times, moment) for moment in np.ravel(at_s).tolist()]
    limit = np.abs(lines.values[rows]).max() or 1.0
    figure = new_figure(0.9 + 2.5 * len(rows), 2.9)
    maps = figure.subplots(1, len(rows), squeeze=False)[0]
    image = None
    for axes, row in zip(maps, rows, strict=True):
        image, _ = mne.viz.plot_topomap(
            lines.values[row],
            flat,
            axes=axes,
            show=False,
            sphere=(0.0, 0.0, 0.0, 1.0),
            cmap=DIVERGING,
            vlim=(-limit, limit),
        )
        axes.set_title(f"{lines.times[row]:.4g} s", loc="center")
    colour_bar(figure, image, maps.tolist(), quantity(lines, name))
    figure.suptitle(title or told(name, lines.doc), x=0.01, ha="left", fontsize=10)
    return figure


def _places(process: Any, layout: Any, labels: Any, values: np.ndarray) -> np.ndarray:
    """Directions of the sensors from the centre of the head."""
    if layout is None:
        part: Any = last_with(process, "sensor_positions_m")
        if part is None:
            raise ValueError(
                "the recording does not say where its sensors are; give layout=, "
                "js.meeg.montage('easycap-M43') or another js.meeg.Layout."
            )
        points = np.asarray(part.sensor_positions_m, float) - np.asarray(part.centre_m)
        points = points.mean(1) if points.ndim == 3 else points  # points of a coil
    else:
        points, own = np.asarray(layout.positions_m, float), layout.sensors
        if labels and own and set(labels) <= set(own):
            points = points[[own.index(label) for label in labels]]
    if points.shape != (values.shape[1], 3):
        raise ValueError(
            f"there are {len(points)} places for {values.shape[1]} sensors; give a "
            "layout= of these sensors."
        )
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _seen_from_above(ways: np.ndarray) -> np.ndarray:
    """Angles from the top as distances from the middle; the equator is at 1."""
    away = np.arccos(np.clip(ways[:, 2], -1, 1)) / (np.pi / 2)
    across = np.linalg.norm(ways[:, :2], axis=1, keepdims=True)
    return away[:, None] * ways[:, :2] / np.where(across > 0, across, 1.0)


def _sample(times: np.ndarray, moment: float) -> int:
    row = int(np.abs(times - moment).argmin())
    step = times[1] - times[0] if len(times) > 1 else np.inf
    if abs(times[row] - moment) > step:
        raise ValueError(
            f"at_s = {moment:g} s is outside the recording, which runs from "
            f"{times[0]:g} to {times[-1]:g} s."
        )
    return row
