"""Shapes of light that do not move: bright in the middle, less at the rim."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.imaging.canvas import Canvas


def falling_off(
    canvas: Canvas, falloff: Float[Array, ""], exponent: Float[Array, ""]
) -> Float[Array, "y x"]:
    r"""$1 - (1 - \text{falloff}) (r / r_\text{max})^\text{exponent}$.

    One on the axis and `falloff` in the farthest corner of the field of view.
    """
    y, x = canvas.grid_um(canvas.fov)
    squared = y**2 + x**2
    corner = jnp.maximum(squared[0, 0], 1e-12)
    # the power of a square root: smooth in the middle, where r has no derivative
    part = jnp.where(squared > 0, jnp.maximum(squared, 1e-12) / corner, 0.0)
    bent = jnp.where(part > 0, jnp.where(part > 0, part, 1.0) ** (exponent / 2.0), 0.0)
    return 1.0 - (1.0 - falloff) * bent
