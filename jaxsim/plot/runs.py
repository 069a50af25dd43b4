"""The runs of a sweep as a plot needs them: axes, places, repeats, failures."""

from typing import Any

import numpy as np

from jaxsim.core.declared import card, nearest
from jaxsim.core.recording import OK, Recording
from jaxsim.plot.signals import Lines, lines_of
from jaxsim.plot.style import with_unit


class Runs:
    """The runs of a sweep along the axes that are left after holding some still."""

    def __init__(self, recording: Recording, name: str, at: dict[str, int]) -> None:
        design, self.name = recording.design, name
        n_axes = np.ndim(recording.status)
        names = [axis.name for axis in design.axes] if design is not None else []
        names = names if len(names) == n_axes else [f"axis {i}" for i in range(n_axes)]
        for axis in at:
            if axis not in names:
                raise ValueError(
                    f"at: the sweep has no axis '{axis}'; it has {', '.join(names)}."
                    f"{nearest(axis, names)}"
                )
        index = tuple(at.get(axis, slice(None)) for axis in names)
        kept = [axis for axis in names if axis not in at]
        self.series = recording[name]
        self.values = np.asarray(self.series.values)[index]
        self.status = np.asarray(recording.status)[index]
        self.repeats = "repeat" in kept
        if self.repeats:  # last, so that it can be averaged away
            place = kept.index("repeat")
            self.values = np.moveaxis(self.values, place, len(kept) - 1)
            self.status = np.moveaxis(self.status, place, len(kept) - 1)
            kept.remove("repeat")
        self.axes = kept
        self.shape = self.status.shape[: len(kept)]
        self.places = [_along(recording, design, axis) for axis in kept]
        self.timed = self.series.card.dims.split()[:1] == ["time"]

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    def lines(self, nodes: Any, span_s: Any) -> list[Lines]:
        """Every run's lines, all runs in one list; those that failed are NaN."""
        tail = self.values.shape[self.status.ndim :]
        flat = self.values.reshape(-1, *tail)
        fine = self.status.reshape(-1) == OK
        out = []
        for values, ok in zip(flat, fine, strict=True):
            run = lines_of(self.series.with_values(values), nodes, span_s)
            out.append(run if ok else run._replace(values=run.values * np.nan))
        return out

    def averaged(self, values: np.ndarray) -> np.ndarray:
        """Per-run values (run, ...) as the axes of the design, repeats averaged."""
        shaped = values.reshape(*self.status.shape, *values.shape[1:])
        if not self.repeats:
            return shaped
        some = np.ma.masked_invalid(shaped).mean(axis=len(self.axes))
        return np.ma.filled(some, np.nan)

    def first_repeat(self, values: np.ndarray) -> np.ndarray:
        """Per-run values (run, ...) of the first repeat."""
        shaped = values.reshape(*self.status.shape, *values.shape[1:])
        return np.take(shaped, 0, axis=len(self.axes)) if self.repeats else shaped


class Place:
    """Where runs lie along one axis: its label, and a number for each run."""

    def __init__(self, label: str, values: np.ndarray, names: list[str] | None) -> None:
        self.label, self.values, self.names = label, values, names

    @property
    def order(self) -> np.ndarray:
        """Runs from the lowest value to the highest."""
        return np.argsort(self.values, kind="stable")


def _along(recording: Recording, design: Any, axis: str) -> Place:
    """The values of the one parameter that moves along an axis, or run numbers."""
    if design is None or axis not in [a.name for a in design.axes]:
        place = int(axis.split()[-1]) if axis.startswith("axis ") else 0
        return Place(axis, np.arange(np.shape(recording.status)[place]), None)
    # a design that came back from a store has only its document
    moves = design.document()["values"].items()
    moving = [(path, move["values"]) for path, move in moves if move["axis"] == axis]
    length = next(a.length for a in design.axes if a.name == axis)
    if len(moving) != 1:
        return Place(axis, np.arange(length), None)
    path, values = moving[0]
    if not all(isinstance(v, (int, float)) for v in values):
        return Place(short(path), np.arange(length), [str(v)[:24] for v in values])
    return Place(path_label(recording.process, path), np.asarray(values, float), None)


def short(path: str) -> str:
    """The last two words of a path."""
    return ".".join(path.split(".")[-2:])


def path_label(process: Any, path: str) -> str:
    """A parameter's name and unit, for an axis."""
    try:
        unit = card(process, path).unit
    except (ValueError, TypeError, AttributeError):
        unit = ""
    return with_unit(short(path), unit)
