"""How well traces, spikes, motion and fields were recovered."""

from typing import Any, NamedTuple

import numpy as np

from jaxsim.measure.arrays import as_host
from jaxsim.measure.matching import Metric, match_footprints


class SpikeScore(NamedTuple):
    """Spikes found among spikes: parts of all of them, pooled over the pairs."""

    recall: float
    precision: float


class ActivityScore(NamedTuple):
    """How an estimated activity resembles the true one, up to a factor.

    Attributes:
        correlation: mean over the pairs; NaN where one is constant.
        scale: factor (not negative) that fits estimate to truth best, mean.
        variance_explained: by the scaled estimate, mean.
    """

    correlation: float
    scale: float
    variance_explained: float


def trace_correlation(estimated: Any, true: Any) -> np.ndarray:
    """Pearson correlation of each pair of traces `(unit, frame)`; NaN if constant."""
    a, b = _pairs(estimated, true)
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (a, b))
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.where(size > 0, (a * b).sum(axis=1) / np.where(size > 0, size, 1), np.nan)


def spike_score(
    estimated: Any, true: Any, *, tolerance_frames: int = 2, threshold: float = 0.0
) -> SpikeScore:
    """Recall and precision of spikes, each matched once within a few frames.

    Args:
        estimated, true: `(unit, frame)`; frames above the threshold are events.
        tolerance_frames: how far apart the two of a match may be.
        threshold: above which a frame counts.
    """
    a, b = _pairs(estimated, true)
    found = sum(
        _matched(
            np.flatnonzero(x > threshold),
            np.flatnonzero(y > threshold),
            tolerance_frames,
        )
        for x, y in zip(a, b, strict=True)
    )
    n_est, n_true = int((a > threshold).sum()), int((b > threshold).sum())
    return SpikeScore(
        found / n_true if n_true else 0.0, found / n_est if n_est else 0.0
    )


def _matched(some: np.ndarray, others: np.ndarray, tolerance: int) -> int:
    """The most pairs no further apart than the tolerance: both in order, greedily."""
    i = j = found = 0
    while i < len(some) and j < len(others):
        if abs(some[i] - others[j]) <= tolerance:
            found, i, j = found + 1, i + 1, j + 1
        elif some[i] < others[j]:
            i += 1
        else:
            j += 1
    return found


def activity_score(estimated: Any, true: Any) -> ActivityScore:
    """Correlation, best scale and variance explained of activities `(unit, frame)`."""
    a, b = _pairs(estimated, true)
    if not len(a):
        return ActivityScore(np.nan, np.nan, np.nan)
    size = (a**2).sum(axis=1)
    scale = np.maximum((a * b).sum(axis=1) / np.where(size > 0, size, 1.0), 0.0)
    left = ((b - scale[:, None] * a) ** 2).sum(axis=1)
    spread = ((b - b.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    explained = np.where(
        spread > 0, 1.0 - left / np.where(spread > 0, spread, 1), np.nan
    )
    return ActivityScore(
        float(trace_correlation(a, b).mean()),
        float(scale.mean()),
        float(explained.mean()),
    )


def shift_rmse(
    estimated: Any, true: Any, *, correction: bool = False, align: bool = True
) -> float:
    r"""Root mean square error of a motion `(frame, 2)`, in the unit that it has.

    Args:
        estimated: how far the tissue lies off, or with `correction` how far it was
            moved back (the negative).
        true: the signal `shift`.
        correction: see above.
        align: remove each axis' mean first, since where motion begins is a convention.

    Raises:
        ValueError: other shapes.
    """
    a, b = as_host(estimated, "estimated shifts"), as_host(true, "true shifts")
    if a.shape != b.shape or a.ndim != 2 or a.shape[1] != 2:
        raise ValueError(
            f"shifts have shapes {a.shape} and {b.shape}; both must be (frame, 2)."
        )
    off = (-a if correction else a) - b
    if align:
        off = off - off.mean(axis=0)
    return float(np.sqrt((off**2).mean()))


def field_correlation(estimated: Any, true: Any) -> float:
    """Pearson correlation of two images; NaN when one is constant."""
    a, b = as_host(estimated, "estimated field"), as_host(true, "true field")
    return float(trace_correlation(a.reshape(1, -1), b.reshape(1, -1))[0])


def score(
    estimated: dict[str, Any], true: dict[str, Any], *, metric: Metric = "iou"
) -> dict[str, float | int]:
    """One report of everything that both an estimate and the truth have.

    Args:
        estimated: arrays by name: `footprint` (unit, height, width), and, of the same
            units, `trace` and `spikes` (unit, frame); `shift` (frame, 2) as corrected.
        true: the same names.
        metric: of `match_footprints`.

    Returns:
        Numbers by name: counts, recall, precision, f1, mean_overlap, trace_correlation,
        spike_recall, spike_precision, activity_scale, shift_rmse.
    """
    match = match_footprints(estimated["footprint"], true["footprint"], metric=metric)
    report: dict[str, float | int] = {
        "n_true": match.n_true,
        "n_estimated": match.n_estimated,
        "n_matched": len(match.pairs),
        "recall": match.recall(),
        "precision": match.precision(),
        "f1": match.f1(),
        "mean_overlap": match.mean_overlap,
    }
    ours, theirs = match.pairs[:, 0], match.pairs[:, 1]

    def paired(name: str) -> tuple[np.ndarray, np.ndarray]:
        a, b = as_host(estimated[name], name), as_host(true[name], name)
        return a[ours], b[theirs]

    if "trace" in estimated and "trace" in true and len(ours):
        report["trace_correlation"] = float(
            np.nanmean(trace_correlation(*paired("trace")))
        )
    if "spikes" in estimated and "spikes" in true and len(ours):
        found, activity = (
            spike_score(*paired("spikes")),
            activity_score(*paired("spikes")),
        )
        report |= {"spike_recall": found.recall, "spike_precision": found.precision}
        report["activity_scale"] = activity.scale
    if "shift" in estimated and "shift" in true:
        report["shift_rmse"] = shift_rmse(
            estimated["shift"], true["shift"], correction=True
        )
    return report


def _pairs(estimated: Any, true: Any) -> tuple[np.ndarray, np.ndarray]:
    a, b = as_host(estimated, "estimated"), as_host(true, "true")
    if a.shape != b.shape or a.ndim != 2:
        raise ValueError(
            f"estimated and true have shapes {a.shape} and {b.shape}; both must be "
            "(unit, frame), paired one by one (see match_footprints)."
        )
    return a, b
