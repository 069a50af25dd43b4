"""Illumination: the excitation light is brighter in the middle."""

from typing import Any, ClassVar

from jaxtyping import Array, Float

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep, AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.fields import falling_off
from jaxsim.imaging.signals import FIELD, MOVIE


class Illumination(AbstractStep):
    r"""Excitation at each pixel of the field of view; what it bleaches, and lights.

    $$ 1 - (1 - \text{falloff})\, (r / r_\text{max})^\text{exponent} $$

    where r runs from the centre to the farthest corner of the field of view.

    **Needs:** `canvas`. **Makes:** `illumination`.
    """

    falloff: Param = param(0.7, "1", (0.0, 1.0), "light in the farthest corner")
    exponent: Param = param(2.0, "1", (0.1, 20.0), "how late the light falls off")
    centre_y_um: Param = param(0.0, "um", (-1e4, 1e4), "brightest place, from the axis")
    centre_x_um: Param = param(0.0, "um", (-1e4, 1e4), "brightest place, from the axis")
    makes: ClassVar[dict[str, Signal]] = {"illumination": FIELD}

    def __call__(self, canvas: Canvas) -> dict[str, Any]:
        """The field."""
        centre = self.centre_y_um, self.centre_x_um
        field = falling_off(canvas, self.falloff, self.exponent, centre)
        return {"illumination": field}


class Illuminate(AbstractFrameStep):
    """Light the frames with the field of `Illumination`. **Makes:** `movie`."""

    makes: ClassVar[dict[str, Signal]] = {"movie": MOVIE}

    def __call__(
        self, movie: Float[Array, "y x"], illumination: Float[Array, "y x"]
    ) -> dict[str, Any]:
        """Movie times field."""
        return {"movie": movie * illumination}
