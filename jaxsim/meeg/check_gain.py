"""What the numbers of a gain must be: one sentence for each way to be wrong."""

import warnings
from typing import Any

import numpy as np

from jaxsim.core.param import as_leaf, concrete


def as_matrix(value: Any, name: str) -> Any:
    """Numbers of any kind as a float leaf with two axes."""
    try:
        found = as_leaf(value.toarray() if hasattr(value, "toarray") else value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"Leadfield.{name} must be a matrix of numbers ({error})."
        ) from None
    if found.ndim != 2 or 0 in found.shape:
        raise ValueError(
            f"Leadfield.{name} has shape {found.shape}; it must be a matrix, "
            f"{'sensors x sources' if name == 'gain' else 'sources x nodes'}."
        )
    return found


def check_finite(matrix: Any, name: str) -> None:
    """No NaN, no infinity; the sentence says how to leave such sensors out."""
    if not concrete(matrix):
        return
    bad = ~np.isfinite(np.asarray(matrix))
    if bad.any():
        rows = np.flatnonzero(bad.any(axis=1))
        raise ValueError(
            f"Leadfield.{name} is not finite in {len(rows)} rows, the first is row "
            f"{rows[0]}. Leave out sensors that record nothing: "
            "gain[numpy.isfinite(gain).all(axis=1)]."
        )


def check_magnitude(largest: float, modality: str) -> None:
    """Tell of a gain in SI units: the field would be wrong a thousandfold or more."""
    told = None
    if modality == "eeg" and largest > 20:
        told = (
            "EEG gains in uV/nAm are below 1; if this is V/(A m), multiply it by 1e-3"
        )
    if modality == "meg" and 0 < largest < 1e-3:
        told = "MEG gains in fT/nAm are near 1; if this is T/(A m), multiply it by 1e6"
    if told:
        warnings.warn(
            f"Leadfield.gain reaches {largest:.3g}. {told}.", UserWarning, stacklevel=3
        )
