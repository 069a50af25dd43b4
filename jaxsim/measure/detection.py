"""Whether the right sources were found: counts at a threshold, and the ROC area.

A source is true when its amplitude exceeds `active_above`; it is found when its
strength, the norm over time and components, reaches a fraction of the strongest.
"""

from typing import NamedTuple

import jax.numpy as jnp

from jaxsim.measure.arrays import Scalar, Signal
from jaxsim.measure.localisation import strong
from jaxsim.measure.sources import Mode, active_sources, paired_sources, strength


class SourceDetection(NamedTuple):
    """How many true sources were found, and how many found ones are true.

    Attributes:
        precision: part of the found sources that is true; 0 where none was found.
        recall: part of the true sources that was found; 0 where there is none.
        f1: their harmonic mean; 0 where nothing true was found.
    """

    precision: Scalar
    recall: Scalar
    f1: Scalar


def source_detection(
    truth: Signal,
    estimate: Signal,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
    active_above: float = 0.0,
    threshold: float = 0.5,
) -> SourceDetection:
    """Precision, recall and F1 of the sources found at a threshold.

    Args:
        truth: (time, coefficient), nAm, source after source.
        estimate: alike.
        n_components: K, 1 for fixed orientations.
        mode: strength of all times, or ("aggregated") of their mean.
        active_above: amplitude above which a source is a true one, nAm.
        threshold: fraction of the strongest estimated source.
    """
    _, b = paired_sources(truth, estimate, n_components, mode=mode)
    true = active_sources(truth, n_components, active_above)
    found = strong(strength(b), threshold)
    hits, n_found, n_true = (
        x.sum().astype(b.dtype) for x in (true & found, found, true)
    )
    return SourceDetection(
        hits / jnp.maximum(n_found, 1.0),
        hits / jnp.maximum(n_true, 1.0),
        2 * hits / jnp.maximum(n_found + n_true, 1.0),
    )


def source_auc(
    truth: Signal,
    estimate: Signal,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
    active_above: float = 0.0,
) -> Scalar:
    """Area under the ROC curve: how often a true source is stronger than a silent one.

    Ties count half (Mann and Whitney). NaN where all sources are true, or none is.
    Arguments as in `source_detection`.
    """
    _, b = paired_sources(truth, estimate, n_components, mode=mode)
    true, found = active_sources(truth, n_components, active_above), strength(b)
    order = jnp.sort(found)
    below = jnp.searchsorted(order, found, side="left")
    up_to = jnp.searchsorted(order, found, side="right")
    rank = (below + up_to + 1).astype(found.dtype) / 2
    n_true = true.sum().astype(found.dtype)
    pairs = n_true * (len(found) - n_true)
    won = jnp.sum(jnp.where(true, rank, 0.0)) - n_true * (n_true + 1) / 2
    return jnp.where(pairs > 0, won / jnp.maximum(pairs, 1.0), jnp.nan)
