"""A zero-phase band-pass of segments of any length, as products with one matrix."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


PADDING = 27  # samples of odd extension: three times the length of the filter
ORDER = 4


@functools.lru_cache(maxsize=32)
def causal_matrix(
    n_samples: int, low_hz: float, high_hz: float, rate_hz: float
) -> np.ndarray:
    """A Butterworth band-pass of order 4 as a matrix, started in its steady state.

    Row i holds what each sample until i adds to the filtered sample i. It is made in
    float64 from second-order sections: with one fraction of polynomials, 1 to 5 Hz at
    1000 Hz would be 18 % wrong.
    """
    from scipy.signal import butter, sosfilt, sosfilt_zi

    nyquist = rate_hz / 2
    edges = np.clip([low_hz / nyquist, high_hz / nyquist], 1e-9, 1 - 1e-9)
    sections = np.asarray(butter(ORDER, edges, "bandpass", output="sos"))
    impulses = np.eye(n_samples)
    state = np.zeros((len(sections), 2, n_samples))
    state[..., 0] = sosfilt_zi(sections)
    return sosfilt(sections, impulses, axis=0, zi=state)[0]


def band_passed(
    segment: Float[Array, " sample"],
    length: Int[Array, ""] | int,
    causal: Float[Array, "padded padded"],
) -> Float[Array, " sample"]:
    """Filter the first `length` samples forwards and backwards; zeros after them.

    The segment is continued on both ends by its own odd mirror image. Filtering
    backwards is filtering the reversed segment, so that one matrix, cut off by the
    length, serves segments of every length.

    Args:
        segment: samples, of which the first `length` count; at least 28.
        length: how many count; may be traced.
        causal: `causal_matrix` of `PADDING` samples more on both ends.
    """
    length = jnp.asarray(length)
    n_padded = causal.shape[0]
    place = jnp.arange(n_padded)
    last = length - 1
    at = place - PADDING
    mirrored = jnp.where(at < 0, -at, jnp.where(at > last, 2 * last - at, at))
    inside = segment[jnp.clip(mirrored, 0, segment.shape[0] - 1)]
    before, after = 2 * segment[0] - inside, 2 * segment[last] - inside
    padded = jnp.where(at < 0, before, jnp.where(at > last, after, inside))
    backwards = jnp.clip(length + 2 * PADDING - 1 - place, 0, n_padded - 1)

    def filtered(x: Array) -> Array:
        return jnp.matmul(causal, x, precision="highest")

    there = filtered(padded)[backwards]
    back = filtered(there)[backwards]
    kept = jax.lax.dynamic_slice(back, (PADDING,), segment.shape)
    return jnp.where(jnp.arange(segment.shape[0]) < length, kept, 0.0)


def hann(length: Int[Array, ""], n_samples: int, dtype: Any) -> Array:
    """A symmetric Hann window of a traced length, zeros after it."""
    place = jnp.arange(n_samples)
    turns = place.astype(dtype) / jnp.maximum(length - 1, 1).astype(dtype)
    window = 0.5 - 0.5 * jnp.cos(2 * jnp.pi * turns)
    return jnp.where(place < length, window, 0.0)
