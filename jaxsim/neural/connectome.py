"""Connectome: who hears whom, how loudly and how late."""

import os
from collections.abc import Sequence
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsim.core.declared import Declared, nearest
from jaxsim.core.installed import TVB_DATA, installed_file
from jaxsim.core.param import Data, Param, concrete, data, param, static
from jaxsim.core.untrusted import read_labels
from jaxsim.neural.check_connectome import (
    as_matrix,
    check_lengths,
    check_matrix,
    longest_delay_s,
    rounded_up,
)
from jaxsim.neural.read_connectome import read_connectome, read_lengths


TVB_SIZES = ("66", "68", "76", "96", "192")
SPARE = 1.5  # how much longer than the longest delay the past is kept at first


class Connectome(Declared):
    r"""Weights between nodes, and the tract lengths that delay what they carry.

    `weights[i, j]` is the connection *from j to i*: row i is what node i hears. It may
    be asymmetric, may have a diagonal, and may be negative (inhibition). A signal from
    j arrives at i after

    $$ \tau_{ij} = \ell_{ij} / v $$

    with $\ell$ `tract_lengths_mm` and $v$ `speed_m_per_s` (1 m/s = 1 mm/ms). Without
    lengths there are no delays. Weights, lengths and speed are all differentiable.

    How much of the past a network keeps is a size, hence static: `max_delay_s`. Unless
    given it is 1.5 times the longest delay, and `replace` extends it when a slower
    speed or longer tracts need more. While JAX traces (inside `vmap`, `grad`) it stands
    still; `sweep` and `fit` visit the extremes of a design first, so that it suffices.
    """

    weights: Data = data("node node", "1", "strength of the connection from j to i")
    tract_lengths_mm: Data | None = data(
        "node node", "mm", "length of the tract from j to i; none: no delays", None
    )
    speed_m_per_s: Param = param(
        3.0,
        "m/s",
        (0.05, 200.0),
        "conduction speed along tracts, the same number in mm/ms; for no delays leave "
        "the tract lengths out",
    )
    labels: tuple[str, ...] = static((), "name of each node")
    max_delay_s: float | None = static(
        None, "how much of the past is kept; none: 1.5 x the longest delay", "s"
    )
    centres_mm: Data | None = data("node space", "mm", "x, y, z of each node", None)

    def __post_init__(self) -> None:
        self.weights = as_matrix(self.weights, "weights")
        if self.tract_lengths_mm is not None:
            self.tract_lengths_mm = as_matrix(self.tract_lengths_mm, "tract_lengths_mm")
        if self.centres_mm is not None:
            self.centres_mm = as_matrix(self.centres_mm, "centres_mm")
        if isinstance(self.labels, (list, np.ndarray)):
            self.labels = tuple(str(label) for label in self.labels)
        if self.max_delay_s is None and self.tract_lengths_mm is not None:
            self.max_delay_s = self._first_horizon()

    def _first_horizon(self) -> float | None:
        if not concrete(self.tract_lengths_mm, self.speed_m_per_s):
            raise ValueError(
                "Connectome: how long the past must be kept cannot be read off lengths "
                "or a speed that JAX is tracing. Give max_delay_s (the longest delay "
                "that can occur, in s), or build it outside and use js.replace inside."
            )
        longest = longest_delay_s(self.tract_lengths_mm, self.speed_m_per_s)
        return None if longest is None else rounded_up(SPARE * longest)

    def __check_init__(self) -> None:
        check_matrix(self.weights, "weights")
        n_nodes = self.weights.shape[0]
        if self.labels and len(self.labels) != n_nodes:
            raise ValueError(
                f"Connectome.labels has {len(self.labels)} names for {n_nodes} nodes; "
                "give one name per node, in the order of the rows, or none."
            )
        if self.centres_mm is not None and self.centres_mm.shape != (n_nodes, 3):
            raise ValueError(
                f"Connectome.centres_mm has shape {self.centres_mm.shape}; "
                f"{n_nodes} nodes need ({n_nodes}, 3): x, y, z of each in mm."
            )
        if self.speed_m_per_s.shape not in ((), (n_nodes, n_nodes)):
            raise ValueError(
                f"Connectome.speed_m_per_s has shape {self.speed_m_per_s.shape}; give "
                f"one speed, or one per tract: ({n_nodes}, {n_nodes})."
            )
        if self.tract_lengths_mm is None:
            return
        check_matrix(self.tract_lengths_mm, "tract_lengths_mm", n_nodes)
        if concrete(self.tract_lengths_mm):
            check_lengths(np.asarray(self.tract_lengths_mm))
        if concrete(self.tract_lengths_mm, self.speed_m_per_s):
            self._check_horizon()

    def _check_horizon(self) -> None:
        longest = longest_delay_s(self.tract_lengths_mm, self.speed_m_per_s)
        if longest is None or self.max_delay_s is None:
            return
        if self.max_delay_s < longest * (1 - 1e-6):
            raise ValueError(
                f"Connectome.max_delay_s = {self.max_delay_s:g} s is shorter than the "
                f"longest delay, {longest:.4g} s (length over speed). Give at least "
                f"{rounded_up(longest):g}, or leave it out."
            )

    def _with(self, parts: dict[str, Any]) -> "Connectome":
        """Built anew; the past kept grows with the longest delay unless it is given."""
        lengths, speed = parts["tract_lengths_mm"], parts["speed_m_per_s"]
        kept = parts["max_delay_s"] is not None
        untouched = kept and parts["max_delay_s"] == self.max_delay_s
        if untouched and lengths is not None and concrete(lengths, speed):
            longest = longest_delay_s(lengths, speed)
            if longest is not None and longest > parts["max_delay_s"]:
                parts = {**parts, "max_delay_s": rounded_up(longest)}
        return type(self)(**parts)

    @property
    def n_nodes(self) -> int:
        """How many nodes it has."""
        return self.weights.shape[-1]

    @property
    def delays_s(self) -> Float[Array, "node node"]:
        """Seconds from j to i: length over speed; zeros when there are no lengths."""
        if self.tract_lengths_mm is None:
            return jnp.zeros_like(self.weights)
        return self.tract_lengths_mm * 1e-3 / self.speed_m_per_s

    def normalised(
        self, how: Literal["row_sum", "max", "none"] = "row_sum"
    ) -> "Connectome":
        """A connectome with scaled weights; this one stays as it is.

        Args:
            how: `row_sum` divides what each node hears by its sum (rows of zeros stay),
                `max` divides all by the largest magnitude, `none` changes nothing.

        Raises:
            ValueError: another word, or a row of mixed signs whose sum is not positive.
        """
        if how == "none":
            return self
        if how not in ("row_sum", "max"):
            raise ValueError(
                f"Connectome.normalised({how!r}): give 'row_sum', 'max' or 'none'."
                f"{nearest(str(how), ('row_sum', 'max', 'none'))}"
            )
        weights = self.weights
        if how == "max":
            scale = jnp.max(jnp.abs(weights))
        else:
            scale = jnp.sum(weights, axis=1, keepdims=True)
            self._check_row_sums()
        return self._changed(weights=weights / jnp.where(scale == 0.0, 1.0, scale))

    def _check_row_sums(self) -> None:
        if not concrete(self.weights):
            return
        weights = np.asarray(self.weights, float)
        size = np.abs(weights).sum(axis=1)
        bad = np.flatnonzero((size > 0) & (weights.sum(axis=1) <= 1e-6 * size))
        if bad.size:
            named = ", ".join(self._name(i) for i in bad[:5].tolist())
            raise ValueError(
                f"Connectome.normalised('row_sum'): the weights into {named} sum to "
                "zero or less, so dividing by the sum would blow up or flip signs. Use "
                "'max', or scale the negative weights yourself."
            )

    def without_self_loops(self) -> "Connectome":
        """A connectome whose diagonal is zero; this one stays as it is."""
        off_diagonal = 1.0 - jnp.eye(self.n_nodes, dtype=self.weights.dtype)
        return self._changed(weights=self.weights * off_diagonal)

    def subset(self, nodes: Sequence[str | int]) -> "Connectome":
        """The connectome among some nodes, in the order given (so also a reordering).

        Args:
            nodes: labels or numbers (from 0) of the nodes to keep, each once.

        Raises:
            ValueError: an unknown or ambiguous label, a number out of range, a repeat.
        """
        keep = [self._index(node) for node in nodes]
        if len(set(keep)) != len(keep) or not keep:
            raise ValueError(
                f"Connectome.subset({list(nodes)}): name at least one node, each once."
            )
        at = np.ix_(keep, keep)
        cut = {"weights": self.weights[at]}
        if self.tract_lengths_mm is not None:
            cut["tract_lengths_mm"] = self.tract_lengths_mm[at]
        if self.speed_m_per_s.ndim == 2:
            cut["speed_m_per_s"] = self.speed_m_per_s[at]
        if self.centres_mm is not None:
            cut["centres_mm"] = self.centres_mm[np.asarray(keep)]
        labels = tuple(self.labels[i] for i in keep) if self.labels else ()
        return self._changed(labels=labels, **cut)

    def _changed(self, **parts: Any) -> "Connectome":
        return self._with({**self._parts(), **parts})

    def _name(self, i: int) -> str:
        return f"'{self.labels[i]}'" if self.labels else f"node {i}"

    def _index(self, node: str | int) -> int:
        if isinstance(node, str):
            times = self.labels.count(node)
            if times != 1:
                found = "no node" if times == 0 else f"{times} nodes"
                hint = (
                    nearest(node, self.labels) if self.labels else " It has no labels."
                )
                raise ValueError(f"Connectome: {found} named '{node}'.{hint}")
            return self.labels.index(node)
        if not 0 <= int(node) < self.n_nodes:
            raise ValueError(
                f"Connectome: there is no node {node}; they go from 0 to "
                f"{self.n_nodes - 1}."
            )
        return int(node)

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike,
        labels_path: str | os.PathLike | None = None,
        tract_lengths_path: str | os.PathLike | None = None,
        *,
        variable: str | None = None,
        rows: Literal["target", "source"] = "target",
        **given: Any,
    ) -> "Connectome":
        """Read a connectome from a file; nothing of it is run or unpacked to disk.

        Args:
            path: `.npy`, `.csv`, `.tsv`, `.txt`, `.npz`, `.mat`, or a TVB `.zip`.
            labels_path: names from a `.txt`, `.csv` (one per line) or `.json` list.
            tract_lengths_path: lengths in mm from a file of their own.
            variable: which array of a `.npz` or `.mat` holds the weights.
            rows: what a row of the file stands for. Here `weights[i, j]` goes from j to
                i, so rows are targets; files with sources in rows are transposed.
            **given: any other field, `speed_m_per_s=7.0`; wins over the file.

        Raises:
            FileNotFoundError: no such file.
            ValueError: unreadable, hostile, or not a connectome.
            TypeError: no path.
        """
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"Connectome.from_file takes a path, got {path!r}.")
        if rows not in ("target", "source"):
            raise ValueError(f"rows = {rows!r}: give 'target' or 'source'.")
        found = read_connectome(path, variable)._asdict()
        if tract_lengths_path is not None:
            found["tract_lengths_mm"] = read_lengths(tract_lengths_path)
        if labels_path is not None:
            found["labels"] = read_labels(labels_path)
        if rows == "source":
            for name in ("weights", "tract_lengths_mm"):
                found[name] = None if found[name] is None else found[name].T
        try:
            return cls(**{**found, **given})
        except (ValueError, TypeError) as error:
            raise type(error)(f"{path}: {error}") from None

    @classmethod
    def from_tvb(cls, name: str = "76", **given: Any) -> "Connectome":
        """A connectome of The Virtual Brain, from the user's installed `tvb-data`.

        Weights are raw and keep their diagonal, lengths are in mm, labels and centres
        come along. All but the 68 are asymmetric.

        Args:
            name: "66", "68", "76", "96" or "192", the number of regions.
            **given: any other field, `speed_m_per_s=7.0`.

        Raises:
            ModuleNotFoundError: `tvb-data` is not installed.
            ValueError: no connectome of that name.
        """
        if str(name) not in TVB_SIZES:
            raise ValueError(
                f"Connectome.from_tvb({name!r}): tvb-data has {', '.join(TVB_SIZES)}. "
                "A zip of your own is read by Connectome.from_file(path)."
            )
        path = installed_file(
            f"connectivity/connectivity_{name}.zip",
            f"Connectome.from_tvb('{name}')",
            TVB_DATA,
        )
        return cls.from_file(path, **given)
