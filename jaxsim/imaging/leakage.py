"""Leakage: excitation light that passes the filter."""

from typing import Any, ClassVar, Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.signals import FIELD, MOVIE


class Leakage(AbstractFrameStep):
    r"""Stray light, always there: neither moved nor bleached nor dimmed by the rim.

    $\text{level} \cdot e^{-r^2 / 2 \sigma^2}$, or the level everywhere.

    **Needs:** `movie`, `canvas`. **Makes:** `movie`; `leakage`, the field itself.
    """

    level: Param = param(0.1, "1", (0.0, 1e3), "stray light on the axis")
    sigma_um: Param | None = param(
        None, "um", (1e-2, 1e6), "width; none: a quarter of the shorter side"
    )
    profile: Literal["gaussian", "uniform"] = static("gaussian", "shape of the field")
    makes: ClassVar[dict[str, Signal]] = {"movie": MOVIE, "leakage": FIELD}
    makes_once: ClassVar[tuple[str, ...]] = ("leakage",)

    def once(self, canvas: Canvas) -> dict[str, Any]:
        """The field."""
        y, x = canvas.grid_um(canvas.fov)
        if self.profile == "uniform":
            return {"leakage": self.level * jnp.ones_like(y * x)}
        sigma = self.sigma_um
        if sigma is None:
            sigma = 0.25 * min(canvas.fov) * canvas.pixel_um
        return {"leakage": self.level * jnp.exp(-(y**2 + x**2) / (2.0 * sigma**2))}

    def __call__(
        self, movie: Float[Array, "y x"], leakage: Float[Array, "y x"]
    ) -> dict[str, Any]:
        """Movie plus field."""
        return {"movie": movie + leakage}
