"""ImageSensor: light becomes electrons, and electrons become numbers."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PRNGKeyArray, UInt

from jaxsim.core.normal import normal_pair
from jaxsim.core.param import Param, param, static
from jaxsim.core.recording import DEGENERATE, OK
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.poisson import FEW, many_photons, poisson, relaxed_poisson
from jaxsim.imaging.score import log_poisson


LOG_PROBABILITY = Signal("time y x", "1", "logarithm, of the photons that were drawn")
COUNTS = Signal("time y x", "ADU", "what the camera writes", observed=True)
PIXEL_GAIN = Signal("y x", "1", "how each pixel answers to light, mean 1")
PIXEL_OFFSET = Signal("y x", "e-", "what each pixel adds in every frame, mean 0")


class Pixels(NamedTuple):
    """How pixels differ from ideal ones; None where they do not."""

    gain: Float[Array, "y x"] | None
    offset_e: Float[Array, "y x"] | None
    dark_e: Float[Array, ""] | None  # expected in a frame


class ImageSensor(AbstractFrameStep):
    r"""Shot noise, read noise, gain and digits.

    $$ \begin{aligned}
    \lambda &= \max(M, 0) \cdot \text{photons} \cdot QE \cdot g_p + d\,T \\
    e &= \min(\text{Poisson}(\lambda),\ \text{full well}) + \text{read} \cdot w
      + \text{row} \cdot w_\text{row} + o_p \\
    \text{counts} &= \text{clip}(\lfloor e \cdot \text{gain} + \text{offset} \rfloor,
      0, 2^\text{bits} - 1)
    \end{aligned} $$

    Real sensors have more, each part of which costs nothing while it is None: a dark
    current d that fills pixels during the exposure T; pixels p that answer each a bit
    differently, $g_p = \max(1 + \text{prnu} \cdot n_p, 0)$, and from levels of their
    own, $o_p = \text{dsnu} \cdot n'_p$, the same in every frame; and noise that a row
    shares, new in every frame. These are the quantities of EMVA 1288. Light is given
    per frame, whatever the exposure; one longer than a frame makes a run "degenerate".

    `shot_noise="gaussian"` is the usual shortcut, one normal of the summed variance; it
    has no skewness.

    Whole numbers and clipping have no derivative. The same draws come out in three
    ways: "digital"; "relaxed", without whole numbers and the limits of the bit depth,
    whose gradients are exact (pathwise); and "straight_through", digital values whose
    gradients are those of the relaxed ones within the bit depth and zero outside.
    "score" has the digital values too, but no derivative through the number of photons:
    it makes `photons_log_probability`, of which `score_mean` makes an unbiased gradient
    with respect to light; that to the read-out (gain, offset, read noise) stays
    straight-through.
    "expected" is the mean of the relaxed numbers: no noise, no rounding (which costs
    half a number on average), neither black nor white clipped.

    ```bibtex
    @techreport{emva1288,
      title = {{EMVA} Standard 1288: Standard for Characterization of Image Sensors
               and Cameras, Release 4.0 Linear},
      institution = {European Machine Vision Association}, year = {2021}
    }
    ```

    **Needs:** `movie`, `canvas`. **Makes:** `movie` (uint8, or uint16 above 8 bits;
    float when the readout is not digital); `pixel_gain` and `pixel_offset_e`, the fixed
    pattern, if there is one.
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
    dark_current_e_per_s: Param | None = param(
        None, "e-/s", (0.0, 1e7), "electrons without light; none: no dark current"
    )
    exposure_s: Param | None = param(
        None, "s", (0.0, 1e4), "time that dark current flows; none: the whole frame"
    )
    prnu: Param | None = param(
        None, "1", (0.0, 1.0), "spread of the pixels' answer; none: all are alike"
    )
    dsnu_e: Param | None = param(
        None, "e-", (0.0, 1e5), "spread of the pixels' level; none: all are alike"
    )
    row_noise_e: Param | None = param(
        None, "e-", (0.0, 1e4), "noise that a row shares; none: no such noise"
    )
    bit_depth: int = static(8, "bits of a number", bounds=(1, 16))
    shot_noise: Literal["poisson", "gaussian"] = static("poisson", "law of the photons")
    readout: Literal["digital", "straight_through", "relaxed", "expected", "score"] = (
        static("digital", "whole numbers, floats that carry gradients, or their mean")
    )

    makes: ClassVar[dict[str, Signal]] = {
        "movie": COUNTS,
        "pixels": Signal("", "", "how pixels differ from ideal ones"),
    }
    blockwise: ClassVar[bool] = True

    def __check_init__(self) -> None:
        if self.readout == "score" and self.shot_noise == "gaussian":
            raise ValueError(
                "ImageSensor.readout = 'score' is for photons that are counted; a "
                "gaussian law is smooth: use 'relaxed', or shot_noise='poisson'."
            )

    def cards(self) -> dict[str, Signal]:
        """With the fixed pattern, and the photons' probability, where there are any."""
        more = {}
        if self.prnu is not None:
            more["pixel_gain"] = PIXEL_GAIN
        if self.dsnu_e is not None:
            more["pixel_offset_e"] = PIXEL_OFFSET
        if self.exposure_s is not None:
            more["status"] = Signal("", "1", "degenerate when it exceeds a frame")
        if self.readout == "score":
            more["photons_log_probability"] = LOG_PROBABILITY
        return super().cards() | more

    @property
    def makes_once(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """All that has no frames."""
        return tuple(name for name, card in self.cards().items() if not card.timed)

    def once(self, canvas: Canvas, key: PRNGKeyArray) -> dict[str, Any]:
        """The fixed pattern: each pixel's own, whatever the frames."""
        made: dict[str, Any] = {}
        gain = offset = dark = None
        if self.prnu is not None or self.dsnu_e is not None:
            answer, level = normal_pair(key, canvas.fov, canvas.pixel_um.dtype)
            if self.prnu is not None:
                gain = jnp.maximum(1.0 + self.prnu * answer, 0.0)
                made["pixel_gain"] = gain
            if self.dsnu_e is not None:
                offset = self.dsnu_e * level
                made["pixel_offset_e"] = offset
        frame_s = 1.0 / canvas.rate_hz
        exposure_s = self.exposure_s
        if exposure_s is not None:
            bad, good = jnp.uint8(DEGENERATE), jnp.uint8(OK)
            made["status"] = jnp.where(exposure_s > frame_s * (1 + 1e-6), bad, good)
        if self.dark_current_e_per_s is not None:
            lasts = frame_s if exposure_s is None else exposure_s
            dark = self.dark_current_e_per_s * lasts
        return made | {"pixels": Pixels(gain, offset, dark)}

    def __call__(
        self, movie: Float[Array, "time y x"], pixels: Pixels, key: Key[Array, "time"]
    ) -> dict[str, Any]:
        """Expose and read out."""
        rate = jnp.maximum(movie, 0.0) * self.photons_per_unit * self.quantum_efficiency
        if pixels.gain is not None:
            rate = rate * pixels.gain[None]
        if pixels.dark_e is not None:
            rate = rate + pixels.dark_e
        levels = [] if pixels.offset_e is None else [pixels.offset_e[None]]
        if self.readout == "expected":
            return {"movie": self._counts(lambda rate, _: rate, rate, 0.0, 0.0, levels)}
        if self.row_noise_e is not None:
            levels.append(self.row_noise_e * _of_rows(key, rate))
        if self.readout == "digital":
            return {"movie": self._digits(rate, key, levels)}
        shot, read = _normals(key, rate)
        photons = jax.lax.stop_gradient(poisson(rate, shot))
        law = relaxed_poisson if self.readout != "score" else lambda *_: photons
        smooth = self._counts(law, rate, shot, read, levels)
        if self.readout == "relaxed":
            return {"movie": smooth}
        hard = jnp.floor(self._counts(lambda *_: photons, rate, shot, read, levels))
        inside = (hard >= 0.0) & (hard <= self.largest)
        slope = jnp.where(inside, smooth - jax.lax.stop_gradient(smooth), 0.0)
        value = jax.lax.stop_gradient(jnp.clip(hard, 0.0, self.largest))
        out = {"movie": value + slope}
        if self.readout == "score":
            out["photons_log_probability"] = log_poisson(photons, rate)
        return out

    @property
    def largest(self) -> float:
        """The largest number that the bit depth holds."""
        return 2.0**self.bit_depth - 1.0

    def readout_variance(self) -> Float[Array, ""]:
        """Of the electrons that reading adds to one pixel in one frame."""
        rows = 0.0 if self.row_noise_e is None else self.row_noise_e**2
        return self.read_noise_e**2 + rows

    def _digits(
        self,
        rate: Float[Array, "time y x"],
        key: Key[Array, "time"],
        levels: list[Array],
    ) -> UInt[Array, "time y x"]:
        kind = jnp.uint8 if self.bit_depth <= 8 else jnp.uint16

        def by(law: Callable) -> Array:
            shot, read = _normals(key, rate)
            counts = self._counts(law, rate, shot, read, levels)
            return jnp.clip(jnp.floor(counts), 0.0, self.largest).astype(kind)

        # each branch draws for itself, so that it is one loop over the pixels
        # the least of floats takes a third of the time of `any` of comparisons
        bright = jnp.min(rate) >= FEW
        return jax.lax.cond(bright, lambda: by(many_photons), lambda: by(poisson))

    def _counts(
        self,
        law: Callable,
        rate: Array,
        shot: Array | float,
        read: Array | float,
        levels: list[Array],
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
        for level in levels:
            electrons = electrons + level
        return electrons * self.gain_adu_per_e + self.offset_adu


def _normals(key: Key[Array, "time"], like: Float[Array, "time y x"]) -> Any:
    """Two standard normals for every pixel of every frame."""
    _, height, width = like.shape
    return jax.vmap(lambda k: normal_pair(k, (height, width), like.dtype))(key)


def _of_rows(
    key: Key[Array, "time"], like: Float[Array, "time y x"]
) -> Float[Array, "time y 1"]:
    """A standard normal for every row of every frame."""
    size = like.shape[1], 1
    own = jax.vmap(lambda k: jax.random.fold_in(k, 1))(key)
    return jax.vmap(lambda k: normal_pair(k, size, like.dtype)[0])(own)
