"""What a design asks of a process: programs for static paths, lanes for the rest."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jaxsim.core.declared import Declared, card, get, replace
from jaxsim.core.param import check, shortest
from jaxsim.core.step import AbstractStep
from jaxsim.study.design import Design


class Group(NamedTuple):
    """The runs of a design that one program serves."""

    process: AbstractStep  # with its statics filled in, and horizons that cover all
    runs: np.ndarray  # their numbers in the design


class Moves(NamedTuple):
    """Traced values of a design: checked, cast, and still one entry per axis point."""

    design: Design
    columns: dict[str, np.ndarray]

    def of(self, runs: np.ndarray) -> dict[str, np.ndarray]:
        """The values of some runs, a leading axis over them."""
        at = self.design.where(runs)
        along = dict(zip(self.design.paths, self.design.along, strict=True))
        return {path: values[at[along[path]]] for path, values in self.columns.items()}


def moves(process: Declared, design: Design) -> Moves:
    """The traced columns, all values checked against the cards before any run.

    Raises:
        ValueError: an unknown path, values of different shapes, or one out of bounds
            (with its index along the axis).
    """
    columns = {}
    for path, values in zip(design.paths, design.values, strict=True):
        found = card(process, path)
        if found.role == "static":
            continue
        try:
            array = np.stack([np.asarray(value) for value in values])
        except ValueError:
            raise ValueError(
                f"{path}: the design's values differ in shape, and the lanes of one "
                "program cannot. Sweep each shape by itself."
            ) from None
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{path}: expected numbers in the design, got {values!r}.")
        columns[path] = as_leaves(array, found.role, get(process, path))
        check(found, path, columns[path])
    return Moves(design, columns)


def as_leaves(array: np.ndarray, role: str, leaf: Any) -> np.ndarray:
    """Values in the dtype of the leaf that takes them."""
    if role == "data" and leaf is not None and np.dtype(leaf.dtype).kind != "f":
        return array.astype(leaf.dtype)
    dtype = jnp.result_type(float)
    if array.dtype == np.float32 and dtype == np.float64:
        array = np.asarray(shortest(array))  # float32(0.4) under x64 means 0.4
    return array.astype(dtype)


def groups(process: AbstractStep, design: Design, programs: int) -> list[Group]:
    """The design's runs by the values of its static paths.

    Raises:
        ValueError: more than `programs` combinations, or a static value refused.
    """
    fixed = [
        (path, axis, values)
        for path, axis, values in zip(
            design.paths, design.along, design.values, strict=True
        )
        if card(process, path).role == "static"
    ]
    at = design.where(np.arange(len(design)))
    index = np.zeros((len(fixed) + 1, len(design)), int)
    for row, (_, axis, values) in enumerate(fixed):
        index[row] = _labels(values)[at[axis]]
    combos, first, group = np.unique(
        index, axis=1, return_index=True, return_inverse=True
    )
    if combos.shape[1] > programs:
        paths = ", ".join(path for path, _, _ in fixed)
        raise ValueError(
            f"this design needs {combos.shape[1]} programs, one for each combination "
            f"of its static paths ({paths}), and each is compiled. Allow it with "
            f"programs={combos.shape[1]}, or visit fewer values."
        )
    found = []
    for number in np.argsort(first):  # in the order of the design
        runs = np.flatnonzero(group.ravel() == number)
        point = design.point(int(runs[0]))
        found.append(Group(replace(process, {p: point[p] for p, _, _ in fixed}), runs))
    return found


def _labels(values: Any) -> np.ndarray:
    """Equal values get equal numbers (10 and 10.0 are one)."""
    seen: list = []
    labels = []
    for value in values:
        plain = value.item() if isinstance(value, np.generic) else value
        if plain not in seen:
            seen.append(plain)
        labels.append(seen.index(plain))
    return np.asarray(labels)


def check_corners(process: AbstractStep, design: Design) -> None:
    """Build the processes at the ends of every path, so that relations are checked.

    Cards are checked at every point; relations between fields (a lower below an upper
    limit) at the points where some path is smallest or largest.

    Raises:
        ValueError: with the number of the run.
    """
    runs = set()
    for path, column in zip(design.paths, design.columns, strict=True):
        if card(process, path).role != "static" and np.ndim(column) == 1:
            runs |= {int(np.argmin(column)), int(np.argmax(column))}
    for run in sorted(runs):
        try:
            replace(process, design.point(run))
        except ValueError as error:
            raise ValueError(f"run {run} of the design: {error}") from None


def stretch(process: AbstractStep, ends: Mapping[str, tuple[Any, Any]]) -> AbstractStep:
    """The same process, with room for every value between the ends of some paths.

    A process may keep sizes that follow from its values (the longest delay sets the
    length of a ring). Those grow when a value is replaced, and stay when it is put
    back; so each end, and each pair of ends, is put in and taken out again. Nothing
    is known here of what the sizes are.
    """
    base = {path: get(process, path) for path in ends}
    for corner in _corners(ends):
        try:
            there = replace(process, corner)
        except ValueError:
            continue  # two ends that exclude each other are no point to make room for
        process = replace(there, {path: base[path] for path in corner})
    return process


def _corners(
    ends: Mapping[str, tuple[Any, Any]],
) -> Iterable[dict[str, np.ndarray]]:
    singles = [(path, end) for path, pair in ends.items() for end in pair]
    for path, end in singles:
        yield {path: end}
    for (one, a), (other, b) in itertools.combinations(singles[:16], 2):
        if one != other:
            yield {one: a, other: b}


def ends_of(columns: Mapping[str, np.ndarray]) -> dict[str, tuple[Any, Any]]:
    """Smallest and largest value of each column (element by element for arrays)."""
    return {path: (c.min(axis=0), c.max(axis=0)) for path, c in columns.items()}
