"""Stamps: what a cell looks like before any optics, sharp and centred.

Every shape is drawn in um and only then cut into pixels, so that a microscope with
other pixels sees the same cells.
"""

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.normal import normal_pair


# An outline that wobbles as smooth noise does: white noise behind a Gaussian filter of
# half the radius has the angular spectrum I_m(2) (a Bessel function) on its circle.
LOBES = (0.62548, 0.27091, 0.08366, 0.01995)  # of m = 1..4
# sizes such that at an irregularity of 0.3 the area is 1.017 +- 0.114 of the disk's
SIZE_SPREAD, LOBE_SPREAD = 0.2317, 0.4767

EDGE = math.sqrt(28.0 / 12.0)  # px; an edge this soft has the variance of a pixel


def grid(size: int, dtype: jnp.dtype | np.dtype | type) -> Float[Array, "2 s s"]:
    """Rows and columns of a stamp, px from its centre."""
    at = np.arange(size) - (size - 1) / 2.0
    return jnp.asarray(np.stack(np.meshgrid(at, at, indexing="ij")), dtype)


def edge(inside: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """From 0 to 1 over an edge; `inside` is how deep a point lies in a shape, px."""
    part = jnp.clip(0.5 + inside / EDGE, 0.0, 1.0)
    return part**3 * (10.0 - part * (15.0 - 6.0 * part))


def soma(
    key: PRNGKeyArray,
    size: int,
    radius: Float[Array, ""],
    irregularity: Float[Array, ""],
) -> Float[Array, "s s"]:
    r"""A disk whose outline wobbles, its edge as soft as a pixel.

    $$ r(\theta) = r_0 \big(1 + \text{irregularity} \cdot \tanh(a_0 + \textstyle\sum_m
       a_m \cos m\theta + b_m \sin m\theta)\big), \quad m = 1 \dots 4 $$

    with normal coefficients, their variances those of Gaussian-filtered noise.

    Args:
        key: of the cell.
        size: side of the stamp, px.
        radius: px.
        irregularity: 0 is a disk, at 1 the radius varies from nothing to twice its
            size.
    """
    like = radius.dtype
    y, x = grid(size, like)
    at = np.arange(size) - (size - 1) / 2.0
    theta = np.arctan2(at[:, None], at[None, :])
    modes = np.arange(1, len(LOBES) + 1)[:, None, None] * theta
    waves = np.concatenate([np.cos(modes), np.sin(modes)])
    heights = LOBE_SPREAD * np.sqrt(np.tile(LOBES, 2))
    draw = jnp.concatenate(normal_pair(key, (1, 5), like), axis=1)[0]
    wobble = SIZE_SPREAD * draw[0] + jnp.tensordot(
        draw[1 : 1 + len(heights)] * jnp.asarray(heights, like),
        jnp.asarray(waves, like),
        axes=1,
    )
    outline = radius * (1.0 + irregularity * jnp.tanh(wobble))
    # a soft edge adds pi / 12 px^2 to the area; taken off where the radius has it
    outline = jnp.sqrt(jnp.maximum(outline**2 - 1.0 / 12.0, 0.25 * outline**2 + 1e-6))
    return edge(outline - jnp.sqrt(x**2 + y**2))
