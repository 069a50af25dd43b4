"""PlaceNeurons: where cells lie, and what they look like before any optics."""

import math
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Data, Param, concrete, data, param, static
from jaxsim.core.recording import DEGENERATE
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.morphology import dendrites, soma
from jaxsim.imaging.signals import FOOTPRINT, POSITION


class PlaceNeurons(AbstractStep):
    r"""Cells, uniformly in a slab of tissue or where they are given.

    The number is $\text{density} \times \text{area} \times \text{thickness}$ over the
    whole canvas, with a thickness of at least a soma. It may vary under one compiled
    program up to `max_cells`; places without a cell have `alive` 0, and more cells than
    places make the run "degenerate". Cell i draws from `fold_in(key, i)`: one more
    leaves all others as they are.

    A footprint is a stamp around the centre of its cell, with peak 1. Positions and
    radii have gradients; the number of cells has none.

    **Needs:** `canvas`. **Makes:** `position`, `footprint`, `alive`.
    """

    density_per_mm3: Param = param(25_000.0, "1/mm^3", (0.0, 1e6), "cells per volume")
    soma_radius_um: Param = param(7.0, "um", (0.5, 50.0), "radius of a cell body")
    irregularity: Param = param(0.3, "1", (0.0, 1.0), "how much outlines wobble")
    depth_top_um: Param = param(0.0, "um", (0.0, 2000.0), "shallowest centres")
    depth_bottom_um: Param = param(200.0, "um", (0.0, 2000.0), "deepest centres")
    dendrite_length_um: Param = param(24.0, "um", (1.0, 500.0), "of a process")
    dendrite_width_um: Param = param(3.0, "um", (0.1, 20.0), "at the soma, diameter")
    positions_um: Data | None = data(
        "cell axis", "um", "z, y, x of every cell; none: drawn", None
    )
    morphology: Literal["soma", "cytosolic"] = static("soma", "what is labelled")
    max_cells: int = static(256, "places for cells", bounds=(1, 10**6))
    stamp_px: int = static(64, "side of a footprint's stamp", bounds=(3, 512))

    no_gradient: ClassVar[tuple[str, ...]] = ("density_per_mm3",)
    makes: ClassVar[dict[str, Signal]] = {
        "position": POSITION,
        "footprint": FOOTPRINT,
        "alive": Signal("cell", "1", "1 for a cell, 0 for an empty place"),
        "status": Signal("", "1", "degenerate when there are more cells than places"),
    }

    def __check_init__(self) -> None:
        top, bottom, given = self.depth_top_um, self.depth_bottom_um, self.positions_um
        if given is not None and (given.ndim != 2 or given.shape[1] != 3):
            raise ValueError(
                f"PlaceNeurons.positions_um has shape {given.shape}; give (cell, 3): z "
                "(below the surface), y, x (from the optical axis) of each in um."
            )
        if concrete(top, bottom) and bool(np.any(np.asarray(top > bottom))):
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
        cell = jnp.arange(self.n_places, dtype=jnp.uint32)
        keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(cell)
        places, shapes = (
            jax.vmap(lambda k: jax.random.split(k))(keys)[:, i] for i in (0, 1)
        )
        position, n_cells = self._position(canvas, places)
        alive = (cell < n_cells).astype(position.dtype)
        bad = jnp.asarray(DEGENERATE, jnp.uint8)
        return {
            "position": position,
            "footprint": self._footprint(canvas, shapes),
            "alive": alive,
            "status": jnp.where(n_cells > self.n_places, bad, jnp.uint8(1)),
        }

    def _position(self, canvas: Canvas, keys: Array) -> tuple[Array, Array]:
        if self.positions_um is not None:
            return self.positions_um, jnp.asarray(self.n_places, jnp.uint32)
        like = canvas.pixel_um.dtype
        draw = jax.vmap(lambda k: jax.random.uniform(k, (3,), like))(keys)
        size = canvas.size_um
        low = jnp.stack([self.depth_top_um, -size[0] / 2.0, -size[1] / 2.0])
        span = jnp.stack([self.depth_bottom_um - self.depth_top_um, size[0], size[1]])
        position = jnp.broadcast_to(low, draw.shape) + draw * jnp.broadcast_to(
            span, draw.shape
        )
        return position, jnp.round(self.n_cells(canvas)).astype(jnp.uint32)

    def n_cells(self, canvas: Canvas) -> Float[Array, ""]:
        """Cells that the density asks for, not yet rounded."""
        thick = self.depth_bottom_um - self.depth_top_um
        thick = jnp.maximum(thick, 2.0 * self.soma_radius_um)
        volume = canvas.size_um[0] * canvas.size_um[1] * thick * 1e-9  # mm^3
        return jax.lax.stop_gradient(self.density_per_mm3 * volume)

    def _footprint(self, canvas: Canvas, keys: Array) -> Float[Array, "cell s s"]:
        at = np.arange(self.stamp_px) - (self.stamp_px - 1) / 2.0
        y, x = (
            jnp.asarray(a, canvas.pixel_um.dtype)
            for a in np.meshgrid(at, at, indexing="ij")
        )
        scale = 1.0 / canvas.pixel_um
        radius = self.soma_radius_um * scale

        def paint(key: Array) -> Array:
            body, processes = jax.random.split(key)
            stamp = soma(body, (y, x), radius, self.irregularity)
            if self.morphology == "cytosolic":
                length = self.dendrite_length_um * scale
                width = self.dendrite_width_um * scale
                stamp = jnp.maximum(
                    stamp, dendrites(processes, (y, x), radius, length, width)
                )
            return stamp

        return jax.vmap(paint)(keys)


def stamp_px_needed(neurons: PlaceNeurons, pixel_um: float) -> int:
    """The least even `stamp_px` that holds every cell."""
    radius = float(np.max(neurons.soma_radius_um)) * (
        1.0 + float(np.max(neurons.irregularity))
    )
    if neurons.morphology == "cytosolic":
        length = 1.25 * float(np.max(neurons.dendrite_length_um))
        body = 0.8 * float(np.max(neurons.soma_radius_um))
        radius = max(radius, body + length)
    return 2 * math.ceil(radius / pixel_um + 1.0)
