"""How far from the truth the places of estimated sources are, in metres.

A source's strength is its norm over time (and over the components of a free
orientation). Where there is no true or no estimated source, distances are infinite.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from jaxsim.measure.arrays import Scalar, Signal, as_float
from jaxsim.measure.sources import (
    NO_STRENGTH,
    Mode,
    active_sources,
    paired_sources,
    strength,
)


Positions = Any  # (source, 3), m: an array, or a series


def peak_error(
    truth: Signal,
    estimate: Signal,
    positions: Positions,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
    active_above: float = 0.0,
) -> Scalar:
    """From the strongest estimated source to the nearest true one, m.

    Args:
        truth: (time, coefficient), nAm, source after source.
        estimate: alike.
        positions: of the sources, (source, 3), m.
        n_components: K, 1 for fixed orientations.
        mode: strength of all times, or ("aggregated") of their mean.
        active_above: amplitude above which a source is a true one, nAm.
    """
    true, found, apart = _scene(
        truth, estimate, positions, n_components, mode, active_above
    )
    nearest = jnp.min(jnp.where(true[None, :], apart, jnp.inf), axis=1)
    return jnp.where(found.max() > NO_STRENGTH, nearest[jnp.argmax(found)], jnp.inf)


def region_error(
    truth: Signal,
    estimate: Signal,
    positions: Positions,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
    active_above: float = 0.0,
    threshold: float = 0.5,
) -> Scalar:
    r"""Mean distance between the true and the estimated set of sources, m.

    $$ \frac{1}{2Q} \sum_{k \in I} \min_{l \in \hat I} \lVert r_k - r_l \rVert
       + \frac{1}{2\hat Q} \sum_{l \in \hat I} \min_{k \in I} \lVert r_k - r_l \rVert $$

    The first half is large where sources were missed, the second where there are false
    ones. MNE calls it the region localization error.

    Args:
        truth: as in `peak_error`, as the others are.
        estimate: alike.
        positions: (source, 3), m.
        n_components: K.
        mode: of the strengths.
        active_above: amplitude above which a source is a true one, nAm.
        threshold: an estimated source counts from this fraction of the strongest.
    """
    true, found, apart = _scene(
        truth, estimate, positions, n_components, mode, active_above
    )
    near = strong(found, threshold)
    missed = _mean(jnp.min(jnp.where(near[None, :], apart, jnp.inf), axis=1), true)
    false = _mean(jnp.min(jnp.where(true[None, :], apart, jnp.inf), axis=1), near)
    return (missed + false) / 2


def spatial_dispersion(
    truth: Signal,
    estimate: Signal,
    positions: Positions,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
    active_above: float = 0.0,
) -> Scalar:
    r"""How far the estimated strength spreads around true sources, m.

    $$ \sqrt{\textstyle\sum_n d_n^2 \hat s_n^2 \,/\, \sum_n \hat s_n^2} $$

    with the distance $d_n$ to the nearest true source and the strength $\hat s_n$.
    Differentiable in the estimate. Arguments as in `peak_error`.

    Reference:
        ```bibtex
        @article{molins2008quantification,
          author = {Molins, A. and Stufflebeam, S. M. and Brown, E. N. and
                    H{\"a}m{\"a}l{\"a}inen, M. S.},
          title = {Quantification of the benefit from integrating {MEG} and {EEG} data
                   in minimum l2-norm estimation},
          journal = {NeuroImage},
          volume = {42},
          number = {3},
          pages = {1069--1077},
          year = {2008}
        }
        ```
    """
    true, found, apart = _scene(
        truth, estimate, positions, n_components, mode, active_above
    )
    nearest = jnp.min(jnp.where(true[None, :], apart, jnp.inf), axis=1)
    peak = found.max()
    some = peak > NO_STRENGTH
    share = (found / jnp.where(some, peak, 1.0)) ** 2
    reached = jnp.isfinite(nearest)
    moment = jnp.sum(share * jnp.where(reached, nearest, 0.0) ** 2)
    spread = moment > 0
    root = jnp.sqrt(
        jnp.where(spread, moment, 1.0) / jnp.where(some, jnp.sum(share), 1.0)
    )
    return jnp.where(some & reached.any(), jnp.where(spread, root, 0.0), jnp.inf)


def strong(
    strengths: Float[Array, " source"], threshold: float
) -> Bool[Array, " source"]:
    """Sources from a fraction of the strongest on; none where all are silent."""
    return (strengths >= threshold * strengths.max()) & (strengths > NO_STRENGTH)


def distances(
    one: Float[Array, "m 3"], other: Float[Array, "n 3"]
) -> Float[Array, "m n"]:
    """Of every pair of places; exact where they are the same."""
    return jnp.sqrt(jnp.sum((one[:, None, :] - other[None, :, :]) ** 2, axis=-1))


def places(positions: Positions, n_sources: int) -> Float[Array, "source 3"]:
    """Positions as an array, of so many sources.

    Raises:
        ValueError: another shape.
    """
    found = as_float(positions, "positions")
    if found.shape != (n_sources, 3):
        raise ValueError(
            f"positions have shape {found.shape}; the estimate has {n_sources} "
            f"sources, so they must be {(n_sources, 3)}, in m."
        )
    return found


def _scene(
    truth: Signal,
    estimate: Signal,
    positions: Positions,
    n_components: int,
    mode: Mode,
    active_above: float,
) -> tuple[Bool[Array, " n"], Float[Array, " n"], Float[Array, "n n"]]:
    """Which sources are true, how strong each was estimated, how far apart they are."""
    _, found = paired_sources(truth, estimate, n_components, mode=mode)
    at = places(positions, found.shape[1])
    apart = distances(at, at).astype(found.dtype)
    return active_sources(truth, n_components, active_above), strength(found), apart


def _mean(values: Float[Array, " source"], of: Bool[Array, " source"]) -> Scalar:
    """Mean over some; infinite over none."""
    n = of.sum()
    total = jnp.sum(jnp.where(of, values, 0.0))
    return jnp.where(n > 0, total / jnp.maximum(n, 1).astype(total.dtype), jnp.inf)
