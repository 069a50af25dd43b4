"""The stored numbers of minisim, and where ours differ for a reason."""

import json
from pathlib import Path

import numpy as np


STORED = Path(__file__).parents[2] / "tests" / "reference" / "minisim_statistics.json"

FIELD_LEVEL = "neuropil field, mean"

# statistic -> sign of ours minus theirs, and why; all others are equal
ALIKE_DIFFERS = {
    "bleached, slope with expression": (
        -1.0, "theirs bleaches molecules faster in cells that have more of them"
    ),
    "neuropil field, mean": (
        1.0, "their fields reach from 0 to 1, so that chance sets their mean; ours is 1"
    ),
    "neuropil field, cv": (
        1.0, "0 and 1 lie in the corners, where their blur repeats the edge's pixels"
    ),
}  # fmt: skip
OWN_DIFFERS = {
    "trace, least": (1.0, "their kernel ends after five time constants"),
    "neuropil in time, mean": (-1.0, "tissue and aperture do not dim theirs"),
    "shift, mean place off zero (um)": (-1.0, "theirs is counted from frame 0"),
    "noise, skewness": (1.0, "theirs is normal, ours Poisson"),
    "sharpness kept by the shift": (1.0, "theirs is bilinear"),
}


def stored() -> dict[str, np.ndarray]:
    """Name -> minisim's value for each seed."""
    told = json.loads(STORED.read_text())["statistics"]
    return {name: np.asarray(values) for name, values in told.items()}


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Difference of two means in standard errors of it."""
    error = np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    gap = one.mean() - other.mean()
    return float(gap / error) if error > 0 else (np.inf * gap if gap else 0.0)
