"""Stamps: what a cell looks like before any optics, sharp and centred.

Every shape is drawn in um and only then cut into pixels, so that a microscope with
other pixels sees the same cells.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from jaxsim.core.normal import normal_pair, uniform_pair


# An outline that wobbles as smooth noise does: white noise behind a Gaussian filter of
# half the radius has the angular spectrum I_m(2) (a Bessel function) on its circle.
LOBES = (0.62548, 0.27091, 0.08366, 0.01995)  # of m = 1..4
# sizes such that at an irregularity of 0.3 the area is 1.017 +- 0.114 of the disk's
SIZE_SPREAD, LOBE_SPREAD = 0.2317, 0.4767

EDGE = math.sqrt(28.0 / 12.0)  # px; an edge this soft has the variance of a pixel

PRIMARIES = 9  # dendrites at most
FEWER = tuple(  # Poisson (5) is at most 2, 3, ... 8
    math.exp(-5.0) * sum(5.0**j / math.factorial(j) for j in range(k + 1))
    for k in range(2, PRIMARIES)
)
MAIN, SIDE, SIDES = 5, 3, 2  # straight pieces of a dendrite, of a side branch; branches
TIP_UM = 0.5 * 4.8 / 2.9  # radius of the thinnest piece: half a pixel of a Miniscope V4
WANDER = 0.16 / math.sqrt(4.8 / 2.9)  # rad after one um, growing as a square root
BRANCHING_PER_UM = 0.06 / (4.8 / 2.9)
SIDE_TURN, SIDE_LENGTH = 0.7, 0.8  # rad; of what remains
MAIN_SHARE = 0.62  # of the cubed radius (Murray), at a bifurcation
DIM, BRIGHT = 0.05, 0.55  # light at the tip and at the base


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
    draw = _joined(normal_pair(key, (1, 5), like))[0]
    wobble = SIZE_SPREAD * draw[0] + jnp.tensordot(
        draw[1 : 1 + len(heights)] * jnp.asarray(heights, like),
        jnp.asarray(waves, like),
        axes=1,
    )
    outline = radius * (1.0 + irregularity * jnp.tanh(wobble))
    # a soft edge adds pi / 12 px^2 to the area; taken off where the radius has it
    outline = jnp.sqrt(jnp.maximum(outline**2 - 1.0 / 12.0, 0.25 * outline**2 + 1e-6))
    return edge(outline - jnp.sqrt(x**2 + y**2))


class Capsules(NamedTuple):
    """Straight pieces with round ends, whose radius changes linearly along them."""

    start: Float[Array, "*n 2"]
    end: Float[Array, "*n 2"]
    start_radius: Float[Array, "*n"]
    end_radius: Float[Array, "*n"]
    there: Bool[Array, "*n"]


def dendrites(
    key: PRNGKeyArray,
    size: int,
    radius_um: Float[Array, ""],
    length_um: Float[Array, ""],
    width_um: Float[Array, ""],
    pixel_um: Float[Array, ""],
) -> Float[Array, "s s"]:
    r"""Processes that leave the soma, thinner and dimmer towards their tips.

    Their number is Poisson (5) within 2 and 9, their lengths are 0.6 to 1.25 of the
    given one, their directions spread evenly with a wander on the way. Up to two
    branches leave each, 0.036 per um, where Murray's law $r^3 = \sum r_i^3$ splits the
    radius. Where the radius is r, a point sends $0.05 + 0.5\, r / r_\text{base}$ of
    the light of a soma; the brightest counts where several overlap. No piece is drawn
    thinner than 0.83 um.

    Args:
        key: of the cell.
        size: side of the stamp, px.
        radius_um: of the soma.
        length_um: of a dendrite.
        width_um: diameter at the soma.
        pixel_um: size of a pixel.
    """
    half = 0.5 * width_um
    like = half.dtype
    pieces = jax.tree.map(
        lambda leaf: leaf.reshape(-1, *leaf.shape[2:]),
        _tree(key, radius_um, length_um, half),
    )
    y, x = grid(size, like)

    def paint(stamp: Array, piece: Capsules) -> tuple[Array, None]:
        (y0, x0), (y1, x1) = piece.start / pixel_um, piece.end / pixel_um
        dy, dx = y1 - y0, x1 - x0
        along = ((y - y0) * dy + (x - x0) * dx) / (dy**2 + dx**2 + 1e-12)
        along = jnp.clip(along, 0.0, 1.0)
        off = (y - y0 - along * dy) ** 2 + (x - x0 - along * dx) ** 2
        thick = piece.start_radius + along * (piece.end_radius - piece.start_radius)
        light = DIM + (BRIGHT - DIM) * thick / half
        radius = jnp.maximum(thick, TIP_UM) / pixel_um
        light = light * edge(radius - jnp.sqrt(off + 1e-6))
        return jnp.where(piece.there, jnp.maximum(stamp, light), stamp), None

    return jax.lax.scan(paint, jnp.zeros_like(y), pieces)[0]


def _tree(key: PRNGKeyArray, radius: Array, length: Array, half: Array) -> Capsules:
    """All pieces of all dendrites of a cell, (dendrite, piece), um."""
    like = half.dtype
    # all draws at once, of one key: every call of a generator is a piece of program
    even = _joined(uniform_pair(key, (PRIMARIES + 1, 1 + SIDES), like))
    rows = PRIMARIES + 1 + jnp.arange(PRIMARIES, dtype=jnp.uint32)
    size = PRIMARIES, (1 + MAIN + SIDES * SIDE) // 2
    normal = _joined(normal_pair(key, size, like, rows))
    n = 2 + (even[-1, 0] > jnp.asarray(FEWER, like)).sum()
    turn = jnp.arange(PRIMARIES, dtype=like) / n.astype(like) + even[-1, 1]
    angle = 2.0 * math.pi * turn + 0.4 * normal[:, 0]
    lengths = length * (0.6 + 0.65 * even[:-1, 0])
    pieces = jax.vmap(lambda a, b, c, d: _dendrite(a, b, c, d, radius, half))(
        angle, lengths, even[:-1, 1 : 1 + 2 * SIDES], normal[:, 1:]
    )
    there = (jnp.arange(PRIMARIES) < n)[:, None] & pieces.there
    return pieces._replace(there=there)


def _joined(pair: tuple[Array, Array]) -> Float[Array, "row column"]:
    return jnp.concatenate(pair, axis=1)


def _dendrite(
    angle: Array, length: Array, even: Array, normal: Array, radius: Array, half: Array
) -> Capsules:
    """A dendrite and its side branches, from uniform and normal numbers."""
    like = half.dtype
    # where it branches: the first events of a Poisson process along the way
    forks = jnp.cumsum(-jnp.log1p(-even[:SIDES]) / BRANCHING_PER_UM)
    left = jnp.where(even[SIDES:] < 0.5, 1.0, -1.0).astype(like)

    at = jnp.arange(MAIN + 1, dtype=like) / MAIN * length
    passed = (forks[None, :] < at[:, None]).astype(like)  # (corner, fork)
    bend = -0.5 * SIDE_TURN * (passed * left[None, :]).sum(1)[:-1]
    heading = angle + bend + _wander(normal[:MAIN], length / MAIN)
    begin = 0.8 * radius * _unit(angle)
    corners = _walk(begin, heading, length / MAIN)
    shrink = (MAIN_SHARE ** (1.0 / 3.0)) ** passed.sum(1)
    thick = half * (1.0 - at / length) * shrink
    main = Capsules(
        corners[:-1], corners[1:], thick[:-1], thick[1:], jnp.ones(MAIN, bool)
    )

    def side(normal: Array, number: Array, fork: Array, left: Array) -> Capsules:
        piece = jnp.clip(jnp.floor(fork / length * MAIN), 0, MAIN - 1)
        piece = piece.astype(jnp.int32)
        go = heading[piece]
        foot = corners[piece] + (fork - at[piece]) * _unit(go)
        own = SIDE_LENGTH * jnp.maximum(length - fork, 0.0)
        path = go + SIDE_TURN * left + _wander(normal, own / SIDE)
        base = half * jnp.maximum(1.0 - fork / length, 0.0)
        base = base * (MAIN_SHARE ** (1.0 / 3.0)) ** number
        base = base * (1.0 - MAIN_SHARE) ** (1.0 / 3.0)
        thick = base * (1.0 - jnp.arange(SIDE + 1, dtype=like) / SIDE)
        ends = _walk(foot, path, own / SIDE)
        there = jnp.broadcast_to(fork < length, (SIDE,))
        return Capsules(ends[:-1], ends[1:], thick[:-1], thick[1:], there)

    order = jnp.arange(SIDES, dtype=like)
    sides = jax.vmap(side)(normal[MAIN:].reshape(SIDES, SIDE), order, forks, left)
    return jax.tree.map(
        lambda a, b: jnp.concatenate([a, b.reshape(-1, *a.shape[1:])]), main, sides
    )


def _unit(angle: Float[Array, "*n"]) -> Float[Array, "*n 2"]:
    return jnp.stack([jnp.sin(angle), jnp.cos(angle)], axis=-1)


def _wander(normal: Float[Array, "n"], piece_um: Array) -> Float[Array, "n"]:
    """How far the heading has drifted at every piece."""
    return WANDER * jnp.sqrt(piece_um + 1e-6) * jnp.cumsum(normal)


def _walk(begin: Array, heading: Array, step: Array) -> Float[Array, "corner 2"]:
    moved = jnp.cumsum(step * _unit(heading), axis=0)
    return jnp.concatenate([begin[None], begin[None] + moved])
