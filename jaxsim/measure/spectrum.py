"""Power spectra and what is read from them: band power, peak, slope."""

import functools
from collections.abc import Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Real

from jaxsim.measure.arrays import (
    Band,
    Signal,
    Values,
    as_float,
    band_ends,
    bins_within,
    host,
    rate_of,
    safe_ratio,
    samples,
)
from jaxsim.measure.segments import Cut, n_overlap, segment_length


# The bands of clinical EEG, in Hz.
BANDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "delta": (1.0, 4.0),
        "theta": (4.0, 8.0),
        "alpha": (8.0, 13.0),
        "beta": (13.0, 30.0),
        "gamma": (30.0, 50.0),
    }
)


def welch(
    signal: Signal,
    rate_hz: float | None = None,
    *,
    segment_s: float | None = None,
    nperseg: int | None = None,
    overlap: float = 0.5,
    window: str | tuple = "hann",
    detrend: str | bool = "constant",
) -> tuple[Real[np.ndarray, " freq"], Float[Array, "freq *batch"]]:
    """Power spectral density by Welch's method: windowed segments, averaged.

    One-sided density: its sum times the bin width is the variance of the signal (after
    `detrend`). Equal to `scipy.signal.welch`; differentiable in the signal everywhere.
    A NaN in a signal makes the whole spectrum of that signal NaN, and no other.

    Args:
        signal: (time, ...) in any unit, or a series of a recording.
        rate_hz: samples per second; a series brings its own.
        segment_s: length of a segment; bins are 1 / segment_s apart. Default 2 s, or
            64 samples where that is longer, or the whole of a short signal.
        nperseg: the same in samples.
        overlap: of neighbouring segments, a fraction in [0, 1).
        window: a name of `scipy.signal.get_window`, or (name, parameters).
        detrend: "constant", "linear" or False, for each segment.

    Returns:
        Frequencies in Hz (a host array: they decide shapes, also under `jit`) and the
        density in unit^2 / Hz, (freq, ...).

    Raises:
        ValueError: a segment longer than the signal, or shorter than two samples.

    Reference:
        Welch (1967), The use of fast Fourier transform for the estimation of power
        spectra, IEEE Transactions on Audio and Electroacoustics 15, 70-73.
    """
    x, rate = samples(signal), rate_of(signal, rate_hz)
    n = segment_length(len(x), rate, segment_s, nperseg)
    cut = Cut(rate, n, n_overlap(overlap, n), window, detrend)
    return np.fft.rfftfreq(n, 1 / rate), _density(x, cut)


@functools.partial(jax.jit, static_argnames="cut")
def _density(x: Float[Array, "time *batch"], cut: Cut) -> Float[Array, "freq *batch"]:
    from jax.scipy.signal import welch

    return welch(x, axis=0, **cut.options(x.dtype))[1]


def crop(
    freqs: Real[Values, " freq"], psd: Real[Values, "freq *batch"], band: Band
) -> tuple[Real[np.ndarray, " kept"], Float[Array, "kept *batch"]]:
    """The bins of a spectrum inside a band, ends included."""
    inside = bins_within(freqs, band)
    return host(freqs, "freqs")[inside], as_float(psd, "psd")[inside]


def band_power(
    freqs: Real[Values, " freq"], psd: Real[Values, "freq *batch"], band: Band
) -> Float[Array, "*batch"]:
    """Power in a band: the trapezoid integral over its bins, unit^2.

    Linear in the psd, so differentiable. A band with one bin counts its bin width.
    """
    inside = bins_within(freqs, band)
    known, psd = host(freqs, "freqs"), as_float(psd, "psd")
    weights = np.zeros(len(known))
    if inside.sum() == 1:
        weights[inside] = known[1] - known[0] if len(known) > 1 else 1.0
    else:
        half = np.diff(known[inside]) / 2
        weights[inside] = np.append(half, 0) + np.insert(half, 0, 0)
    return jnp.tensordot(
        jnp.asarray(weights, psd.dtype), psd, axes=1, precision="highest"
    )


