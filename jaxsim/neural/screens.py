"""Screens: frames that are shown, for cells and networks to respond to."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Data, Param, data, param, static
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.core.step import AbstractStep


SCREEN = Signal("time y x", "1", "grey levels on the screen, 0 to 255", observed=True)


def shown(frames: Float[Array, "time y x"], rate_hz: float) -> dict[str, Any]:
    """Frames with the clock of a screen: a frame is stamped when it appears."""
    start = jnp.zeros((), jnp.result_type(float))
    return {"screen": Series(frames, Clock(start, rate_hz), SCREEN)}


class GivenScreen(AbstractStep):
    """Frames that were chosen before, each shown until the next.

    **Makes:** `screen`.
    """

    frames: Data = data("time y x", "1", "grey levels, 0 to 255")
    frame_rate_hz: float = static(30.0, "frames per second", "Hz", (0.01, 1e4))

    makes: ClassVar[dict[str, Signal]] = {"screen": SCREEN}

    def __check_init__(self) -> None:
        if self.frames.ndim != 3:
            raise ValueError(
                f"GivenScreen.frames has shape {self.frames.shape}; give (time, y, x), "
                "grey levels from 0 to 255."
            )

    def __call__(self) -> dict[str, Any]:
        """The frames."""
        return shown(self.frames.astype(jnp.result_type(float)), self.frame_rate_hz)


class NoiseScreen(AbstractStep):
    r"""Noise that is new in every frame, blurred to the size of the features it shows.

    $$ s = 127.5\,(1 + \tanh(c\,z)), \qquad z = K_\sigma * n $$

    with n white and normal, K a Gaussian of width `blur_px` that wraps around the rim,
    scaled so that z has variance 1 whatever the blur. A frame is a function of the key
    and its number.

    **Makes:** `screen`.
    """

    contrast: Param = param(0.5, "1", (0.0, 10.0), "of a pixel, before it saturates")
    blur_px: Param = param(0.0, "px", (0.0, 100.0), "width of the smallest features")
    n_px_height: int = static(24, "rows of pixels", bounds=(1, 4096))
    n_px_width: int = static(32, "columns of pixels", bounds=(1, 4096))
    frame_rate_hz: float = static(30.0, "frames per second", "Hz", (0.01, 1e4))
    n_frames: int = static(900, "frames to show", bounds=(1, 10**8))

    makes: ClassVar[dict[str, Signal]] = {"screen": SCREEN}

    def __call__(self, key: PRNGKeyArray) -> dict[str, Any]:
        """Draw, blur, saturate."""
        size, like = (self.n_px_height, self.n_px_width), jnp.result_type(float)

        def frame(number: Array) -> Array:
            return jax.random.normal(jax.random.fold_in(key, number), size, like)

        noise = jax.vmap(frame)(jnp.arange(self.n_frames, dtype=jnp.int32))
        waves = jnp.fft.rfft2(noise)
        passed = self._passed().astype(waves.dtype)
        blurred = jnp.fft.irfft2(waves * passed[None], size)
        grey = 127.5 * (1.0 + jnp.tanh(self.contrast * blurred))
        return shown(grey, self.frame_rate_hz)

    def _passed(self) -> Float[Array, "fy fx"]:
        """What the blur leaves of each frequency, for a variance of 1."""
        fy = np.fft.fftfreq(self.n_px_height)[:, None]
        squares = fy**2 + np.fft.fftfreq(self.n_px_width)[None] ** 2
        squares = jnp.asarray(squares, self.blur_px.dtype)
        left = jnp.exp(-2.0 * (jnp.pi * self.blur_px) ** 2 * squares)
        half = self.n_px_width // 2 + 1
        return left[:, :half] / jnp.sqrt(jnp.mean(left**2))
