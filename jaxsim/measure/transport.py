r"""How far strength must be carried to make the estimate the truth (earth mover's).

Both maps are divided by their sums; strength is carried from place to place at a cost
of its straight distance,

$$ W_1 = \min_{P \ge 0} \sum_{ij} P_{ij} \lVert r_i - r_j \rVert,
   \quad \sum_j P_{ij} = a_i, \quad \sum_i P_{ij} = b_j . $$
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from jaxsim.measure.arrays import Scalar, Signal, as_host
from jaxsim.measure.localisation import Positions, distances, places
from jaxsim.measure.sources import (
    NO_STRENGTH,
    Mode,
    check_mode,
    paired_sources,
    strength,
)


def earth_mover_distance(
    truth: Signal,
    estimate: Signal,
    positions: Any,
    *,
    mode: Mode = "pointwise",
) -> float:
    """Exact earth mover's distance of two source maps, m, by a linear program.

    On the host, one run at a time; `sinkhorn_distance` is for sweeps and gradients.
    Truth and estimate may have different numbers of components, which the positions
    tell (a free MEG estimate against a truth in space): only strengths are compared.

    Args:
        truth: (time, coefficient), nAm, source after source.
        estimate: of the same sources.
        positions: of the sources, (source, 3), m.
        mode: strengths are norms over all times, or ("aggregated") sizes of the means.

    Returns:
        Metres; infinite where one of the maps is silent.

    Raises:
        TypeError: traced values.
    """
    if any(isinstance(getattr(x, "values", x), Tracer) for x in (truth, estimate)):
        raise TypeError(
            "earth_mover_distance solves a linear program on the host; under jit, vmap "
            "and recording.measure use sinkhorn_distance."
        )
    at = as_host(positions, "positions")
    check_mode(mode)
    masses = (
        _host_strength(truth, "truth", len(at), mode),
        _host_strength(estimate, "estimate", len(at), mode),
    )
    return transport_cost(*masses, at)


def transport_cost(mass: Any, other: Any, positions: Any) -> float:
    """Least cost of carrying one map of masses to another, both divided by their sums.

    Args:
        mass: (source,), not negative; 1e-12 and less is none.
        other: alike.
        positions: (source, 3); the result has its unit.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    at = np.asarray(positions, float)
    some = [np.asarray(m, float) > NO_STRENGTH for m in (mass, other)]
    if not (some[0].any() and some[1].any()):
        return float("inf")
    a, b = (
        np.asarray(m, float)[s] / np.asarray(m, float)[s].sum()
        for m, s in zip((mass, other), some, strict=True)
    )
    cost = np.linalg.norm(at[some[0]][:, None] - at[some[1]][None], axis=-1)
    # P is row after row: its row sums are a, its column sums b (the last one follows).
    rows = sparse.kron(sparse.eye_array(len(a)), np.ones((1, len(b))))
    columns = sparse.kron(np.ones((1, len(a))), sparse.eye_array(len(b)), format="csr")
    solved = linprog(
        cost.ravel(),
        A_eq=sparse.vstack([rows, columns[:-1]], format="csr"),
        b_eq=np.concatenate([a, b[:-1]]),
        bounds=(0, None),
        method="highs",
    )
    if solved.status != 0:
        raise RuntimeError(
            f"the linear program of transport ended so: {solved.message}"
        )
    return float(solved.fun)


