"""Vessel trees: grown on the device with static sizes, and seen as path lengths."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from jaxsim.core.normal import normal_pair, uniform_pair


WAITING = 128  # side branches that may wait; a tree that has more loses the thinnest
AT_ONCE = 8  # segments whose chords a tile adds up together
TILE = 32  # px; pieces of the canvas that each look at their nearest segments only


class Habit(NamedTuple):
    """How a tree grows; angles in radians, lengths in um."""

    root_radius: Float[Array, ""]
    min_radius: Float[Array, ""]
    branch_prob: Float[Array, ""]
    tortuosity: Float[Array, ""]
    branch_angle: Float[Array, ""]
    area_main: Float[Array, ""]  # part of r^3 that goes on straight
    step_per_radius: Float[Array, ""]


class Segments(NamedTuple):
    """Straight pieces of vessels, with round ends; places in um from the axis."""

    start: Float[Array, "segment 2"]
    end: Float[Array, "segment 2"]
    radius: Float[Array, "segment"]
    there: Bool[Array, "segment"]


def children(
    radius: Float[Array, "*n"], area_main: Float[Array, ""]
) -> tuple[Float[Array, "*n"], Float[Array, "*n"]]:
    r"""Radii of the two branches of a vessel, by Murray's law $r^3 = r_1^3 + r_2^3$."""
    return radius * jnp.cbrt(area_main), radius * jnp.cbrt(1.0 - area_main)


def grow(
    key: PRNGKeyArray,
    habit: Habit,
    size_um: Float[Array, "2"],
    n_roots: int,
    max_segments: int,
) -> Segments:
    """Trees that enter at the edges and grow until they leave or become too thin.

    A root starts at a random place of a random edge and heads inward; every step is
    `step_per_radius` radii long, the heading wanders, and a side branch may leave.
    Branches grow thickest first, so what `max_segments` leaves out is the thinnest.
    Each tree is drawn by a key of its own, so one more leaves the others alone.

    Args:
        key: of all trees.
        habit: how they grow.
        size_um: height and width of the tissue.
        n_roots: trees.
        max_segments: of each tree, in all its branches.
    """

    def tree(number: Array) -> Segments:
        return _tree(jax.random.fold_in(key, number), habit, size_um, max_segments)

    roots = jnp.arange(n_roots, dtype=jnp.uint32)
    segments = jax.vmap(tree)(roots)
    return jax.tree.map(lambda v: v.reshape(-1, *v.shape[2:]), segments)


def _tree(
    key: PRNGKeyArray, habit: Habit, size_um: Float[Array, "2"], max_segments: int
) -> Segments:
    """One tree: a walk along a branch to its end, then the thickest that waits."""
    root_key, walk_key = jax.random.split(key)
    tip = _root(root_key, habit.root_radius, size_um)
    none = jnp.zeros((WAITING, 4), size_um.dtype)  # of radius 0: a free place

    def walk(state: Any, draw: tuple[Array, Array, Array]) -> tuple[Any, Segments]:
        tip, alive, waiting = state
        place, heading, radius = tip[:2], tip[2], tip[3]
        ahead = jnp.stack([jnp.sin(heading), jnp.cos(heading)])
        end = place + habit.step_per_radius * radius * ahead
        piece = Segments(place, end, radius, alive)
        main, side, splits = _split(draw, habit, end, heading, radius)
        inside = (jnp.abs(end) <= 0.5 * size_um).all()
        # the side branch waits in the place of nobody, or of the thinnest
        thinnest = jnp.argmin(waiting[:, 3])
        waits = alive & inside & splits & (side[3] >= habit.min_radius)
        waits = waits & (side[3] > waiting[thinnest, 3])
        waiting = waiting.at[thinnest].set(jnp.where(waits, side, waiting[thinnest]))
        goes_on = alive & inside & (main[3] >= habit.min_radius)
        thickest = jnp.argmax(waiting[:, 3])
        taken = waiting[thickest]
        takes = ~goes_on & (taken[3] > 0)
        waiting = waiting.at[thickest].set(
            jnp.where(takes, jnp.zeros_like(taken), taken)
        )
        tip = jnp.where(goes_on, main, jnp.where(takes, taken, tip))
        return (tip, goes_on | takes, waiting), piece

    chance_key, wander_key = jax.random.split(walk_key)
    size, like = (max_segments, 1), size_um.dtype
    wander, _ = normal_pair(wander_key, size, like)
    chance, hand = uniform_pair(chance_key, size, like)
    draws = wander[:, 0], chance[:, 0], hand[:, 0]
    return jax.lax.scan(walk, (tip, jnp.asarray(True), none), draws)[1]


