"""Vessels: a layer of blood above the cells absorbs their light."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Param, concrete, param, static
from jaxsim.core.recording import DEGENERATE, OK
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.optics import blur_um
from jaxsim.imaging.signals import FIELD, MOVIE
from jaxsim.imaging.vessel_tree import Habit, Segments, grow, path_length


PER_TILE = 512  # segments that a tile of 32 x 32 px looks at
SWELL = 0.05  # relative radius over which the mask's response to dilation is taken


class Shade(eqx.Module):
    """Light that is left on the whole canvas, and how it changes with the calibre."""

    mask: Float[Array, "y x"]
    per_dilation: Float[Array, "y x"] | None  # d mask / d relative radius


class Vessels(AbstractFrameStep):
    r"""One layer of branching vessels, out of focus like the tissue at its depth.

    $$ M = G_\sigma * \bigl[1 - o\,(1 - e^{-k L})\bigr],\qquad
       \text{movie} \mathrel{\times}= M $$

    L is the path of light through the vessels: the chord of a tube,
    $2\sqrt{r^2 - d^2}$; where several overlap they add. Blur is that of the optics at
    the depth z of the layer,
    $\sigma^2 = (0.21 \lambda / NA)^2 + (b z)^2 + NA^2 (z - f)^2$. Trees enter at the
    edges of the canvas; a vessel of radius r splits into $r a^{1/3}$ and
    $r (1 - a)^{1/3}$ (Murray's law).

    With `pulsates`, all radii swell together, $r(t) = r (1 + p(t))$: with the heart,
    with breathing, and slowly (vasomotion), each with a phase of its own. The mask
    follows to first order, by its response to a change of 5 %.

    Give one step per layer. Which branches grow does not change smoothly, so
    `branch_prob` and `min_radius_um` have no gradient; all else has.

    **Needs:** `movie` on the canvas, `canvas`, `focal_depth`. **Makes:** `movie`;
    `vessel_mask`, the light left in the field of view at rest; `vessel_dilation`;
    `shade`, the mask on the canvas; `status`, degenerate when more segments cross a
    place than are looked at there.
    """

    depth_um: Param = param(30.0, "um", (0.0, 2000.0), "depth of the layer")
    root_radius_um: Param = param(22.0, "um", (0.1, 500.0), "of vessels that enter")
    min_radius_um: Param = param(2.0, "um", (0.05, 500.0), "where a vessel ends")
    opacity: Param = param(0.85, "1", (0.0, 1.0), "light that thick vessels take")
    absorption_per_um: Param = param(0.04, "1/um", (1e-6, 10.0), "along the path")
    branch_prob: Param = param(0.2, "1", (0.0, 0.99), "of a side branch, per step")
    tortuosity_deg: Param = param(8.0, "deg", (0.0, 90.0), "wander of the heading")
    branch_angle_deg: Param = param(30.0, "deg", (0.0, 90.0), "of a side branch")
    branch_area_main: Param = param(0.7, "1", (0.5, 0.99), "part of r^3 that goes on")
    step_per_radius: Param = param(1.5, "1", (0.1, 10.0), "length of a step")
    scatter_blur_per_um: Param = param(
        0.05, "1", (0.0, 10.0), "blur per depth, as in Optics"
    )
    heart_hz: Param = param(10.0, "Hz", (0.0, 30.0), "rate of the heart")
    heart_swing: Param = param(0.02, "1", (0.0, 0.5), "relative radius, heart")
    breath_hz: Param = param(2.5, "Hz", (0.0, 10.0), "rate of breathing")
    breath_swing: Param = param(0.01, "1", (0.0, 0.5), "relative radius, breathing")
    vasomotion_hz: Param = param(0.1, "Hz", (0.0, 1.0), "rate of vasomotion")
    vasomotion_swing: Param = param(0.05, "1", (0.0, 0.5), "relative radius, slow")
    n_roots: int = static(4, "vessels that enter", bounds=(1, 64))
    max_segments: int = static(500, "of each tree, thickest first", bounds=(1, 10**5))
    pulsates: bool = static(False, "whether radii change in time")

    no_gradient: ClassVar[tuple[str, ...]] = ("branch_prob", "min_radius_um")
    makes: ClassVar[dict[str, Signal]] = {
        "movie": MOVIE,
        "vessel_mask": FIELD,
        "vessel_dilation": Signal("time", "1", "relative change of all radii"),
        "shade": Signal("", "", "light left on the canvas"),
        "status": Signal("", "1", "degenerate when vessels were left out"),
    }
    makes_once: ClassVar[tuple[str, ...]] = (
        "vessel_mask",
        "vessel_dilation",
        "shade",
        "status",
    )

    def __check_init__(self) -> None:
        if not concrete(self.min_radius_um, self.root_radius_um):
            return
        # on the host: inside another program JAX would trace the comparison
        thin, thick = np.asarray(self.min_radius_um), np.asarray(self.root_radius_um)
        if (thin >= thick).any():
            raise ValueError(
                f"Vessels.min_radius_um = {thin:g} um must be below root_radius_um = "
                f"{thick:g} um, or nothing grows."
            )

    def once(
        self, canvas: Canvas, focal_depth: Series, key: PRNGKeyArray
    ) -> dict[str, Any]:
        """Grow, look through, blur."""
        tree_key, pulse_key = jax.random.split(key)
        segments = grow(
            tree_key, self._habit(), canvas.size_um, self.n_roots, self.max_segments
        )
        sigma = self.blur_px(canvas, jnp.asarray(focal_depth.values))

        def mask(scale: Array) -> tuple[Array, Array]:
            wide = segments._replace(radius=segments.radius * scale)
            return self._mask(wide, canvas, sigma)

        rest, slope = jnp.ones_like(self.depth_um), None
        light, seen = mask(rest)
        if self.pulsates:
            wide, narrow = mask(rest + SWELL)[0], mask(rest - SWELL)[0]
            slope = (wide - narrow) / (2.0 * SWELL)
        status = jnp.where(seen, jnp.uint8(OK), jnp.uint8(DEGENERATE))
        cards = self.cards()
        return {
            "vessel_mask": canvas.crop(light),
            "vessel_dilation": canvas.series(
                self._dilation(pulse_key, canvas), cards["vessel_dilation"]
            ),
            "shade": Shade(light, slope),
            "status": status,
        }

    def __call__(
        self, movie: Float[Array, "y x"], shade: Shade, vessel_dilation: Array
    ) -> dict[str, Any]:
        """The light that is left."""
        if shade.per_dilation is None:
            return {"movie": movie * shade.mask}
        mask = shade.mask + vessel_dilation * shade.per_dilation
        return {"movie": movie * jnp.clip(mask, 0.0, 1.0)}

    def blur_px(
        self, canvas: Canvas, focal_depth: Float[Array, ""]
    ) -> Float[Array, ""]:
        """Standard deviation of the blur at the depth of the layer."""
        off = self.depth_um - focal_depth
        return blur_um(canvas, self.scatter_blur_per_um * self.depth_um, off) / (
            canvas.pixel_um
        )

    def _habit(self) -> Habit:
        turn = jnp.pi / 180.0
        return Habit(
            self.root_radius_um,
            self.min_radius_um,
            self.branch_prob,
            self.tortuosity_deg * turn,
            self.branch_angle_deg * turn,
            self.branch_area_main,
            self.step_per_radius,
        )

    def _mask(
        self, segments: Segments, canvas: Canvas, sigma_px: Array
    ) -> tuple[Array, Array]:
        rows, columns = canvas.grid_um()
        length, seen = path_length(segments, rows[:, 0], columns[0], PER_TILE)
        taken = self.opacity * (1.0 - jnp.exp(-self.absorption_per_um * length))
        return 1.0 - blurred(taken, sigma_px), seen

    def _dilation(self, key: PRNGKeyArray, canvas: Canvas) -> Float[Array, "time"]:
        like = self.depth_um.dtype
        if not self.pulsates:
            return jnp.zeros(canvas.n_frames, like)
        phase = jax.random.uniform(key, (1, 3), like)
        hertz = jnp.stack([self.heart_hz, self.breath_hz, self.vasomotion_hz])
        swing = jnp.stack([self.heart_swing, self.breath_swing, self.vasomotion_swing])
        seconds = jnp.arange(canvas.n_frames, dtype=like) / canvas.rate_hz
        turns = seconds[:, None] * hertz[None, :] + phase
        return (swing[None, :] * jnp.sin(2.0 * jnp.pi * turns)).sum(1)


def blurred(
    image: Float[Array, "y x"], sigma_px: Float[Array, ""]
) -> Float[Array, "y x"]:
    """A Gaussian blur that sees the picture end at its edges: weights are renormalised.

    Two products with matrices, so that the width may be traced and differentiated.
    """

    def weights(n: int) -> Array:
        at = jnp.arange(n, dtype=image.dtype)
        off = (at[:, None] - at[None, :]) / sigma_px
        bell = jnp.exp(-0.5 * off**2)
        return bell / bell.sum(1, keepdims=True)

    down, right = weights(image.shape[0]), weights(image.shape[1])
    exact = jax.lax.Precision.HIGHEST
    return jnp.matmul(
        jnp.matmul(down, image, precision=exact), right.T, precision=exact
    )


def vessel_overlap(
    footprints: Float[Array, "cell y x"], mask: Float[Array, "y x"]
) -> Float[Array, "cell"]:
    r"""The part of each cell's light that vessels take, $1 - \sum A M / \sum A$.

    Args:
        footprints: as observed, on the grid of the mask; a dark one gives 0.
        mask: `vessel_mask`.
    """
    light = footprints.sum((1, 2))
    left = (footprints * mask[None]).sum((1, 2))
    lit = light > 0
    return jnp.where(lit, 1.0 - left / jnp.where(lit, light, 1.0), 0.0)
