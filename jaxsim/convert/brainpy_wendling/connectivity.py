"""Its `network_cfg`: an array, a file, a generator or a builder of connections."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jaxsim.convert.brainpy_wendling.config import checked, flag
from jaxsim.convert.brainpy_wendling.generators import generated
from jaxsim.core.declared import nearest
from jaxsim.neural.connectome import Connectome


NORMALISATIONS = ("row_sum", "max", "none")
SOURCES = ("W", "W_path", "generator", "builder")


class Connectivity(NamedTuple):
    """What that program returned of a network; `W[i, j]` goes from j to i."""

    W: np.ndarray
    labels: list[str] | None
    meta: dict[str, Any]

    @property
    def n_nodes(self) -> int:
        """How many nodes."""
        return len(self.W)


def load_connectivity(
    network_cfg: Mapping[str, Any] | None = None, *, compat: bool = False
) -> Connectivity:
    """The matrix, normalised and without self-loops as the configuration wants.

    The first of `W`, `W_path`, `generator`, `builder` that is given counts; without any
    the nodes are unconnected. Nothing of the caller's is changed. Tract lengths in a
    file are left out: that program had no delays.

    Raises:
        ValueError: no square matrix, another number of nodes than `n_nodes`, a
            generator or builder without `n_nodes`, an unknown normalisation.
        FileNotFoundError: no such file.
    """
    cfg = checked("network_cfg", network_cfg, compat)
    labels, meta = cfg.get("labels"), dict(cfg.get("meta") or {})
    found = _source(cfg, compat)
    if isinstance(found, _Built):
        found, more_labels, more_meta = (*found.parts, None, None)[:3]
        labels = more_labels if labels is None else labels
        meta = meta or dict(more_meta or {})
    if isinstance(found, Connectome):
        found = np.asarray(found.weights)
    n_nodes = cfg.get("n_nodes")
    if found is None:
        found = np.zeros((n_nodes or 1, n_nodes or 1))
    matrix = np.array(found, np.float32)  # a copy
    if n_nodes is not None and matrix.shape != (n_nodes, n_nodes):
        raise ValueError(
            f"network_cfg: the matrix has shape {matrix.shape}, n_nodes = {n_nodes}."
        )
    path = cfg.get("labels_path")
    if labels is None and path is not None:
        from jaxsim.core.untrusted import read_labels

        labels = read_labels(path)
    names = tuple(str(label) for label in labels) if labels is not None else ()
    connectome = Connectome(jnp.asarray(matrix, float), labels=names)
    if flag("network_cfg['remove_self_loops']", cfg.get("remove_self_loops", True)):
        connectome = connectome.without_self_loops()
    how = str(cfg.get("normalize") or "row_sum").lower()
    if how not in NORMALISATIONS:
        raise ValueError(
            f"network_cfg: normalize = {how!r} is not one of "
            f"{', '.join(NORMALISATIONS)}.{nearest(how, NORMALISATIONS)}"
        )
    connectome = connectome.normalised(how)
    meta.setdefault("note", "W[i, j] goes from j to i")
    return Connectivity(np.asarray(connectome.weights), list(names) or None, meta)


class _Built(NamedTuple):
    """What a builder returns: a matrix, and perhaps labels and meta."""

    parts: tuple[Any, ...]


def _source(cfg: Mapping[str, Any], compat: bool) -> Any:
    given = [name for name in SOURCES if cfg.get(name) is not None]
    if not given:
        return None
    if len(given) > 1 and not compat:
        raise ValueError(
            f"network_cfg has both '{given[0]}' and '{given[1]}'; each is a whole "
            "network, so give one of them."
        )
    kind = given[0]
    if kind == "W":
        return cfg["W"]
    if kind == "W_path":
        return np.asarray(_read(cfg["W_path"]).weights)
    n_nodes = cfg.get("n_nodes")
    if n_nodes is None:
        raise ValueError(f"network_cfg: a {kind} needs n_nodes.")
    if kind == "generator":
        return generated(cfg["generator"], n_nodes, compat)
    build = cfg["builder"]
    if not callable(build):
        raise TypeError(
            f"network_cfg['builder'] = {build!r} must be a function of n_nodes, seed."
        )
    more = dict(cfg.get("builder_kwargs") or {})
    found = build(n_nodes=n_nodes, seed=cfg.get("seed"), **more)
    return _Built(found) if isinstance(found, tuple) else found


def _read(path: str | os.PathLike) -> Connectome:
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix not in (".npy", ".csv", ".mat"):
        raise ValueError(
            f"{path}: W_path takes .npy, .csv and .mat. js.Connectome.from_file reads "
            "more, with delays; give its weights as W."
        )
    return Connectome.from_file(path)
