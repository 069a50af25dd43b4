"""ImageSensor: light becomes electrons, and electrons become numbers."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, UInt

from jaxsim.core.normal import normal_pair
from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.poisson import FEW, many_photons, poisson, relaxed_poisson


COUNTS = Signal("time y x", "ADU", "what the camera writes", observed=True)


class ImageSensor(AbstractFrameStep):
    r"""Shot noise, read noise, gain and digits.

    $$ \begin{aligned}
    \lambda &= \max(M, 0) \cdot \text{photons} \cdot QE \\
    e &= \min(\text{Poisson}(\lambda),\ \text{full well}) + \text{read} \cdot w \\
    \text{counts} &= \text{clip}(\lfloor e \cdot \text{gain} + \text{offset} \rfloor,
      0, 2^\text{bits} - 1)
    \end{aligned} $$

    `shot_noise="gaussian"` is the usual shortcut, one normal of the summed variance; it
    has no skewness.

    Whole numbers and clipping have no derivative. The same draws come out in three
    ways: "digital"; "relaxed", without whole numbers and the limits of the bit depth,
    whose gradients are exact (pathwise); and "straight_through", digital values whose
    gradients are those of the relaxed ones within the bit depth and zero outside.
    "expected" is the mean of the relaxed numbers: no noise, no rounding (which costs
    half a number on average), neither black nor white clipped.

    **Needs:** `movie`. **Makes:** `movie` (uint8, or uint16 above 8 bits; float when
    the readout is not digital).
    """

    photons_per_unit: Param = param(
        100.0, "1", (0.0, 1e8), "photons on a pixel per frame and unit of light"
    )
    quantum_efficiency: Param = param(0.7, "1", (1e-3, 1.0), "electrons per photon")
    read_noise_e: Param = param(2.0, "e-", (0.0, 1e4), "standard deviation")
    gain_adu_per_e: Param = param(1.0, "ADU/e-", (1e-4, 1e4), "numbers per electron")
    offset_adu: Param = param(0.0, "ADU", (0.0, 1e5), "black level")
    full_well_e: Param | None = param(
        None, "e-", (1.0, 1e9), "electrons that a pixel holds; none: any number"
    )
    bit_depth: int = static(8, "bits of a number", bounds=(1, 16))
    shot_noise: Literal["poisson", "gaussian"] = static("poisson", "law of the photons")
    readout: Literal["digital", "straight_through", "relaxed", "expected"] = static(
        "digital", "whole numbers, floats that carry gradients, or their mean"
    )

    makes: ClassVar[dict[str, Signal]] = {"movie": COUNTS}
    blockwise: ClassVar[bool] = True

    def __call__(
        self, movie: Float[Array, "time y x"], key: Key[Array, "time"]
    ) -> dict[str, Any]:
        """Expose and read out."""
        rate = jnp.maximum(movie, 0.0) * self.photons_per_unit * self.quantum_efficiency
        if self.readout == "digital":
            return {"movie": self._digits(rate, key)}
        if self.readout == "expected":
            return {"movie": self._counts(lambda rate, _: rate, rate, 0.0, 0.0)}
        shot, read = _normals(key, rate)
        smooth = self._counts(relaxed_poisson, rate, shot, read)
        if self.readout == "relaxed":
            return {"movie": smooth}
        hard = jnp.floor(self._counts(poisson, rate, shot, read))
        inside = (hard >= 0.0) & (hard <= self.largest)
        slope = jnp.where(inside, smooth - jax.lax.stop_gradient(smooth), 0.0)
        value = jax.lax.stop_gradient(jnp.clip(hard, 0.0, self.largest))
        return {"movie": value + slope}

    @property
    def largest(self) -> float:
        """The largest number that the bit depth holds."""
        return 2.0**self.bit_depth - 1.0

    def _digits(
        self, rate: Float[Array, "time y x"], key: Key[Array, "time"]
    ) -> UInt[Array, "time y x"]:
        kind = jnp.uint8 if self.bit_depth <= 8 else jnp.uint16

        def by(law: Callable) -> Array:
            counts = self._counts(law, rate, *_normals(key, rate))
            return jnp.clip(jnp.floor(counts), 0.0, self.largest).astype(kind)

        # each branch draws for itself, so that it is one loop over the pixels
        dark = jnp.any(rate < FEW)
        return jax.lax.cond(dark, lambda: by(poisson), lambda: by(many_photons))

    def _counts(
        self, law: Callable, rate: Array, shot: Array | float, read: Array | float
    ) -> Array:
        """Numbers before they are made whole; `law` turns normals into photons."""
        well, noise = self.full_well_e, self.read_noise_e
        if self.shot_noise == "gaussian":
            electrons = rate + jnp.sqrt(rate + noise**2 + 1e-12) * shot
        else:
            electrons = law(rate, shot)
        if well is not None:
            electrons = jnp.minimum(electrons, well)
        if self.shot_noise == "poisson":
            electrons = electrons + noise * read
        return electrons * self.gain_adu_per_e + self.offset_adu


def _normals(key: Key[Array, "time"], like: Float[Array, "time y x"]) -> Any:
    """Two standard normals for every pixel of every frame."""
    _, height, width = like.shape
    return jax.vmap(lambda k: normal_pair(k, (height, width), like.dtype))(key)
