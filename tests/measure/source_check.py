"""CaliBrain's numbers of its small problems, in our order: time first."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np


CHECK = np.load(Path(__file__).parents[1] / "reference" / "source_metrics_check.npz")


def fixed():
    """Problem A: 20 sources of fixed orientation, 12 times."""
    return SimpleNamespace(
        truth=CHECK["A_x"].T,
        estimate=CHECK["A_bmn_norm0_mean"].T,
        covariance=CHECK["A_bmn_norm0_var"],
        positions=CHECK["A_src"],
    )


def free(size):
    """Problem F: six sources of two or three components; the whole covariance."""
    truth = CHECK[f"F{size}_x"]
    return SimpleNamespace(
        truth=np.moveaxis(truth, 2, 0).reshape(truth.shape[2], -1),
        estimate=CHECK[f"F{size}_bmn_mean"].T,
        covariance=CHECK[f"F{size}_bmn_cov"],
    )
