"""Dendrites: the processes of a cell, grown as straight pieces and painted.

Every shape is drawn in um and only then cut into pixels, so that a microscope with
other pixels sees the same cells.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from jaxsim.core.normal import normal_pair, uniform_pair
from jaxsim.imaging.morphology import EDGE, edge, grid


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

WINDOW = 16  # px; holds a piece under most microscopes


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
    strokes, there = _strokes(key, radius_um, length_um, width_um, pixel_um)
    look = _look(width_um, pixel_um)
    y, x = grid(size, strokes.dtype)

    def paint(stamp: Array, piece: tuple[Array, Array]) -> tuple[Array, None]:
        light = _light(piece[0], y, x, look)
        return jnp.where(piece[1], jnp.maximum(stamp, light), stamp), None

    return jax.lax.scan(paint, jnp.zeros_like(y), (strokes, there))[0]


def dendrites_of_all(
    keys: Key[Array, "cell"],
    size: int,
    radius_um: Float[Array, ""],
    length_um: Float[Array, ""],
    width_um: Float[Array, ""],
    pixel_um: Float[Array, ""],
) -> Float[Array, "cell s s"]:
    """`dendrites` of many cells, for a program that runs alone.

    A third of the pieces that a cell may have are there, and each covers a few pixels
    of its stamp: the others are left out, by loops that have no way back.
    """
    strokes, there = jax.vmap(
        lambda key: _strokes(key, radius_um, length_um, width_um, pixel_um)
    )(keys)
    n_cells, each = there.shape
    look = _look(width_um, pixel_um)
    # those that are there first; the loop stops behind them
    which = jnp.nonzero(there.reshape(-1), size=there.size)[0].astype(jnp.int32)
    strokes, cell = strokes.reshape(-1, strokes.shape[-1])[which], which // each
    low, high = _extent(strokes, look, size)

    def painted(side: int) -> Float[Array, "cell s s"]:
        corner = jnp.clip(low, 0, size - side)
        place = jnp.concatenate([cell[:, None], corner], axis=1)
        y, x = grid(side, strokes.dtype)
        # the middle of the window from that of the stamp
        middle = corner.astype(y.dtype) + 0.5 * (side - size)
        moved = strokes.at[:, :2].add(-middle)

        def paint(number: Array, stamps: Array) -> Array:
            at = tuple(place[number])
            before = jax.lax.dynamic_slice(stamps, at, (1, side, side))
            light = _light(moved[number], y, x, look)
            after = jnp.maximum(before, light[None])
            return jax.lax.dynamic_update_slice(stamps, after, at)

        dark = jnp.zeros((n_cells, size, size), strokes.dtype)
        return jax.lax.fori_loop(0, there.sum(), paint, dark)

    side = min(WINDOW, size)
    fits = (jnp.minimum(high, size) - jnp.clip(low, 0, size - side)).max() <= side
    return jax.lax.cond(fits, lambda: painted(side), lambda: painted(size))


class Look(NamedTuple):
    """What all pieces share."""

    light: Float[Array, ""]  # for a thickness of one pixel, above that of a tip
    tip: Float[Array, ""]  # radius of the thinnest, px


def _look(width_um: Array, pixel_um: Array) -> Look:
    return Look((BRIGHT - DIM) * pixel_um / (0.5 * width_um), TIP_UM / pixel_um)


def _strokes(
    key: PRNGKeyArray, radius_um: Array, length_um: Array, width_um: Array, pixel: Array
) -> tuple[Float[Array, "piece 8"], Bool[Array, "piece"]]:
    """All pieces of a cell, as `_light` takes them, and which of them are there.

    Start, way to the end, the same over its squared length, each (y, x) in px; radius
    at the start and how much it grows, px.
    """
    pieces = _tree(key, radius_um, length_um, 0.5 * width_um)
    pieces = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), pieces)
    start, end = pieces.start / pixel, pieces.end / pixel
    way = end - start
    per = way / ((way**2).sum(-1, keepdims=True) + 1e-12)
    thick, last = pieces.start_radius / pixel, pieces.end_radius / pixel
    radii = jnp.stack([thick, last - thick], -1)
    return jnp.concatenate([start, way, per, radii], -1), pieces.there


def _light(
    stroke: Float[Array, "8"],
    y: Float[Array, "h w"],
    x: Float[Array, "h w"],
    look: Look,
) -> Float[Array, "h w"]:
    """A piece, as bright as it is thick, its edge as soft as a pixel."""
    y0, x0, dy, dx, along_y, along_x, thick, grows = stroke
    y, x = y - y0, x - x0
    along = jnp.clip(y * along_y + x * along_x, 0.0, 1.0)
    off = (y - along * dy) ** 2 + (x - along * dx) ** 2
    thick = thick + along * grows
    inside = jnp.maximum(thick, look.tip) - jnp.sqrt(off + 1e-6)
    return (DIM + look.light * thick) * edge(inside)


def _extent(
    strokes: Float[Array, "piece 8"], look: Look, size: int
) -> tuple[Int[Array, "piece 2"], Int[Array, "piece 2"]]:
    """Pixels from which to which, less one, of a stamp that each piece may light."""
    start, end = strokes[:, :2], strokes[:, :2] + strokes[:, 2:4]
    thickest = jnp.maximum(strokes[:, 6], strokes[:, 6] + strokes[:, 7])
    wide = (jnp.maximum(thickest, look.tip) + 0.5 * EDGE)[:, None]
    middle = 0.5 * (size - 1)
    low = jnp.floor(jnp.minimum(start, end) - wide + middle)
    high = jnp.ceil(jnp.maximum(start, end) + wide + middle) + 1.0
    return low.astype(jnp.int32), high.astype(jnp.int32)


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
