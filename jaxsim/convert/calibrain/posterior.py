"""What a sweep kept of one run, in CaliBrain's names and axes."""

import os
from typing import Any, NamedTuple

import numpy as np


class PosteriorSummary(NamedTuple):
    """Truth and posterior of one run; N locations, K components, T times.

    Attributes:
        x_true: (N, T) for fixed orientations, else (N, K, T), nAm.
        x_hat: alike.
        posterior_cov_blocks: (N, K, K), nAm^2; the covariance between locations is not
            kept.
        Q_basis: (N, 3, K), directions of the components, or None.
    """

    x_true: np.ndarray
    x_hat: np.ndarray
    posterior_cov_blocks: np.ndarray
    Q_basis: np.ndarray | None


def posterior_summary(path: str | os.PathLike, run: Any) -> PosteriorSummary:
    """The posterior of one row of the table.

    Args:
        path: its `posterior_summary`.
        run: its `posterior_run`.
    """
    from jaxsim.store.archive import load

    recording: Any = load(path)
    blocks = np.asarray(recording["posterior_blocks"].values)[run]
    k = blocks.shape[-1]

    def by_location(name: str) -> np.ndarray:
        flat = np.asarray(recording[name].values)[run].T
        return flat if k == 1 else flat.reshape(len(blocks), k, -1)

    ways = None
    if recording.process is not None:
        ways = dict(recording.process._parts())["leadfield"].orientations
    ways = None if ways is None else np.asarray(ways)
    return PosteriorSummary(
        by_location("activity"), by_location("estimate"), blocks, ways
    )
