"""Numbers of CaliBrain that the tests of the estimators compare with."""

from functools import cache
from pathlib import Path

import jax.numpy as jnp
import numpy as np


@cache
def stored():
    """The arrays, by name; see tests/reference/README.md."""
    folder = Path(__file__).parents[1] / "reference"
    with np.load(folder / "calibrain_estimators.npz") as file:
        return dict(file)


def problem(name="A"):
    """Gain, field (time first) and noise variance, in the float type of the test."""
    kind, known = jnp.result_type(float), stored()
    values = known[f"{name}_L"], known[f"{name}_y"].T, known["A_noise_var"]
    return tuple(jnp.asarray(value, kind) for value in values)


def apart(found, expected):
    """Largest difference as a fraction of the largest expected value."""
    expected = np.asarray(expected)
    return float(np.abs(np.asarray(found) - expected).max() / np.abs(expected).max())


def blocks_of(covariance, n_orient=1):
    """The blocks on the diagonal of a whole covariance."""
    n = len(covariance) // n_orient
    whole = np.asarray(covariance).reshape(n, n_orient, n, n_orient)
    return np.stack([whole[i, :, i] for i in range(n)])
