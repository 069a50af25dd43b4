"""Shapes of light that do not move: bright in the middle, less at the rim."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.imaging.canvas import Canvas


def falling_off(
    canvas: Canvas,
    falloff: Float[Array, ""],
    exponent: Float[Array, ""],
    centre_um: tuple[Float[Array, ""], Float[Array, ""]],
) -> Float[Array, "y x"]:
    r"""$1 - (1 - \text{falloff}) (r / r_\text{max})^\text{exponent}$.

    One at the centre (y, x from the axis) and `falloff` in that corner of the field of
    view that lies farthest from it.
    """
    y, x = canvas.grid_um(canvas.fov)
    squared = (y - centre_um[0]) ** 2 + (x - centre_um[1]) ** 2
    # sign(c) c is |c| with slope 0 at 0, where both corners are as far
    beyond = [jnp.sign(c) * c for c in centre_um]
    farthest = (beyond[0] - y[0, 0]) ** 2 + (beyond[1] - x[0, 0]) ** 2
    # the power of a square root, whose base is kept off zero: r has no derivative there
    off = squared > 0.0
    part = jnp.where(off, squared, 1.0) / jnp.where(farthest > 0.0, farthest, 1.0)
    return 1.0 - (1.0 - falloff) * jnp.where(off, part ** (exponent / 2.0), 0.0)