def _root(
    key: PRNGKeyArray, radius: Float[Array, ""], size_um: Float[Array, "2"]
) -> Float[Array, "4"]:
    """(y, x, heading, radius) of a vessel that enters; heading 0 is right, +y down."""
    like = size_um.dtype
    (which, where), (wedge, _) = (u[0] for u in uniform_pair(key, (1, 2), like))
    edge = jnp.floor(4.0 * which).astype(jnp.int32)  # top, bottom, left, right
    along, turn = where - 0.5, (2.0 * wedge - 1.0) * jnp.pi
    fixed = jnp.asarray([-0.5, 0.5, -0.5, 0.5], like)[edge]
    inward = jnp.asarray([0.5, 1.5, 0.0, 1.0], like)[edge] * jnp.pi
    half = jnp.asarray([0.25, 0.25, 0.4, 0.4], like)[edge]
    y, x = jnp.where(edge < 2, fixed, along), jnp.where(edge < 2, along, fixed)
    return jnp.stack([y * size_um[0], x * size_um[1], inward + half * turn, radius])


def _split(
    draw: tuple[Array, Array, Array],
    habit: Habit,
    end: Array,
    heading: Array,
    radius: Array,
) -> tuple[Array, Array, Array]:
    """Where the vessel goes on, the side branch, and whether there is one."""
    wander, chance, hand = draw
    heading = heading + habit.tortuosity * wander
    splits = chance < habit.branch_prob
    sign = jnp.where(hand < 0.5, 1.0, -1.0).astype(radius.dtype)
    thick, thin = children(radius, habit.area_main)
    angle = sign * habit.branch_angle
    side = jnp.stack([*end, heading + angle * radius / thin, thin])
    straight = jnp.stack([*end, heading, radius])
    main = jnp.stack([*end, heading - angle, thick])
    return jnp.where(splits, main, straight), side, splits