def relative_power(
    freqs: Real[Values, " freq"],
    psd: Real[Values, "freq *batch"],
    band: Band,
    total: Band = (1.0, 50.0),
) -> Float[Array, "*batch"]:
    """Power in a band over power in a wider one; 0 where there is no power at all."""
    return safe_ratio(band_power(freqs, psd, band), band_power(freqs, psd, total))


def band_fractions(
    freqs: Real[Values, " freq"],
    psd: Real[Values, "freq *batch"],
    bands: Mapping[str, Band] = BANDS,
) -> dict[str, Float[Array, "*batch"]]:
    """Each band's share of the power from the lowest to the highest end of them all.

    Differentiable. The shares of bands that touch sum to one where a bin stands at
    every common end (a trapezoid belongs to a band when both its bins lie in it).
    """
    ends = [band_ends(band) for band in bands.values()]
    total = (min(low for low, _ in ends), max(high for _, high in ends))
    return {n: relative_power(freqs, psd, band, total) for n, band in bands.items()}


def peak_frequency(
    freqs: Real[Values, " freq"],
    psd: Real[Values, "freq *batch"],
    band: Band = (1.0, 50.0),
    refine: bool = True,
) -> Float[Array, "*batch"]:
    """Where a spectrum is highest inside a band, Hz.

    With `refine`, a parabola through the logarithms of the highest bin and its two
    neighbours places the peak between bins; then it has a gradient, which jumps when
    another bin becomes the highest. Without, it is the bin itself and the gradient is
    zero. `mean_frequency` is smooth everywhere.
    """
    kept, power = crop(freqs, psd, band)
    grid = jnp.asarray(kept, power.dtype)
    best = jnp.argmax(power, axis=0)
    if not refine or len(kept) < 3:
        return grid[best]
    centre = jnp.clip(best, 1, len(kept) - 2)
    tiny = jnp.finfo(power.dtype).tiny
    left, top, right = (
        jnp.log(jnp.maximum(jnp.take_along_axis(power, i[None], axis=0)[0], tiny))
        for i in (centre - 1, centre, centre + 1)
    )
    bend = left - 2 * top + right
    inner = (best == centre) & (bend < 0)
    shift = jnp.where(inner, (left - right) / (2 * jnp.where(inner, bend, 1.0)), 0.0)
    return grid[best] + shift * (grid[1] - grid[0])


def mean_frequency(
    freqs: Real[Values, " freq"],
    psd: Real[Values, "freq *batch"],
    band: Band = (1.0, 50.0),
) -> Float[Array, "*batch"]:
    """Centre of gravity of a spectrum inside a band, Hz: smooth, unlike the peak.

    0 where the band holds no power.
    """
    kept, power = crop(freqs, psd, band)
    moment = jnp.tensordot(
        jnp.asarray(kept, power.dtype), power, 1, precision="highest"
    )
    return safe_ratio(moment, power.sum(axis=0))


def spectral_slope(
    freqs: Real[Values, " freq"],
    psd: Real[Values, "freq *batch"],
    band: Band = (1.0, 50.0),
    floor: float = 1e-30,
) -> Float[Array, "*batch"]:
    """Exponent of a power law: least squares of log10(psd) on log10(freq) in a band.

    -2 for a random walk, 0 for white noise. Differentiable; powers under `floor` count
    as `floor`. The band must not hold 0 Hz.
    """
    kept, power = crop(freqs, psd, band)
    if len(kept) < 2 or kept[0] <= 0:
        raise ValueError(
            f"a slope needs two bins above 0 Hz; {tuple(band)} Hz holds "
            f"{', '.join(f'{f:.4g}' for f in kept[:3])}{' ...' * (len(kept) > 3)} Hz."
        )
    x = np.log10(kept)
    x = jnp.asarray((x - x.mean()) / ((x - x.mean()) ** 2).sum(), power.dtype)
    return jnp.tensordot(
        x, jnp.log10(jnp.maximum(power, floor)), 1, precision="highest"
    )


def to_decibel(
    psd: Real[Values, "*shape"], reference: float = 1.0, floor: float = 1e-12
) -> Float[Array, "*shape"]:
    """`10 log10(psd / reference + floor)`: decibels over a reference power."""
    return 10 * jnp.log10(as_float(psd, "psd") / reference + floor)
