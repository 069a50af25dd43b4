"""The axes of a design as named coordinates: the values that moved along them."""

from typing import Any, NamedTuple

import numpy as np

from jaxsim.core.declared import Declared


class Variable(NamedTuple):
    """An array with the names of its axes and what is known of it."""

    dims: tuple[str, ...]
    values: Any
    attrs: dict[str, Any] = {}  # never changed in place


def lead_names(design: Any, lead: tuple[int, ...]) -> tuple[str, ...]:
    """The names of the leading axes of a batch: those of its design, or `run`."""
    if design is not None and tuple(design.shape) == lead:
        return tuple(name for name, _ in design.document()["axes"])
    return ("run",) if len(lead) == 1 else numbered("run", len(lead))


def design_coords(design: Any, lead: tuple[int, ...]) -> list[dict[str, Variable]]:
    """For each leading axis, its coordinates by name: the values that moved along it.

    An axis of a grid bears the name of its path and has that path's values; on an axis
    called `run` the paths that moved together are columns along it.
    """
    dims = lead_names(design, lead)
    values: dict[str, Any] = {}
    if design is not None and tuple(design.shape) == lead:
        values = design.document()["values"]
    axes = []
    for dim, length in zip(dims, lead, strict=True):
        found: dict[str, Variable] = {}
        for path, column in values.items():
            if column["axis"] == dim:
                array = _column(column["values"])
                more = numbered(path, array.ndim - 1)
                named = path if array.ndim == 1 or path != dim else f"{path}_values"
                found[named] = Variable((dim, *more), array)
        found.setdefault(dim, Variable((dim,), np.arange(length)))
        axes.append(found)
    return axes


def _column(values: list) -> np.ndarray:
    """Numbers stay numbers; whatever else a design moves over is told as text."""
    if all(isinstance(v, (bool, np.bool_)) for v in values):
        return np.asarray(values, bool)
    if all(isinstance(v, (int, float, list, np.ndarray, np.number)) for v in values):
        try:
            return np.asarray(values, None if values else float)
        except ValueError:  # lists of unequal length
            pass
    named = (type(v).__name__ if isinstance(v, Declared) else str(v) for v in values)
    return np.asarray(list(named), str)


def numbered(word: str, ndim: int) -> tuple[str, ...]:
    """Names for axes that have none: word_0, word_1."""
    return tuple(f"{word}_{i}" for i in range(ndim))
