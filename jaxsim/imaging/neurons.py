"""PlaceNeurons: where cells lie, and what they look like before any optics."""

import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt32

from jaxsim.core.alone import runs_alone
from jaxsim.core.normal import uniform_pair
from jaxsim.core.param import Data, Param, concrete, data, param, static
from jaxsim.core.recording import DEGENERATE, OK
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.dendrites import dendrites, dendrites_of_all
from jaxsim.imaging.morphology import soma
from jaxsim.imaging.signals import FOOTPRINT, POSITION


class PlaceNeurons(AbstractStep):
    r"""Cells, uniformly in a slab of tissue or where they are given.

    The number is $\text{density} \times \text{area} \times \text{thickness}$ over the
    whole canvas, with a thickness of at least a soma. It may vary under one compiled
    program up to `max_cells`; places without a cell have `alive` 0, and more cells than
    places make the run "degenerate". Cell i draws from `fold_in(key, i)`: one more
    leaves all others as they are.

    With `min_distance_um` cells that lie too near to an earlier one are thrown again,
    up to 100 times per cell; saturated tissue holds fewer than the density says.

    A footprint is a stamp around the centre of its cell, with peak 1. `morphology` is
    "soma", or "cytosolic" for cells with dendrites. A stamp too small for its cell
    makes the run "degenerate" as well: `stamp_px_needed` and `cells_needed` say what a
    process needs. Positions and sizes have gradients; the number of cells has none.

    **Needs:** `canvas`. **Makes:** `position`, `footprint`, `alive`.
    """

    density_per_mm3: Param = param(25_000.0, "1/mm^3", (0.0, 1e6), "cells per volume")
    soma_radius_um: Param = param(7.0, "um", (0.5, 50.0), "radius of a cell body")
    irregularity: Param = param(0.3, "1", (0.0, 1.0), "how much outlines wobble")
    depth_top_um: Param = param(0.0, "um", (0.0, 2000.0), "shallowest centres")
    depth_bottom_um: Param = param(200.0, "um", (0.0, 2000.0), "deepest centres")
    dendrite_length_um: Param = param(24.0, "um", (1.0, 500.0), "of a process")
    dendrite_width_um: Param = param(3.0, "um", (0.1, 20.0), "at the soma, diameter")
    min_distance_um: Param = param(0.0, "um", (0.0, 100.0), "between centres, at least")
    positions_um: Data | None = data(
        "cell axis", "um", "z, y, x of every cell; none: drawn", None
    )
    morphology: Literal["soma", "cytosolic"] = static("soma", "what is labelled")
    max_cells: int = static(256, "places for cells", bounds=(1, 10**6))
    stamp_px: int = static(64, "side of a footprint's stamp", bounds=(3, 512))

    no_gradient: ClassVar[tuple[str, ...]] = ("density_per_mm3", "min_distance_um")
    makes: ClassVar[dict[str, Signal]] = {
        "position": POSITION,
        "footprint": FOOTPRINT,
        "alive": Signal("cell", "1", "1 for a cell, 0 for an empty place"),
        "status": Signal(
            "", "1", "degenerate when cells or stamps are too many, too wide"
        ),
    }

    def __check_init__(self) -> None:
        top, bottom, given = self.depth_top_um, self.depth_bottom_um, self.positions_um
        if given is not None and (given.ndim != 2 or given.shape[1] != 3):
            raise ValueError(
                f"PlaceNeurons.positions_um has shape {given.shape}; give (cell, 3): z "
                "(below the surface), y, x (from the optical axis) of each in um."
            )
        if concrete(top, bottom) and bool((np.asarray(top) > np.asarray(bottom)).any()):
            raise ValueError(
                f"PlaceNeurons.depth_top_um = {float(top):g} um lies below "
                f"depth_bottom_um = {float(bottom):g} um; depth grows downwards."
            )

    @property
    def n_places(self) -> int:
        """Cells that there is room for."""
        return self.max_cells if self.positions_um is None else len(self.positions_um)

    def __call__(self, canvas: Canvas, key: PRNGKeyArray) -> dict[str, Any]:
        """Place and paint."""
        if self.positions_um is None:
            position, cells, alive, wanted = self._drawn(canvas, key)
        else:
            position = self.positions_um.astype(canvas.pixel_um.dtype)
            cells = _cell_keys(key, jnp.arange(self.n_places, dtype=jnp.uint32))
            alive = jnp.ones(self.n_places, position.dtype)
            wanted = jnp.asarray(self.n_places, jnp.int32)
        wide = 2.0 * self.reach_um() / canvas.pixel_um > self.stamp_px
        bad = (wanted > self.n_places) | wide
        return {
            "position": position,
            "footprint": self._footprint(canvas, cells),
            "alive": alive,
            "status": jnp.where(bad, jnp.uint8(DEGENERATE), jnp.uint8(OK)),
        }

    def _drawn(
        self, canvas: Canvas, key: PRNGKeyArray
    ) -> tuple[Array, Array, Array, Array]:
        """Positions, keys of cells, who is there, and how many there should be."""
        like, size = canvas.pixel_um.dtype, canvas.size_um
        low = jnp.stack([self.depth_top_um, -size[0] / 2.0, -size[1] / 2.0])
        span = jnp.stack([self.depth_bottom_um - self.depth_top_um, size[0], size[1]])

        def place(key: Array) -> Array:
            return low + span * uniform_pair(key, (1, 3), like)[0][0]

        wanted = jnp.round(self.n_cells(canvas)).astype(jnp.int32)
        number, n_found = thrown(
            lambda i: place(jax.random.fold_in(key, i)),
            jnp.minimum(wanted, self.max_cells),
            self.max_cells,
            self.min_distance_um,
        )
        cells = _cell_keys(key, number)
        order = jnp.arange(self.max_cells, dtype=n_found.dtype)
        alive = (order < n_found).astype(like)
        return jax.vmap(place)(cells), cells, alive, wanted

    def n_cells(self, canvas: Canvas) -> Float[Array, ""]:
        """Cells that the density asks for, not yet rounded."""
        thick = self.depth_bottom_um - self.depth_top_um
        thick = jnp.maximum(thick, 2.0 * self.soma_radius_um)
        volume = canvas.size_um[0] * canvas.size_um[1] * thick * 1e-9  # mm^3
        return jax.lax.stop_gradient(self.density_per_mm3 * volume)

    def reach_um(self) -> Float[Array, ""]:
        """How far a cell can extend from its centre."""
        soma_um = self.soma_radius_um * (1.0 + self.irregularity)
        if self.morphology == "soma":
            return soma_um
        tip_um = 0.8 * self.soma_radius_um + 1.25 * self.dendrite_length_um
        return jnp.maximum(soma_um, tip_um)

    def _footprint(self, canvas: Canvas, keys: Array) -> Float[Array, "cell s s"]:
        pixel_um, size = canvas.pixel_um, self.stamp_px

        def body(key: Array) -> Array:
            key = jax.random.fold_in(key, 1)
            return soma(key, size, self.soma_radius_um / pixel_um, self.irregularity)

        if self.morphology == "soma":
            return jax.vmap(body)(keys)
        shape = (
            self.soma_radius_um,
            self.dendrite_length_um,
            self.dendrite_width_um,
            pixel_um,
        )
        if runs_alone():
            own = jax.vmap(lambda key: jax.random.fold_in(key, 2))(keys)
            processes = dendrites_of_all(own, size, *shape)
            return 1.0 - (1.0 - jax.vmap(body)(keys)) * (1.0 - processes)

        def whole(key: Array) -> Array:
            processes = dendrites(jax.random.fold_in(key, 2), size, *shape)
            return 1.0 - (1.0 - body(key)) * (1.0 - processes)

        return _in_batches(whole, keys)


