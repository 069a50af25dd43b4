"""Losses between spectra: `(estimate, target, freqs, ...)` to one number.

0 for a perfect match; all are differentiable. Densities have shape (freq,) or
(freq, node); one target spectrum stands for every node of the estimate.
"""

from collections.abc import Callable, Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Real

from jaxsim.measure.arrays import (
    Band,
    Scalar,
    Values,
    as_float,
    bins_within,
    host,
)
from jaxsim.measure.spectrum import (
    BANDS,
    band_power,
    peak_frequency,
    relative_power,
    spectral_slope,
    to_decibel,
)


Psd = Real[Values, "freq *node"]
Target = Real[Values, "freq ..."]  # one spectrum, or one for each node
Freqs = Real[Values, " freq"]


def psd_mse(
    estimate: Psd,
    target: Target,
    freqs: Freqs | None = None,
    *,
    freq_range: Band | None = None,
) -> Scalar:
    """Mean squared difference of two spectra, over the bins inside `freq_range`.

    In (unit^2/Hz)^2: the strongest bins decide alone. `log_psd_mse` hears all of them.
    """
    estimate, target, _ = _pair(estimate, target, freqs, freq_range)
    return jnp.mean((estimate - target) ** 2)


def log_psd_mse(
    estimate: Psd,
    target: Target,
    freqs: Freqs | None = None,
    *,
    freq_range: Band | None = None,
    floor: float = 1e-10,
) -> Scalar:
    """Mean squared difference of `log10(psd + floor)`: decades squared.

    Args:
        estimate: density of the model, unit^2/Hz.
        target: density of the data, in the same unit and bins.
        freqs: their bins in Hz, needed with `freq_range`.
        freq_range: (low, high) in Hz; the rest is not looked at.
        floor: in unit^2/Hz; powers far below it count as equal.
    """
    estimate, target, _ = _pair(estimate, target, freqs, freq_range)
    return jnp.mean((jnp.log10(estimate + floor) - jnp.log10(target + floor)) ** 2)


def weighted_psd_mse(
    estimate: Psd,
    target: Target,
    freqs: Freqs | None = None,
    *,
    weight_fn: Callable[[np.ndarray], Values] | None = None,
    roi_band: Band | None = None,
    roi_weight: float = 10.0,
    freq_range: Band | None = None,
) -> Scalar:
    """Squared difference of two spectra with a weight for each bin; weights sum to one.

    Args:
        estimate: density of the model, unit^2/Hz.
        target: density of the data, in the same unit and bins.
        freqs: their bins in Hz.
        weight_fn: weights from the bins, zero or more each; or instead
        roi_band: the band (low, high) whose bins weigh `roi_weight`; others weigh 1.
        roi_weight: of a bin in the band.
        freq_range: (low, high) in Hz; the rest is not looked at.
    """
    if weight_fn is not None and roi_band is not None:
        raise ValueError("give weight_fn or roi_band, not both: each sets the weights.")
    if freqs is None and (weight_fn is not None or roi_band is not None):
        raise ValueError("weights depend on the frequencies of the bins: give freqs=.")
    estimate, target, kept = _pair(estimate, target, freqs, freq_range)
    weights = jnp.ones(len(estimate), estimate.dtype)
    if weight_fn is not None and kept is not None:
        weights = as_float(weight_fn(kept), "weights").astype(estimate.dtype)
        if weights.shape != (len(kept),):
            raise ValueError(
                f"weight_fn gave shape {weights.shape} for {len(kept)} bins: it must "
                "return one weight for each."
            )
    elif roi_band is not None and kept is not None:
        inside = jnp.asarray(bins_within(kept, roi_band))
        weights = jnp.where(inside, jnp.asarray(roi_weight, estimate.dtype), weights)
    weights = weights / weights.sum()
    squared = (estimate - target) ** 2
    return jnp.mean(jnp.tensordot(weights, squared, axes=1, precision="highest"))


def decibel_mse(
    estimate: Psd,
    target: Target,
    freqs: Freqs | None = None,
    *,
    freq_range: Band | None = None,
) -> Scalar:
    """Mean squared difference in decibels: 100 times that of the decades."""
    estimate, target, _ = _pair(estimate, target, freqs, freq_range)
    return jnp.mean((to_decibel(estimate) - to_decibel(target)) ** 2)