def path_length(
    segments: Segments,
    rows_um: Float[Array, "y"],
    columns_um: Float[Array, "x"],
    nearest: int,
) -> tuple[Float[Array, "y x"], Bool[Array, ""]]:
    r"""How far light travels through vessels at every pixel, um.

    A straight piece of radius r is crossed over the chord $2 \sqrt{r^2 - d^2}$ at a
    distance d from its axis. Pieces that overlap add. Within 5 % of its edge the
    chord is rounded off, so that its slope is finite and continuous.

    The canvas is cut into tiles that look only at the segments nearest to them.

    Args:
        segments: of all trees.
        rows_um: place of every row from the axis.
        columns_um: place of every column.
        nearest: segments that a tile looks at.

    Returns:
        The lengths, and whether no tile was crossed by more segments than it looks at.
    """
    rows, columns = _in_tiles(rows_um), _in_tiles(columns_um)
    n_down, n_right = len(rows), len(columns)
    n_there = len(segments.radius)
    group = min(AT_ONCE, nearest)
    count = min(nearest - nearest % group, n_there + -n_there % group)
    spare = max(count - n_there, 0)  # places of nobody, so that groups are full
    last = jnp.minimum(jnp.arange(n_there + spare), n_there - 1)
    segments = jax.tree.map(lambda v: v[last], segments)
    there = segments.there & (jnp.arange(n_there + spare) < n_there)

    def tile(at: tuple[Array, Array]) -> tuple[Array, Array]:
        y, x = rows[at[0]], columns[at[1]]
        middle = jnp.stack([y[0] + y[-1], x[0] + x[-1]]) / 2.0
        half = jnp.hypot(y[-1] - y[0], x[-1] - x[0]) / 2.0
        gap = _distance(segments, middle[0], middle[1]) - 1.05 * segments.radius
        gap = jax.lax.stop_gradient(jnp.where(there, gap, jnp.inf))
        score, which = jax.lax.top_k(-gap, count)
        crossing = (gap <= half).sum()
        near = jax.tree.map(
            lambda v: v[which].reshape(-1, group, *v.shape[1:]), segments
        )
        reaches = (-score <= half).reshape(-1, group)

        def add(length: Array, some: tuple[Segments, Array]) -> tuple[Array, None]:
            def cross() -> Array:
                chord = jax.vmap(lambda s, on: jnp.where(on, _chord(s, y, x), 0.0))
                return length + chord(*some).sum(0)

            # the nearest come first: most tiles are done after a few
            return jax.lax.cond(some[1].any(), cross, lambda: length), None

        nothing = jnp.zeros((TILE, TILE), rows_um.dtype)
        return jax.lax.scan(add, nothing, (near, reaches))[0], crossing <= count

    down, right = jnp.meshgrid(jnp.arange(n_down), jnp.arange(n_right), indexing="ij")
    lengths, fits = jax.lax.map(
        jax.checkpoint(tile), (down.reshape(-1), right.reshape(-1))
    )
    whole = lengths.reshape(n_down, n_right, TILE, TILE).transpose(0, 2, 1, 3)
    whole = whole.reshape(n_down * TILE, n_right * TILE)
    return whole[: len(rows_um), : len(columns_um)], fits.all()


def _in_tiles(at: Float[Array, "n"]) -> Float[Array, "tile inside"]:
    """Places of pixels, tile by tile; the last tile runs on beyond them."""
    n_tiles = -(-at.shape[0] // TILE)
    step = at[1] - at[0] if at.shape[0] > 1 else jnp.ones_like(at[0])
    counts = jnp.arange(n_tiles * TILE, dtype=at.dtype)
    return (at[0] + step * counts).reshape(n_tiles, TILE)


def _distance(
    s: Segments, y: Float[Array, "*n"], x: Float[Array, "*n"]
) -> Float[Array, "*m"]:
    """From the axes of segments, in um."""
    along = s.end - s.start
    dy, dx = y - s.start[..., 0], x - s.start[..., 1]
    length = jnp.maximum((along**2).sum(-1), 1e-6)
    part = jnp.clip((dy * along[..., 0] + dx * along[..., 1]) / length, 0.0, 1.0)
    off = (dy - part * along[..., 0]) ** 2 + (dx - part * along[..., 1]) ** 2
    return jnp.sqrt(off + 1e-12)


def _chord(
    segment: Segments, y: Float[Array, "y"], x: Float[Array, "x"]
) -> Float[Array, "y x"]:
    """Length of a line of sight inside one segment; exactly 2 r on its axis."""
    shape = (y.shape[0], x.shape[0])
    rows, columns = (
        jnp.broadcast_to(v, shape).reshape(-1) for v in (y[:, None], x[None, :])
    )
    one = jax.tree.map(lambda v: v[None], segment)
    squared = segment.radius**2
    room = squared - _distance(one, rows, columns) ** 2
    edge = 0.1 * squared  # below it a cubic takes the place of the root
    part = jnp.clip((room + edge) / (2.0 * edge), 0.0, 1.0)
    rim = jnp.sqrt(edge) * part**2 * (2.0 - part)
    inner = room > edge
    half = jnp.where(inner, jnp.sqrt(jnp.where(inner, room, 1.0)), rim)
    return 2.0 * half.reshape(shape)