BATCH = 16  # cells painted at once: a hundred pieces each make a gradient heavy


def _in_batches(of: Callable[[Array], Array], keys: Array) -> Array:
    """`vmap`, a batch at a time; without a remainder, which would be a program more."""
    n = len(keys)
    size = min(n, BATCH)
    padded = jnp.arange(-(-n // size) * size) % n
    batches = keys[padded].reshape(-1, size)
    out = jax.lax.map(jax.checkpoint(jax.vmap(of)), batches)
    return out.reshape(-1, *out.shape[2:])[:n]


def _cell_keys(key: PRNGKeyArray, number: Array) -> Array:
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(number)


def thrown(
    place: Callable[[Array], Float[Array, "3"]],
    wanted: Int[Array, ""],
    max_cells: int,
    distance_um: Float[Array, ""],
) -> tuple[UInt32[Array, "cell"], Int[Array, ""]]:
    """Numbers of the first throws that lie no nearer to each other than a distance.

    Throw after throw is kept or dropped, until enough are kept or 100 throws per cell
    (1000 at least) have been made. Without a distance all are kept.

    Args:
        place: throw number -> z, y, x in um.
        wanted: how many to keep.
        max_cells: places for them.
        distance_um: between centres.

    Returns:
        The numbers kept, then any, and how many were kept.
    """
    apart = jax.lax.stop_gradient(distance_um) ** 2
    most = jnp.maximum(1000, 100 * wanted).astype(jnp.uint32)
    first = jnp.arange(max_cells, dtype=jnp.uint32)
    far = jnp.full((max_cells, 3), jnp.inf, apart.dtype)

    def going(state: Any) -> Array:
        _, _, found, throw = state
        return (found < wanted) & (throw < most)

    def step(state: Any) -> Any:
        number, kept, found, throw = state
        here = jax.lax.stop_gradient(place(throw))
        fits = jnp.all(jnp.sum((kept - here[None]) ** 2, axis=1) >= apart)
        number = number.at[found].set(jnp.where(fits, throw, number[found]))
        kept = kept.at[found].set(jnp.where(fits, here, kept[found]))
        return number, kept, found + fits.astype(found.dtype), throw + jnp.uint32(1)

    begun = jnp.where(apart > 0, 0, wanted).astype(wanted.dtype)  # none to drop
    state = (first, far, begun, jnp.zeros((), jnp.uint32))
    number, _, found, _ = jax.lax.while_loop(going, step, state)
    return number, found


def stamp_px_needed(neurons: PlaceNeurons, pixel_um: float) -> int:
    """The least even `stamp_px` that holds every cell."""
    return 2 * math.ceil(float(jnp.max(neurons.reach_um())) / pixel_um + 1.0)


def cells_needed(neurons: PlaceNeurons, canvas: Canvas) -> int:
    """The least `max_cells` that holds the cells which the density asks for."""
    if neurons.positions_um is not None:
        return neurons.n_places
    return max(1, math.ceil(float(neurons.n_cells(canvas))))
