"""Focus: how deep the microscope looks, on its axis."""

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas


FOCAL_DEPTH = Signal("", "um", "depth of the focal surface on the axis")


def focal_rise(position_um: Float[Array, "*n 2"], canvas: Canvas) -> Float[Array, "*n"]:
    r"""How much shallower the focal surface lies off the axis, um.

    $$ R - \sqrt{R^2 - r^2} $$

    for the radius R of the focal surface; zero where it is flat.
    """
    squared = jnp.sum(position_um**2, axis=-1)
    bend = canvas.curvature_per_um
    inside = jnp.maximum(1.0 - squared * bend**2, 1e-6)
    return squared * bend / (1.0 + jnp.sqrt(inside))


class GivenFocus(AbstractStep):
    """The microscope is focused at a depth. **Makes:** `focal_depth`."""

    depth_um: Param = param(100.0, "um", (0.0, 2000.0), "focal depth on the axis")
    makes: ClassVar[dict[str, Signal]] = {"focal_depth": FOCAL_DEPTH}

    def __call__(self) -> dict[str, Any]:
        """The depth."""
        return {"focal_depth": self.depth_um}


class LeastDefocus(AbstractStep):
    r"""Focus where the total defocus of all cells is least.

    A cell at depth z and distance r from the axis is sharp when the focus is at
    $e = z + \text{rise}(r)$; $\sum |e_i - f|$ is least at the median. The focus
    follows the parameters, and so do gradients, through the cells in the middle.

    **Needs:** `position`, `alive`, `canvas`. **Makes:** `focal_depth`.
    """

    makes: ClassVar[dict[str, Signal]] = {"focal_depth": FOCAL_DEPTH}

    def __call__(self, position: Any, alive: Any, canvas: Canvas) -> dict[str, Any]:
        """The median over cells."""
        place = position.values
        sharp_at = place[:, 0] + focal_rise(place[:, 1:], canvas)
        there = alive.values > 0.5
        ordered = jnp.sort(jnp.where(there, sharp_at, jnp.inf))  # the absent last
        n = jnp.sum(there, dtype=jnp.int32)
        below, above = ordered[jnp.maximum(n - 1, 0) // 2], ordered[n // 2]
        middle = jnp.where(n % 2 == 0, 0.5 * (below + above), below)
        return {"focal_depth": jnp.where(n > 0, middle, 0.0)}
