"""Kinetics of an indicator: the kernel of two exponentials, its peak and width."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def kernel_peak_s(rise: Float[Array, ""], decay: Float[Array, ""]) -> Float[Array, ""]:
    r"""When $e^{-t/\tau_d} - e^{-t/\tau_r}$ is largest."""
    return jnp.log(decay / rise) * rise * decay / (decay - rise)


def kernel_largest(
    rise: Float[Array, ""], decay: Float[Array, ""], bin_s: float
) -> Float[Array, ""]:
    """The largest value of the kernel at whole bins, as normalisation by samples."""
    bins = jnp.floor(jax.lax.stop_gradient(kernel_peak_s(rise, decay)) / bin_s)
    near = jnp.stack([bins, bins + 1.0]) * bin_s
    return jnp.max(jnp.exp(-near / decay) - jnp.exp(-near / rise))


def transient(
    since_s: Float[Array, "frame"],
    frame_s: float,
    rise: Float[Array, ""],
    decay: Float[Array, ""],
) -> Float[Array, "frame"]:
    r"""What one spike adds to each frame: the kernel of peak 1, averaged over a frame.

    $$ \frac1T \int_{\max(t - T, 0)}^{t} k(u)\, du, \qquad
       k(u) = (e^{-u / \tau_d} - e^{-u / \tau_r}) / k_\text{max} $$

    Args:
        since_s: time from the spike to the end of each frame; negative before it.
        frame_s: length T of a frame.
        rise: time constant, s.
        decay: time constant, s.
    """
    end = jnp.maximum(since_s, 0.0)
    start = jnp.maximum(since_s - frame_s, 0.0)

    def area(tau: Array) -> Array:
        return tau * (jnp.exp(-start / tau) - jnp.exp(-end / tau))

    peak = kernel_peak_s(rise, decay)
    largest = jnp.exp(-peak / decay) - jnp.exp(-peak / rise)
    return (area(decay) - area(rise)) / (frame_s * largest)


def kernel_timing(tau_rise_s: float, tau_decay_s: float) -> tuple[float, float]:
    """Time of the kernel's peak and full width at its half height, s.

    Raises:
        ValueError: the rise is not faster than the decay.
    """
    if not 0.0 < tau_rise_s < tau_decay_s:
        raise ValueError(
            f"kernel_timing: tau_rise_s = {tau_rise_s:g} s must be above 0 and shorter "
            f"than tau_decay_s = {tau_decay_s:g} s."
        )
    peak, width = _timing(tau_rise_s / tau_decay_s)
    return peak * tau_decay_s, width * tau_decay_s


def tau_from_kernel_timing(peak_s: float, width_s: float) -> tuple[float, float]:
    """Time constants (rise, decay) of a kernel with this peak time and half width.

    Their ratio lies in (0, 0.409), the upper end being that of equal time constants; a
    larger one gives the nearest kernel with that width.

    Raises:
        ValueError: a time is not above 0.
    """
    if not (peak_s > 0.0 and width_s > 0.0):
        raise ValueError(
            f"tau_from_kernel_timing({peak_s:g}, {width_s:g}): both times must be "
            "above 0 s."
        )
    low, high = 1e-9, 1.0 - 1e-6

    def excess(q: float) -> float:
        peak, width = _timing(q)
        return peak / width - peak_s / width_s

    ratio = high if excess(high) <= 0.0 else _root(excess, low, high)
    decay_s = width_s / _timing(ratio)[1]
    return ratio * decay_s, decay_s


def _timing(ratio: float) -> tuple[float, float]:
    """Peak and width for a decay time of one."""
    peak = ratio * math.log(ratio) / (ratio - 1.0)
    top = math.exp(-peak) - math.exp(-peak / ratio)

    def over(t: float) -> float:
        return math.exp(-t) - math.exp(-t / ratio) - 0.5 * top

    far = peak + 1.0
    while over(far) > 0.0:
        far *= 2.0
    return peak, _root(over, peak, far) - _root(over, 0.0, peak)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function changes its sign between two places."""
    from scipy.optimize import root_scalar

    return float(root_scalar(function, bracket=(low, high), xtol=1e-15).root)
