"""What the numbers of a connectome must be: one sentence for each way to be wrong."""

import os
import warnings
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxsim.core.param import as_leaf, concrete


LONGEST_MM = 1000.0  # no tract of a brain is longer than a metre


def as_matrix(value: Any, name: str) -> Any:
    """Numbers of any kind (also booleans, also sparse) as a leaf of floats.

    Raises:
        TypeError: text, ragged rows, objects.
    """
    if value is None:
        raise TypeError(f"Connectome.{name} is None; give a square array of numbers.")
    if isinstance(value, (str, os.PathLike)):
        raise TypeError(
            f"Connectome.{name} = {value!r} is no array. Connectome.from_tvb('76') "
            "takes one of tvb-data, Connectome.from_file(path) reads a file."
        )
    if hasattr(value, "toarray"):
        value = value.toarray()
    if not hasattr(value, "dtype") or np.dtype(value.dtype).kind == "O":
        try:
            value = np.asarray(value, float)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"Connectome.{name} must be an array of numbers, rows of equal length "
                f"({error})."
            ) from None
    if value.dtype == bool:
        value = value.astype(jnp.result_type(float))
    try:
        return as_leaf(value)
    except TypeError as error:
        raise TypeError(f"Connectome.{name}: {error}") from None


def check_matrix(matrix: Any, name: str, n_nodes: int | None = None) -> None:
    """Square, as large as the others, every entry finite."""
    shape = matrix.shape
    if n_nodes is not None and shape != (n_nodes, n_nodes):
        raise ValueError(
            f"Connectome.{name} has shape {shape}, but weights have "
            f"({n_nodes}, {n_nodes}); both need one row and one column per node."
        )
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(
            f"Connectome.{name} has shape {shape}; it must be square, one row (target) "
            "and one column (source) per node."
        )
    if not concrete(matrix):
        return
    bad = ~np.isfinite(np.asarray(matrix))
    if bad.any():
        i, j = (int(k) for k in np.argwhere(bad)[0])
        others = f", as are {bad.sum() - 1} others" if bad.sum() > 1 else ""
        raise ValueError(
            f"Connectome.{name}[{i}, {j}] (from {j} to {i}) is "
            f"{np.asarray(matrix)[i, j]}{others}; every entry must be a finite number. "
            "Write 0 where there is no connection."
        )


def check_lengths(lengths: np.ndarray) -> None:
    """Not negative, and not in micrometres; lengths that look like metres are told."""
    if lengths.min() < 0:
        i, j = (int(k) for k in np.argwhere(lengths < 0)[0])
        raise ValueError(
            f"Connectome.tract_lengths_mm[{i}, {j}] = {lengths[i, j]:g} mm is "
            "negative; lengths are 0 or more."
        )
    longest = float(lengths.max())
    if longest > LONGEST_MM:
        raise ValueError(
            f"Connectome.tract_lengths_mm reaches {longest:g} mm, and no tract of a "
            "brain is longer than a metre. If these are micrometres, divide by 1000."
        )
    if 0 < longest < 1:
        warnings.warn(
            f"Connectome.tract_lengths_mm: the longest tract is {longest:g} mm. If "
            "these are metres, multiply them by 1000; as they are, there is next to no "
            "delay.",
            UserWarning,
            stacklevel=2,
        )


def longest_delay_s(lengths_mm: Any, speed_m_per_s: Any) -> float | None:
    """The longest length over speed, or None for numbers that are refused elsewhere."""
    lengths, speed = np.asarray(lengths_mm, float), np.asarray(speed_m_per_s, float)
    if lengths.size == 0 or (speed.ndim and speed.shape != lengths.shape):
        return None
    if not (
        np.isfinite(lengths).all() and np.isfinite(speed).all() and speed.min() > 0
    ):
        return None
    return float((lengths * 1e-3 / speed).max())


def rounded_up(seconds: float) -> float:
    """To three digits, upwards: a rounder number makes fewer different programs."""
    if seconds <= 0:
        return 0.0
    digit = 10.0 ** (np.floor(np.log10(seconds)) - 2)
    return float(f"{np.ceil(seconds / digit * (1 - 1e-9)) * digit:.6g}")
