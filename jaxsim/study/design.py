"""Design: the points of parameter space that a sweep visits, by path."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.core.param import shortest
from jaxsim.core.simulate import check_key
from jaxsim.core.step import fold_name
from jaxsim.study.prior import AbstractPrior


REPEAT = "repeat"  # the axis of runs that differ by their noise alone


class Axis(NamedTuple):
    """One axis of a design: its name and how many points lie along it."""

    name: str
    length: int


@dataclasses.dataclass(frozen=True, eq=False)
class Design:
    """Points in parameter space; each path takes its values along one axis.

    Runs are numbered in row order over the axes, and `len(design)` counts them.
    Designs multiply: `js.grid({...}) * js.draws({...}, 50, key)` visits every pair.

    Attributes:
        axes: names and lengths; `("network.model.A", 5)` in a grid, `("run", n)` in
            zipped values and draws, `("repeat", n)` last for repeats.
        paths: which parameters move.
        along: per path, the number of the axis that it moves along.
        values: per path, its values along that axis.
        paired: whether all points see the same noise, other in each repeat.
    """

    axes: tuple[Axis, ...]
    paths: tuple[str, ...]
    along: tuple[int, ...]
    values: tuple[Any, ...]
    paired: bool = False

    def __post_init__(self) -> None:
        names = [axis.name for axis in self.axes]
        for name in (*names, *self.paths):
            if names.count(name) > 1 or self.paths.count(name) > 1:
                raise ValueError(
                    f"'{name}' stands twice in the design; every axis and every path "
                    "may stand once."
                )

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes: the leading axes of every value that a sweep records."""
        return tuple(axis.length for axis in self.axes)

    def __len__(self) -> int:
        return math.prod(self.shape)

    def where(self, runs: Any) -> tuple[np.ndarray, ...]:
        """Indices along the axes of some run numbers."""
        if not self.axes:
            return ()
        return tuple(np.asarray(i) for i in np.unravel_index(runs, self.shape))

    def keys(self, runs: np.ndarray) -> np.ndarray:
        """The numbers that some runs fold into the key: their own, or their repeat's.

        Where noise is paired, points can be added to a design without changing a run.
        """
        if not self.paired:
            return runs.astype(np.uint32)
        last = (
            self.axes[-1].length
            if self.axes[-1:] and self.axes[-1].name == REPEAT
            else 1
        )
        return (runs % last).astype(np.uint32)

    def point(self, run: int) -> dict[str, Any]:
        """What `replace` takes to make the process of one run."""
        at = self.where(run)
        columns = zip(self.paths, self.along, self.values, strict=True)
        return {path: values[int(at[axis])] for path, axis, values in columns}

    @property
    def columns(self) -> tuple[Any, ...]:
        """Per path, its value in every run."""
        at = self.where(np.arange(len(self)))
        return tuple(
            values[at[axis]]
            if isinstance(values, np.ndarray)
            else tuple(values[i] for i in at[axis])
            for axis, values in zip(self.along, self.values, strict=True)
        )

    def document(self) -> dict[str, Any]:
        """Plain data (JSON) that says the same."""
        columns = zip(self.paths, self.along, self.values, strict=True)
        found: dict[str, Any] = {
            "axes": [[axis.name, axis.length] for axis in self.axes],
            "values": {
                path: {"axis": self.axes[axis].name, "values": _plain(values)}
                for path, axis, values in columns
            },
        }
        return found | ({"paired": True} if self.paired else {})

    def repeated(self, n: int) -> "Design":
        """The same points, each `n` times: a last axis 'repeat'."""
        if n < 1:
            raise ValueError(f"repeats = {n}: a point is run once or more often.")
        axes = (*self.axes, Axis(REPEAT, int(n)))
        return dataclasses.replace(self, axes=axes)

    def __mul__(self, other: "Design") -> "Design":
        if not isinstance(other, Design):
            return NotImplemented
        shifted = tuple(axis + len(self.axes) for axis in other.along)
        return Design(
            self.axes + other.axes, self.paths + other.paths, self.along + shifted,
            self.values + other.values, self.paired or other.paired,
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Design) and self.document() == other.document()

    def __hash__(self) -> int:
        return hash((self.axes, self.paths, self.along))

    def __repr__(self) -> str:
        lines = []
        for path, axis, values in zip(self.paths, self.along, self.values, strict=True):
            numbers = isinstance(values, np.ndarray) and values.dtype.kind in "fiu"
            shown = (
                f"{np.min(values):g} to {np.max(values):g}"
                if numbers
                else ", ".join(map(str, values[:4])) + (", ..." * (len(values) > 4))
            )
            lines.append(f"  {path}: {shown} along {self.axes[axis].name}")
        shape = " x ".join(map(str, self.shape)) or "1"
        return "\n".join([f"Design of {len(self)} runs ({shape})", *lines])


def grid(values: Mapping[str, Any]) -> Design:
    """Every combination of values: one axis per path, the first varying slowest.

    Args:
        values: path -> values: `{"network.model.A": [3, 5], "network.dt_s": [1e-4]}`;
            none at all is one run, for `repeats`.
    """
    if not isinstance(values, Mapping):
        raise TypeError(
            "js.grid takes {path: values}, such as {'model.B': [10.0, 20.0]}; got "
            f"{values!r}."
        )
    columns = {path: _column(path, column) for path, column in values.items()}
    axes = tuple(Axis(path, len(column)) for path, column in columns.items())
    return Design(
        axes, tuple(columns), tuple(range(len(axes))), tuple(columns.values())
    )


