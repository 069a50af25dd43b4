"""Functional connectivity: who moves with whom, and how that changes in time."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Real

from jaxsim.measure.arrays import (
    Signal,
    Values,
    as_float,
    rate_of,
    safe_ratio,
    samples,
)
from jaxsim.measure.segments import Cut, n_overlap, segment_length


def functional_connectivity(signal: Signal) -> Float[Array, "node node"]:
    """Pearson correlation of every pair of nodes over time.

    Equal to `numpy.corrcoef` of the columns. A constant node correlates with nothing,
    itself included: its row and column are 0, and the gradient there is 0. A node with
    a NaN makes its own row and column NaN and no other.

    Args:
        signal: (time, node), or a series of a recording.
    """
    return _pearson(_time_by_node(signal))


@jax.jit
def _pearson(x: Float[Array, "time node"]) -> Float[Array, "node node"]:
    z = _standardised(x)
    return jnp.matmul(z.T, z, precision="highest")


def correlation(
    estimate: Real[Values, " sample"], target: Real[Values, " sample"]
) -> Float[Array, ""]:
    """Pearson correlation of two lists of numbers; 0 where one of them is constant."""
    estimate, target = as_float(estimate, "estimate"), as_float(target, "target")
    return jnp.sum(_standardised(estimate) * _standardised(target))


def fisher_z(
    r: Real[Values, "*shape"], limit: float = 1 - 1e-6
) -> Float[Array, "*shape"]:
    """`arctanh(r)`, which makes correlations nearly normal with an even spread.

    Correlations beyond `limit` count as `limit`, so that a perfect one stays finite
    (7.25 in float32); their gradient is 0.
    """
    return jnp.arctanh(jnp.clip(as_float(r, "correlation"), -limit, limit))


def upper_triangle(matrix: Real[Values, "*batch node node"]) -> Array:
    """The entries above the diagonal, row by row: (..., n (n - 1) / 2)."""
    matrix = as_float(matrix, "matrix")
    if matrix.shape[-1] < 2:
        raise ValueError(
            f"a matrix of shape {matrix.shape} has no pair above its diagonal; "
            "connectivity needs two nodes or more."
        )
    rows, columns = np.triu_indices(matrix.shape[-1], 1)
    return matrix[..., rows, columns]


def fc_correlation(
    estimate: Real[Values, "node node"],
    target: Real[Values, "node node"],
    fisher: bool = False,
) -> Float[Array, ""]:
    """Correlation of two connectivity matrices over their upper triangles.

    Args:
        estimate: of the model.
        target: of the data, over the same nodes in the same order.
        fisher: correlate `fisher_z` of the entries instead of the entries.
    """
    _same_nodes(estimate, target)
    pairs = upper_triangle(estimate), upper_triangle(target)
    if fisher:
        pairs = fisher_z(pairs[0]), fisher_z(pairs[1])
    return correlation(*pairs)


def functional_connectivity_dynamics(
    signal: Signal,
    rate_hz: float | None = None,
    *,
    window_s: float | None = None,
    step_s: float | None = None,
    window: int | None = None,
    step: int | None = None,
) -> Float[Array, "window window"]:
    """Correlation between the connectivity of every two sliding windows (FCD).

    Defaults are a window of 60 samples moved by 3, the custom with BOLD.

    Args:
        signal: (time, node), or a series of a recording.
        rate_hz: samples per second, needed for lengths in seconds; a series brings it.
        window_s: length of a window in seconds; `window` says it in samples.
        step_s: from one window to the next; `step` says it in samples.

    Raises:
        ValueError: fewer than two windows fit, or fewer than three nodes.

    Reference:
        Hansen, Battaglia, Spiegler, Deco, Jirsa (2015), Functional connectivity
        dynamics: modeling the switching behavior of the resting state, NeuroImage 105,
        525-535.
    """
    x = _time_by_node(signal)
    length = _in_samples("window", window, window_s, 60, signal, rate_hz)
    hop = _in_samples("step", step, step_s, 3, signal, rate_hz)
    starts = np.arange(0, len(x) - length + 1, hop)
    if len(starts) < 2:
        raise ValueError(
            f"two windows of {length} samples, {hop} apart, need {length + hop}; the "
            f"signal has {len(x)}. Shorten the window, or simulate longer."
        )
    if x.shape[1] < 3:
        raise ValueError(
            f"connectivity dynamics needs three nodes or more, not {x.shape[1]}: two "
            "nodes make one pair, and one number has no correlation."
        )
    return _dynamics(x, jnp.asarray(starts), length)


@functools.partial(jax.jit, static_argnames="length")
def _dynamics(
    x: Float[Array, "time node"], starts: Int[Array, " window"], length: int
) -> Float[Array, "window window"]:
    def pairs_from(start: Int[Array, ""]) -> Array:
        part = jax.lax.dynamic_slice_in_dim(x, start, length)
        return upper_triangle(_pearson(part))

    return _pearson(jax.vmap(pairs_from)(starts).T)


def wasserstein_distance(
    estimate: Real[Values, " m"], target: Real[Values, " n"]
) -> Float[Array, ""]:
    """Earth mover's distance between two samples of a number (W1), by sorting.

    The area between the two empirical distribution functions; equal to
    `scipy.stats.wasserstein_distance`. Differentiable but where values tie.
    """
    a = jnp.sort(as_float(estimate, "estimate"))
    b = jnp.sort(as_float(target, "target"))
    if len(a) == len(b):
        return jnp.mean(jnp.abs(a - b))
    # Both quantile functions are steps; between two breaks each holds one sorted value.
    # Breaks are counted in units of 1 / (m n), exactly.
    m, n = len(a), len(b)
    breaks = np.union1d(np.arange(m + 1) * n, np.arange(n + 1) * m)
    width = jnp.asarray(np.diff(breaks) / (m * n), a.dtype)
    return jnp.sum(width * jnp.abs(a[breaks[:-1] // n] - b[breaks[:-1] // m]))


def fcd_distance(
    estimate: Real[Values, "window window"], target: Real[Values, "other other"]
) -> Float[Array, ""]:
    """W1 distance between the entries of two FCD matrices, which may differ in size."""
    return wasserstein_distance(upper_triangle(estimate), upper_triangle(target))


def coherence(
    signal: Signal,
    other: Signal,
    rate_hz: float | None = None,
    *,
    segment_s: float | None = None,
    nperseg: int | None = None,
    overlap: float = 0.5,
    window: str | tuple = "hann",
    detrend: str | bool = "constant",
) -> tuple[Real[np.ndarray, " freq"], Float[Array, "freq *batch"]]:
    """Magnitude-squared coherence: how much of one signal the other explains, by bin.

    `|S_xy|^2 / (S_xx S_yy)`, between 0 and 1; equal to `scipy.signal.coherence`. 0
    where a signal has no power. One segment alone gives 1 everywhere, so it is refused.

    Args:
        signal: (time, ...), or a series of a recording.
        other: of the same shape.
        rate_hz: samples per second; a series brings its own.
        segment_s: as in `welch`; default 2 s, or a quarter of a shorter signal.
        nperseg: the same in samples.
        overlap: of neighbouring segments, a fraction in [0, 1).
        window: a name of `scipy.signal.get_window`.
        detrend: "constant", "linear" or False, for each segment.

    Returns:
        Frequencies in Hz and the coherence, (freq, ...).
    """
    x, y, rate = samples(signal), samples(other, "other"), rate_of(signal, rate_hz)
    if x.shape != y.shape:
        raise ValueError(
            f"coherence is between signals of one shape, not {x.shape} and {y.shape}."
        )
    if segment_s is None and nperseg is None:
        nperseg = max(2, min(round(2 * rate), len(x) // 4))
    n = segment_length(len(x), rate, segment_s, nperseg)
    shared = n_overlap(overlap, n)
    if len(x) < 2 * n - shared:
        raise ValueError(
            f"one segment of {n} samples is all that fits into {len(x)}; coherence "
            "averages over segments, so shorten segment_s."
        )
    cut = Cut(rate, n, shared, window, detrend)
    return np.fft.rfftfreq(n, 1 / rate), _coherence(x, y, cut)


@functools.partial(jax.jit, static_argnames="cut")
def _coherence(
    x: Float[Array, "time *batch"], y: Float[Array, "time *batch"], cut: Cut
) -> Float[Array, "freq *batch"]:
    from jax.scipy.signal import csd

    x, y = x / _largest(x), y / _largest(y)  # squares of small units underflow
    options = cut.options(x.dtype)
    cross, first, second = (
        csd(a, b, axis=0, **options)[1] for a, b in ((x, y), (x, x), (y, y))
    )
    power = first.real * second.real
    return safe_ratio(cross.real**2 + cross.imag**2, power)


def _standardised(x: Float[Array, "time *batch"]) -> Float[Array, "time *batch"]:
    """Without mean and of length one over time; exactly zero where x is constant."""
    # The first sample goes first: what is constant becomes exactly zero, and small
    # fluctuations around a large mean keep their digits. The result does not depend
    # on either constant, so neither needs a gradient.
    x = x - jax.lax.stop_gradient(x[:1])
    x = x - x.mean(axis=0, keepdims=True)
    moves = jnp.any(x != 0, axis=0, keepdims=True)  # a NaN moves
    x = x / _largest(x)
    square = jnp.sum(x * x, axis=0, keepdims=True)
    return x / jnp.sqrt(jnp.where(moves, square, 1.0))


def _largest(x: Float[Array, "time *batch"]) -> Float[Array, "1 *batch"]:
    """Largest magnitude over time, 1 for silence; a scale, so without gradient."""
    scale = jnp.abs(jax.lax.stop_gradient(x)).max(axis=0, keepdims=True)
    return jnp.where(scale == 0, 1.0, scale)


def _time_by_node(signal: Signal) -> Float[Array, "time node"]:
    x = samples(signal)
    if x.ndim != 2:
        raise ValueError(
            f"connectivity needs an array (time, node), not one of shape {x.shape}."
        )
    if len(x) < 2:
        raise ValueError("connectivity needs two samples in time, not one.")
    return x


def _same_nodes(estimate: Values, target: Values) -> None:
    if estimate.shape != target.shape:
        raise ValueError(
            f"the estimate is over {estimate.shape[0]} nodes and the target over "
            f"{target.shape[0]}: compare the same nodes in the same order."
        )


def _in_samples(
    what: str,
    n: int | None,
    seconds: float | None,
    default: int,
    signal: Signal,
    rate_hz: float | None,
) -> int:
    if n is not None and seconds is not None:
        raise ValueError(f"{what} and {what}_s say the same thing: give one of them.")
    if seconds is not None:
        n = round(seconds * rate_of(signal, rate_hz))
    n = default if n is None else int(n)
    least = 2 if what == "window" else 1
    if n < least:
        raise ValueError(f"a {what} of {n} samples is too short; {least} is the least.")
    return n
