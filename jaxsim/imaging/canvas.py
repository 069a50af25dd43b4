"""Canvas: the sizes and scales that all imaging steps share."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsim.core.signal import Clock, Series, Signal


REFRACTIVE_INDEX = 1.33  # of tissue


class Canvas(eqx.Module):
    """What a microscope is, as far as the steps behind it need it.

    The canvas is the field of view with a margin on every side, which motion brings
    into view. Lateral positions are in um from the optical axis, which passes through
    the centre of the canvas and of the field of view alike: +y down, +x right.
    """

    na: Float[Array, ""]
    pixel_um: Float[Array, ""]
    emission_nm: Float[Array, ""]
    depth_of_field_um: Float[Array, ""]  # half of it
    curvature_per_um: Float[Array, ""]  # 1 / radius of the focal surface; 0 is flat
    fov: tuple[int, int] = eqx.field(static=True)
    margin: int = eqx.field(static=True)
    n_frames: int = eqx.field(static=True)
    rate_hz: float = eqx.field(static=True)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the canvas in pixels."""
        return self.fov[0] + 2 * self.margin, self.fov[1] + 2 * self.margin

    @property
    def size_um(self) -> Float[Array, "2"]:
        """Height and width of the canvas."""
        return jnp.asarray(self.shape, self.pixel_um.dtype) * self.pixel_um

    def pixels(self, position_um: Float[Array, "*n 2"]) -> Float[Array, "*n 2"]:
        """Positions (y, x) in um as indices into the canvas, sub-pixel."""
        middle = (jnp.asarray(self.shape, self.pixel_um.dtype) - 1.0) / 2.0
        middle = jnp.broadcast_to(middle, position_um.shape)
        return position_um / self.pixel_um + middle

    def grid_um(
        self, shape: tuple[int, int] | None = None
    ) -> tuple[Float[Array, "y 1"], Float[Array, "1 x"]]:
        """Distance of every row and column from the axis; of the canvas by default."""
        height, width = self.shape if shape is None else shape
        y, x = (np.arange(n) - (n - 1) / 2.0 for n in (height, width))
        like = self.pixel_um.dtype
        return (
            jnp.asarray(y[:, None], like) * self.pixel_um,
            jnp.asarray(x[None, :], like) * self.pixel_um,
        )

    def series(self, values: Array, card: Signal) -> Series:
        """Values per frame with the clock of the camera.

        A frame is stamped with the end of its exposure, as averages are everywhere.
        """
        start = jnp.asarray(1.0 / self.rate_hz, jnp.result_type(float))
        return Series(values, Clock(start, self.rate_hz), card)

    def crop(self, image: Float[Array, "*n y x"]) -> Float[Array, "*n h w"]:
        """The field of view of something that fills the canvas."""
        m, (h, w) = self.margin, self.fov
        return image[..., m : m + h, m : m + w]