def sinkhorn_distance(
    truth: Signal,
    estimate: Signal,
    positions: Positions,
    *,
    n_components: int = 1,
    mode: Mode = "pointwise",
    epsilon_m: float = 1e-3,
    n_updates: int = 200,
) -> Scalar:
    r"""Earth mover's distance of two source maps with a blur, m; it has a gradient.

    Sinkhorn's updates in logarithms, with a blur that shrinks from the largest distance
    to `epsilon_m` over the first half of the updates. The cost of the plan found,
    without its entropy; it comes down to the exact distance as the blur goes to 0 (then
    more updates are needed).

    Args:
        truth: (time, coefficient), nAm, source after source.
        estimate: alike.
        positions: of the sources, (source, 3), m.
        n_components: K, 1 for fixed orientations.
        mode: as in `earth_mover_distance`.
        epsilon_m: the blur.
        n_updates: of both potentials; their number is static.

    Returns:
        Metres; infinite where one of the maps is silent.

    Reference:
        ```bibtex
        @article{peyre2019computational,
          author = {Peyr{\'e}, Gabriel and Cuturi, Marco},
          title = {Computational Optimal Transport},
          journal = {Foundations and Trends in Machine Learning},
          volume = {11},
          number = {5-6},
          pages = {355--607},
          year = {2019},
          doi = {10.1561/2200000073}
        }
        ```
    """
    a, b = (
        strength(x) for x in paired_sources(truth, estimate, n_components, mode=mode)
    )
    at = places(positions, len(a)).astype(a.dtype)
    some = (a.max() > NO_STRENGTH) & (b.max() > NO_STRENGTH)
    found = _sinkhorn(_log_share(a), _log_share(b), at, epsilon_m, n_updates)
    return jnp.where(some, found, jnp.inf)


def _host_strength(signal: Signal, name: str, n_sources: int, mode: Mode) -> np.ndarray:
    """Strength of each source in float64; the positions tell how many there are."""
    x = as_host(signal, name)
    if x.ndim != 2 or x.shape[1] % n_sources:
        raise ValueError(
            f"the {name} has shape {x.shape}; it must be (time, coefficient) with the "
            f"coefficients of {n_sources} sources, as there are positions."
        )
    x = x.mean(axis=0, keepdims=True) if mode == "aggregated" else x
    return np.linalg.norm(x.reshape(len(x), n_sources, -1), axis=(0, 2))


def _sinkhorn(
    log_a: Float[Array, " n"],
    log_b: Float[Array, " n"],
    at: Float[Array, "n 3"],
    epsilon: float,
    n_updates: int,
) -> Scalar:
    cost = distances(at, at)
    # The blur halves and halves until it is epsilon, then stays for the other half.
    left = jnp.clip(1 - 2 * jnp.arange(n_updates) / n_updates, 0.0, 1.0)
    ratio = jnp.maximum(cost.max() / epsilon, 1.0)
    blurs = (epsilon * ratio ** left.astype(cost.dtype)).astype(cost.dtype)

    def update(g: Array, blur: Array) -> tuple[Array, None]:
        f = _soft_min(cost - g[None, :] - blur * log_b[None, :], blur, 1)
        g = _soft_min(cost - f[:, None] - blur * log_a[:, None], blur, 0)
        return g, None

    # A gradient computes each update again: to keep them all takes n^2 n_updates.
    g, _ = jax.lax.scan(jax.checkpoint(update), jnp.zeros_like(log_b), blurs)
    blur = blurs[-1]
    f = _soft_min(cost - g[None, :] - blur * log_b[None, :], blur, 1)
    log_plan = (f[:, None] + g[None, :] - cost) / blur
    return jnp.sum(jnp.exp(log_plan + log_a[:, None] + log_b[None, :]) * cost)


def _soft_min(x: Float[Array, "n n"], blur: Scalar, axis: int) -> Float[Array, " n"]:
    return -blur * jax.scipy.special.logsumexp(-x / blur, axis=axis)


def _log_share(mass: Float[Array, " n"]) -> Float[Array, " n"]:
    """Logarithm of each share; next to nothing instead of nothing."""
    some = mass > NO_STRENGTH
    total = jnp.sum(jnp.where(some, mass, 0.0))
    share = mass / jnp.where(total > 0, total, 1.0)
    return jnp.where(some, jnp.log(jnp.where(some, share, 1.0)), -80.0)
