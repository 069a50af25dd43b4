"""Losses between recorded signals and between connectivity matrices: one number each.

0 for a perfect match; all are differentiable.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Real

from jaxsim.measure.arrays import Band, Scalar, Signal, Values, rate_of, samples
from jaxsim.measure.connectivity import fc_correlation, upper_triangle
from jaxsim.measure.psd_loss import different_nodes, log_psd_mse, mean_square
from jaxsim.measure.spectrum import welch


def spectral_distance(
    estimate: Signal,
    target: Signal,
    rate_hz: float | None = None,
    *,
    freq_range: Band = (1.0, 50.0),
    segment_s: float = 1.0,
    floor: float = 1e-10,
) -> Scalar:
    """How far two recordings are apart in their spectra: `log_psd_mse` of both.

    The first loss to try for an LFP or a field: it hears every bin of the range alike,
    and does not care about phase. The signals may differ in length.

    Args:
        estimate: (time, ...) of the model, or a series of a recording.
        target: of the data, in the same unit, at the same sampling rate.
        rate_hz: samples per second; a series brings its own.
        freq_range: (low, high) in Hz.
        segment_s: length of the Welch segments; bins are 1 / segment_s apart.
        floor: in unit^2/Hz; powers far below it count as equal.
    """
    rate = rate_of(estimate, rate_hz)
    if rate_hz is None and getattr(target, "clock", None) is not None:
        if (other := rate_of(target, None)) != rate:
            raise ValueError(
                f"the estimate has {rate:g} samples per second and the target "
                f"{other:g}: sample both alike before comparing them."
            )
    spectra = [
        welch(samples(s, name), rate, segment_s=segment_s)
        for s, name in ((estimate, "estimate"), (target, "target"))
    ]
    (freqs, first), (_, second) = spectra
    return log_psd_mse(first, second, freqs, freq_range=freq_range, floor=floor)


def mean_loss(estimate: Signal, target: Signal) -> Scalar:
    """Squared difference of the means over time, in standard deviations of the target.

    A spectrum does not hear the mean; parameters that only move the working point need
    it (Wendling's G does).
    """
    estimate, target = _both(estimate, target)
    first, second = estimate.mean(axis=0), target.mean(axis=0)
    spread = target.var(axis=0)
    return jnp.mean((first - second) ** 2 / jnp.where(spread > 0, spread, 1.0))


def variance_loss(estimate: Signal, target: Signal, floor: float = 1e-12) -> Scalar:
    """Squared difference of `ln(variance over time + floor)`."""
    estimate, target = _both(estimate, target)
    first, second = estimate.var(axis=0), target.var(axis=0)
    return mean_square(jnp.log(first + floor), jnp.log(second + floor))


def fc_correlation_loss(
    estimate: Real[Values, "node node"], target: Real[Values, "node node"]
) -> Scalar:
    """1 - correlation of the Fisher-z upper triangles of two connectivity matrices.

    0 for the same pattern, 1 for an unrelated one, 2 for the opposite. Blind to scale
    and offset; `fc_mse` is not.
    """
    return 1 - fc_correlation(estimate, target, fisher=True)


def fc_mse(
    estimate: Real[Values, "node node"], target: Real[Values, "node node"]
) -> Scalar:
    """Mean squared difference of two connectivity matrices, pair by pair."""
    if estimate.shape != target.shape:
        raise different_nodes(estimate, target)
    return mean_square(upper_triangle(estimate), upper_triangle(target))


def _both(
    estimate: Signal, target: Signal
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    first, second = samples(estimate, "estimate"), samples(target, "target")
    if first.shape[1:] != second.shape[1:]:
        raise different_nodes(first, second)
    return first, second.astype(first.dtype)
