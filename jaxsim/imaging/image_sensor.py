"""ImageSensor: light becomes electrons, and electrons become numbers."""

from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from jaxsim.core.normal import normal_pair
from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.poisson import poisson, smooth_poisson


COUNTS = Signal("time y x", "ADU", "what the camera writes", observed=True)


class ImageSensor(AbstractFrameStep):
    r"""Shot noise, read noise, gain and digits.

    $$ \begin{aligned}
    \lambda &= \max(M, 0) \cdot \text{photons} \cdot QE \\
    e &= \min(\text{Poisson}(\lambda) + \text{read} \cdot w,\ \text{full well}) \\
    \text{counts} &= \text{clip}(\lfloor e \cdot \text{gain} + \text{offset} \rfloor,
      0, 2^\text{bits} - 1)
    \end{aligned} $$

    `shot_noise="gaussian"` is the usual shortcut, one normal of the summed variance; it
    has no skewness. `digital=False` leaves out what has no derivative (whole numbers,
    clipping): the draws are the same, and gradients are pathwise.

    **Needs:** `movie`. **Makes:** `movie` (uint8, uint16 or uint32 by `bit_depth`;
    float when it is not digital).
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
    bit_depth: int = static(8, "bits of a number", bounds=(1, 32))
    shot_noise: Literal["poisson", "gaussian"] = static("poisson", "law of the photons")
    digital: bool = static(True, "whole numbers within the bit depth")

    makes: ClassVar[dict[str, Signal]] = {"movie": COUNTS}
    blockwise: ClassVar[bool] = True

    def __call__(
        self, movie: Float[Array, "time y x"], key: Key[Array, "time"]
    ) -> dict[str, Any]:
        """Expose and read out."""
        like = movie.dtype
        shot, read = jax.vmap(lambda k: normal_pair(k, movie.shape[1:], like))(key)
        rate = jnp.maximum(movie, 0.0) * self.photons_per_unit * self.quantum_efficiency
        if self.shot_noise == "gaussian":
            spread = jnp.sqrt(rate + self.read_noise_e**2 + 1e-12)
            electrons = rate + spread * shot
        else:
            draw = poisson if self.digital else smooth_poisson
            electrons = draw(rate, shot) + self.read_noise_e * read
        if self.full_well_e is not None:
            electrons = jnp.minimum(electrons, self.full_well_e)
        counts = electrons * self.gain_adu_per_e + self.offset_adu
        if not self.digital:
            return {"movie": counts}
        kind = jnp.uint8 if self.bit_depth <= 8 else jnp.uint16
        kind = jnp.uint32 if self.bit_depth > 16 else kind
        most = float(2**self.bit_depth - 1)
        return {"movie": jnp.clip(jnp.floor(counts), 0.0, most).astype(kind)}
