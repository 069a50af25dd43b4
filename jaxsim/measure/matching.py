"""How well an estimate of cells agrees with the truth: footprints, traces, spikes.

All of it runs on the host, unit first, as analysis programs write it: footprints
`(unit, height, width)`, traces `(unit, frame)`. NumPy and xarray are taken alike.
"""

from typing import Any, Literal, NamedTuple

import numpy as np

from jaxsim.measure.arrays import as_host


Metric = Literal["iou", "cosine", "weighted_jaccard"]
METRICS = ("iou", "cosine", "weighted_jaccard")


class Match(NamedTuple):
    """Which estimated unit is which true one, and how much they overlap.

    Attributes:
        pairs: (estimated, true) of every pair that overlaps at all.
        overlaps: the metric of each pair.
        n_estimated: units that were estimated.
        n_true: units that there are.
    """

    pairs: np.ndarray
    overlaps: np.ndarray
    n_estimated: int
    n_true: int

    def n_found(self, at_least: float = 0.5) -> int:
        """Pairs whose overlap is enough."""
        return int((self.overlaps >= at_least).sum())

    def recall(self, at_least: float = 0.5) -> float:
        """Part of the true units that was found; 0 when there are none."""
        return self.n_found(at_least) / self.n_true if self.n_true else 0.0

    def precision(self, at_least: float = 0.5) -> float:
        """Part of the estimated units that are true; 0 when there are none."""
        return self.n_found(at_least) / self.n_estimated if self.n_estimated else 0.0

    def f1(self, at_least: float = 0.5) -> float:
        """Harmonic mean of recall and precision."""
        total = self.n_true + self.n_estimated
        return 2.0 * self.n_found(at_least) / total if total else 0.0

    @property
    def mean_overlap(self) -> float:
        """Of all pairs; 0 without any."""
        return float(self.overlaps.mean()) if len(self.overlaps) else 0.0


def match_footprints(
    estimated: Any,
    true: Any,
    *,
    metric: Metric = "iou",
    energy_fraction: float = 0.9,
) -> Match:
    r"""Pair estimated with true footprints so that the total overlap is largest.

    | metric | overlap of $a$ and $b$ |
    |---|---|
    | `iou` | pixels in both masks by pixels in either; a mask is the smallest set of brightest pixels that holds `energy_fraction` of the sum |
    | `cosine` | $a \cdot b / (\lVert a \rVert \lVert b \rVert)$ |
    | `weighted_jaccard` | $\sum \min(a, b) / \sum \max(a, b)$, each divided by its sum |

    Args:
        estimated: `(unit, height, width)`, not negative.
        true: the same height and width.
        metric: see above.
        energy_fraction: of the masks of `iou`, in (0, 1].

    Raises:
        ValueError: other shapes, another metric, negative or not finite footprints.
    """  # noqa: E501
    one = _footprints(estimated, "estimated")
    other = _footprints(true, "true")
    if one.shape[1:] != other.shape[1:]:
        raise ValueError(
            f"estimated footprints are {one.shape[1:]} pixels and true ones "
            f"{other.shape[1:]}; crop or pad them to one field of view."
        )
    overlap = footprint_overlap(one, other, metric, energy_fraction)
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-overlap)
    found = overlap[rows, columns]
    some = found > 0
    pairs = np.stack([rows[some], columns[some]], axis=1)
    return Match(pairs, found[some], len(one), len(other))


def footprint_overlap(
    estimated: np.ndarray, true: np.ndarray, metric: str, energy_fraction: float = 0.9
) -> np.ndarray:
    """The overlap of every estimated with every true footprint, in [0, 1]."""
    if metric not in METRICS:
        raise ValueError(f"metric = {metric!r} is not one of {', '.join(METRICS)}.")
    if not 0.0 < energy_fraction <= 1.0:
        raise ValueError(f"energy_fraction = {energy_fraction} must be in (0, 1].")
    if not len(estimated) or not len(true):
        return np.zeros((len(estimated), len(true)))
    a, b = (np.asarray(f, float).reshape(len(f), -1) for f in (estimated, true))
    if metric == "cosine":
        a, b = (_over(f, np.linalg.norm(f, axis=1)) for f in (a, b))
        return np.clip(a @ b.T, 0.0, 1.0)
    if metric == "iou":
        a, b = (np.stack([_mask(x, energy_fraction) for x in f]) for f in (a, b))
        both = a.astype(np.float32) @ b.astype(np.float32).T
        either = a.sum(1)[:, None] + b.sum(1)[None, :] - both
        return np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    a, b = (_over(f, f.sum(axis=1)) for f in (a, b))
    overlap = np.zeros((len(a), len(b)))
    for i, j in np.argwhere((a @ b.T) > 0):  # the others share no pixel
        least = np.minimum(a[i], b[j]).sum()
        overlap[i, j] = least / (a[i].sum() + b[j].sum() - least)
    return overlap


def _footprints(values: Any, name: str) -> np.ndarray:
    found = as_host(values, f"{name} footprints")
    if found.ndim != 3:
        raise ValueError(
            f"{name} footprints have shape {found.shape}; give (unit, height, width)."
        )
    if not (np.isfinite(found) & (found >= 0)).all():
        raise ValueError(f"{name} footprints must be finite and not negative.")
    return found


def _mask(footprint: np.ndarray, energy_fraction: float) -> np.ndarray:
    """The fewest brightest pixels that hold a part of the sum."""
    order = np.argsort(-footprint, kind="stable")
    held = np.cumsum(footprint[order])
    mask = np.zeros(footprint.size, bool)
    if held.size and held[-1] > 0:
        enough = int(np.searchsorted(held, energy_fraction * held[-1] * (1 - 1e-12)))
        mask[order[: enough + 1]] = True
    return mask & (footprint > 0)


def _over(rows: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return rows / np.where(sizes > 0, sizes, 1.0)[:, None]