def slope_loss(
    estimate: Psd,
    target: Target,
    freqs: Freqs,
    *,
    freq_range: Band = (1.0, 50.0),
) -> Scalar:
    """Squared difference of the power-law exponents inside a range."""
    estimate, target, _ = _pair(estimate, target, freqs, None)
    slopes = (spectral_slope(freqs, psd, freq_range) for psd in (estimate, target))
    return mean_square(*slopes)


def peak_loss(
    estimate: Psd,
    target: Target,
    freqs: Freqs,
    *,
    freq_range: Band = (1.0, 50.0),
) -> Scalar:
    """Squared difference of the peak frequencies, Hz^2.

    Its gradient jumps when another bin becomes the highest (see `peak_frequency`).
    """
    estimate, target, _ = _pair(estimate, target, freqs, None)
    peaks = (peak_frequency(freqs, psd, freq_range) for psd in (estimate, target))
    return mean_square(*peaks)


def band_ratio_loss(
    estimate: Psd,
    target: Target,
    freqs: Freqs,
    *,
    low_band: Band = (1.0, 8.0),
    high_band: Band = (8.0, 30.0),
    floor: float = 1e-30,
) -> Scalar:
    """Squared difference of log10(power in one band / power in another)."""
    estimate, target, _ = _pair(estimate, target, freqs, None)

    def ratio(psd: Array) -> Array:
        low, high = (band_power(freqs, psd, band) for band in (low_band, high_band))
        return jnp.log10(jnp.maximum(low, floor)) - jnp.log10(jnp.maximum(high, floor))

    return mean_square(ratio(estimate), ratio(target))


def band_fraction_loss(
    estimate: Psd,
    target: Target,
    freqs: Freqs,
    *,
    bands: Mapping[str, Band] | None = None,
) -> Scalar:
    """Mean squared difference of the bands' shares of power (`band_fractions`)."""
    estimate, target, _ = _pair(estimate, target, freqs, None)
    ends = list((BANDS if bands is None else bands).values())
    total = (min(low for low, _ in ends), max(high for _, high in ends))
    squares = [
        mean_square(*(relative_power(freqs, p, b, total) for p in (estimate, target)))
        for b in ends
    ]
    return jnp.mean(jnp.stack(squares))


def _pair(
    estimate: Psd, target: Target, freqs: Freqs | None, freq_range: Band | None
) -> tuple[Float[Array, "..."], Float[Array, "..."], np.ndarray | None]:
    """Two spectra over the same bins, cropped, and those bins."""
    estimate, target = as_float(estimate, "estimate"), as_float(target, "target")
    target = target.astype(estimate.dtype)
    if len(estimate) != len(target):
        raise ValueError(
            f"the estimate has {len(estimate)} frequency bins and the target "
            f"{len(target)}: compute both at the same sampling rate and segment length."
        )
    if estimate.shape == (len(estimate),) and target.shape == (len(target), 1):
        target = target[:, 0]
    if target.ndim == 1 and estimate.ndim > 1:
        target = target.reshape(-1, *(1,) * (estimate.ndim - 1))
        target = jnp.broadcast_to(target, estimate.shape)
    if estimate.shape != target.shape:
        raise different_nodes(estimate, target)
    if freqs is None:
        if freq_range is not None:
            raise ValueError(
                "freq_range needs the frequencies of the bins: give freqs=."
            )
        return estimate, target, None
    if len(freqs) != len(estimate):
        raise ValueError(
            f"freqs has {len(freqs)} bins and the spectra have {len(estimate)}: pass "
            "the frequencies that welch returned with them."
        )
    if freq_range is None:
        return estimate, target, host(freqs, "freqs")
    inside = bins_within(freqs, freq_range)
    return estimate[inside], target[inside], host(freqs, "freqs")[inside]


def different_nodes(estimate: Values, target: Values) -> ValueError:
    """The refusal to compare shapes that do not match."""
    return ValueError(
        f"the estimate has shape {estimate.shape} and the target {target.shape}: "
        "compare the same nodes, or average the signals over nodes first."
    )


def mean_square(
    estimate: Float[Array, "*shape"], target: Float[Array, "*shape"]
) -> Scalar:
    """Mean squared difference."""
    return jnp.mean((estimate - target) ** 2)