def zipped(values: Mapping[str, Any]) -> Design:
    """Run i takes the i-th value of every path: one axis, 'run'.

    Raises:
        ValueError: columns of unequal lengths.
    """
    columns = {path: _column(path, column) for path, column in values.items()}
    sizes = {path: len(column) for path, column in columns.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{path} has {n}" for path, n in sizes.items())
        raise ValueError(f"zipped needs as many values for each path, but {told}.")
    if not columns:
        raise ValueError("zipped({}) names no path; give {path: values}.")
    axes = (Axis("run", next(iter(sizes.values()))),)
    return Design(axes, tuple(columns), (0,) * len(columns), tuple(columns.values()))


def draws(
    prior: Mapping[str, Any],
    n: int,
    key: Any,
    method: str = "random",
) -> Design:
    """Points drawn from a prior: one axis, 'run'.

    Args:
        prior: path -> `js.uniform`, `js.log_uniform` or `js.normal`.
        n: how many points.
        key: says which points.
        method: "random": independent draws; adding a path leaves the others' values
            alone. "latin_hypercube": every path has one value in each n-th of its
            range. "sobol": scrambled Sobol points, which fill space evenly (best when
            n is a power of two). The last two place all paths together, so adding a
            path moves the points.
    """
    check_key(key)
    for path, distribution in prior.items():
        if not isinstance(distribution, AbstractPrior):
            raise TypeError(
                f"{path}: a prior is js.uniform(low, high), js.log_uniform(low, high) "
                f"or js.normal(mean, sd), not {distribution!r}."
            )
    if not prior or n < 1:
        raise ValueError(f"draws needs a path and n of at least 1, got {n} of {prior}.")
    sizes = [math.prod(d.shape) for d in prior.values()]
    if method == "random":
        parts = [
            np.asarray(jax.random.uniform(fold_name(key, path), (n, size)), float)
            for path, size in zip(prior, sizes, strict=True)
        ]
    else:
        cube = unit_points(n, sum(sizes), key, method)
        parts = np.split(cube, np.cumsum(sizes)[:-1], axis=1)
    columns = {
        path: _column(path, d.quantile(u.reshape(n, *d.shape)))
        for (path, d), u in zip(prior.items(), parts, strict=True)
    }
    return zipped(columns)


def unit_points(n: int, n_dims: int, key: PRNGKeyArray, method: str) -> np.ndarray:
    """`n` points of the unit cube: "random", "latin_hypercube" or "sobol"."""
    from scipy.stats import qmc

    rng = np.random.default_rng(
        np.asarray(jax.random.bits(key, (4,), "uint32")).tolist()
    )
    if method == "random":
        return rng.random((n, n_dims))
    if method == "latin_hypercube":
        return qmc.LatinHypercube(n_dims, rng=rng).random(n)
    if method == "sobol":
        if n_dims > qmc.Sobol.MAXDIM:
            raise ValueError(
                f"Sobol points exist up to {qmc.Sobol.MAXDIM} numbers, not {n_dims}; "
                "use method='latin_hypercube'."
            )
        exponent = max(0, math.ceil(math.log2(n)))  # other counts would be unbalanced
        return qmc.Sobol(n_dims, rng=rng).random_base2(exponent)[:n]
    raise ValueError(
        f"method = {method!r} is not one of 'random', 'latin_hypercube', 'sobol'."
    )


def _column(path: str, column: Any) -> Any:
    """Values of one path, on the host: an array of numbers, or a tuple of anything."""
    single = isinstance(column, (str, bytes)) or not hasattr(column, "__len__")
    if single or getattr(column, "ndim", 1) == 0:
        raise TypeError(
            f"{path}: the design needs a sequence of values, got {column!r}. For one "
            f"value write [{column!r}]."
        )
    if len(column) == 0:
        raise ValueError(f"{path}: the design has no values for it.")
    values = [np.asarray(v) if isinstance(v, jax.Array) else v for v in column]
    kinds = {np.asarray(v).dtype.kind for v in values if _numeric(v)}
    numeric = all(map(_numeric, values)) and (kinds <= set("fiu"))
    if not numeric:
        return tuple(values)
    shapes = {np.shape(v) for v in values}
    if len(shapes) > 1:
        raise ValueError(
            f"{path}: the design's values differ in shape ({_first(shapes)}); the "
            "lanes of one program need one shape."
        )
    array = np.asarray(column) if isinstance(column, jax.Array) else np.stack(values)
    bad = ~np.isfinite(array)
    if bad.any():
        run = int(np.argwhere(bad)[0][0])
        raise ValueError(
            f"{path} = {array[bad][0]} in the design (value {run}) is not finite."
        )
    return array


def _numeric(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_, str, bytes)) or value is None:
        return False
    if isinstance(value, (tuple, list)):
        return False  # a tuple is a static value; an array over nodes is given as one
    return isinstance(value, (int, float, np.generic, np.ndarray))


def _first(shapes: set) -> str:
    return ", ".join(map(str, sorted(shapes)[:3]))


def _plain(values: Any) -> list:
    """A column as JSON: numbers in their shortest form, others as they are."""
    return [
        shortest(v) if isinstance(v, (np.ndarray, np.generic)) else v for v in values
    ]
