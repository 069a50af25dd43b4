"""Pictures of a movie: what is always there, what changes, and the movie itself."""

from typing import Any

import numpy as np

from jaxsim.plot.style import SEQUENTIAL, Span, colour_bar, new_figure, styled


MOST_FRAMES = 200  # that play in a notebook
MOST_PIXELS = 320  # along the longer side of what plays


@styled
def plot_movie(
    series: Any,
    name: str = "movie",
    *,
    span_s: Span | None = None,
    title: str | None = None,
) -> Any:
    """One frame, the mean and the standard deviation over time.

    In a notebook the movie plays above them, 200 frames at most, at the speed of the
    camera.

    Args:
        series: with axes "time y x".
        name: of the signal.
        span_s: (from, to) in s.
        title: instead of the signal's name.
    """
    from jaxsim.plot.shown import MovieFigure

    values = _within(series, span_s)
    figure = MovieFigure(figsize=(9.0, 3.4), layout="constrained")
    chosen = values[np.linspace(0, len(values) - 1, min(len(values), 400)).astype(int)]
    chosen = chosen.astype(np.float32)
    middle = len(values) // 2
    pictures = {
        f"frame {middle}": values[middle].astype(np.float32),
        "mean": chosen.mean(axis=0),
        "standard deviation": chosen.std(axis=0),
    }
    for axes, (what, picture) in zip(
        figure.subplots(1, 3), pictures.items(), strict=True
    ):
        low, high = np.percentile(picture, (0.5, 99.8))
        image = axes.imshow(picture, cmap="gray", vmin=low, vmax=max(high, low + 1e-9))
        axes.set_title(what)
        axes.set_xticks([])
        axes.set_yticks([])
        colour_bar(figure, image, axes, _unit(series))
    figure.suptitle(title or f"{name}, {len(values)} frames", x=0.01, ha="left")
    figure.frames, figure.rate_hz = _playable(values), series.clock.rate_hz
    return figure


@styled
def plot_footprints(
    series: Any, name: str = "footprint", *, title: str | None = None
) -> Any:
    """The brightest cell at each pixel: the maximum over units.

    Args:
        series: with axes "cell y x".
        name: of the signal.
        title: instead of the signal's name.
    """
    values = np.asarray(series.values)
    figure = new_figure(4.6, 4.0)
    axes = figure.subplots()
    image = axes.imshow(values.max(axis=0), cmap=SEQUENTIAL)
    axes.set_title(title or f"{name}, the largest of {len(values)} cells")
    axes.set_xticks([])
    axes.set_yticks([])
    colour_bar(figure, image, axes, _unit(series))
    return figure


def _unit(series: Any) -> str:
    return "" if series.card.unit == "1" else series.card.unit


def _within(series: Any, span_s: Span | None) -> np.ndarray:
    values = np.asarray(series.values)
    if span_s is None:
        return values
    times = series.clock.times(len(values))
    inside = (times >= span_s[0]) & (times <= span_s[1])
    if not inside.any():
        raise ValueError(
            f"no frame lies within span_s = {tuple(span_s)} s; the movie runs from "
            f"{times[0]:g} to {times[-1]:g} s."
        )
    return values[inside]


def _playable(values: np.ndarray) -> np.ndarray:
    """The first frames as bytes, small enough to travel inside a page."""
    step = -(-max(values.shape[1:]) // MOST_PIXELS)
    some = values[:MOST_FRAMES, ::step, ::step].astype(np.float32)
    low, high = np.percentile(some, (0.5, 99.8))
    return np.clip(255 * (some - low) / max(high - low, 1e-9), 0, 255).astype(np.uint8)
