"""Vignette: the optics pass less light from the rim."""

from typing import Any, ClassVar

from jaxtyping import Array, Float

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.fields import falling_off
from jaxsim.imaging.signals import FIELD, MOVIE


class Vignette(AbstractFrameStep):
    r"""Light lost on the way to the sensor; the field stands still while tissue moves.

    $$ 1 - (1 - \text{falloff})\, (r / r_\text{max})^\text{exponent} $$

    where r runs from the centre to the farthest corner of the field of view.

    **Needs:** `movie`, `canvas`. **Makes:** `movie`; `vignette`, the field itself.
    """

    falloff: Param = param(0.5, "1", (0.0, 1.0), "light in the farthest corner")
    exponent: Param = param(2.0, "1", (0.1, 20.0), "how late the light falls off")
    centre_y_um: Param = param(0.0, "um", (-1e4, 1e4), "brightest place, from the axis")
    centre_x_um: Param = param(0.0, "um", (-1e4, 1e4), "brightest place, from the axis")
    makes: ClassVar[dict[str, Signal]] = {"movie": MOVIE, "vignette": FIELD}
    makes_once: ClassVar[tuple[str, ...]] = ("vignette",)

    def once(self, canvas: Canvas) -> dict[str, Any]:
        """The field."""
        centre = self.centre_y_um, self.centre_x_um
        field = falling_off(canvas, self.falloff, self.exponent, centre)
        return {"vignette": field}

    def __call__(
        self, movie: Float[Array, "y x"], vignette: Float[Array, "y x"]
    ) -> dict[str, Any]:
        """Movie times field."""
        return {"movie": movie * vignette}
