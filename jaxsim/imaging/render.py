"""Render: cells and their traces become light on the canvas."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import static
from jaxsim.core.recording import DEGENERATE, OK
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.image import Image
from jaxsim.imaging.signals import MOVIE


MOST_SPILLED = 0.01  # of a cell's light, or the run is degenerate

# a window added in place: its transpose is one small read, unlike slice-and-update's
_WINDOW = jax.lax.ScatterDimensionNumbers(
    update_window_dims=(0, 1, 2),
    inserted_window_dims=(),
    scatter_dims_to_operand_dims=(1, 2),
)


class Render(AbstractFrameStep):
    r"""Paint every cell: footprint times fluorescence, added up.

    $$ M_t(y, x) = \sum_i A_i(y, x)\, C_i(t) $$

    A cell is painted as a square patch. Patches come in classes of a fixed size and
    number; the widest cells, by rank, get the widest patches, so shapes are static
    while every parameter of the optics may change. A cell that reaches beyond its patch
    loses light: `spilled` is the largest part that any cell loses, and above 1 % the
    status of the run is "degenerate".

    **Needs:** `trace`, `image`, `canvas`. **Makes:** `movie` (as large as the canvas),
    `spilled`.
    """

    patches: tuple[tuple[int, int], ...] = static(
        ((64, 0),),
        "(side in pixels, number of cells) of each class, widest first; the last class "
        "takes all cells that are left, and its number is not used",
    )

    makes: ClassVar[dict[str, Signal]] = {
        "movie": MOVIE,
        "cut": Signal("", "", "footprints cut in squares"),
        "spilled": Signal("", "1", "light that a cell loses at its patch, at most"),
        "status": Signal("", "1", "degenerate when a cell spills more than 1 %"),
    }
    makes_once: ClassVar[tuple[str, ...]] = ("cut", "spilled", "status")
    blockwise: ClassVar[bool] = True

    def once(self, image: Image, canvas: Canvas) -> dict[str, Any]:
        """Cut the footprints, the widest first."""
        n_cells, lit = len(image.sigma), image.gain > 0
        reach = jnp.where(lit, image.reach(), 0.0)  # empty places: last
        order = jnp.argsort(-reach)
        half = jnp.zeros_like(reach)
        cut, at = [], 0
        for i, (size, count) in enumerate(self.patches):
            last = i == len(self.patches) - 1
            cell = order[at:] if last else order[at : at + count]
            at = min(n_cells, at + count)
            if not cell.shape[0]:
                continue
            cut.append((*image.patches(size, canvas.shape, cell), cell))
            half = half.at[cell].set(size / 2.0)
        spilled = jnp.max(jnp.where(lit, image.outside(half), 0.0))
        bad, good = jnp.uint8(DEGENERATE), jnp.uint8(OK)
        status = jnp.where(spilled > MOST_SPILLED, bad, good)
        return {"cut": tuple(cut), "spilled": spilled, "status": status}

    def __call__(
        self, trace: Float[Array, "time cell"], cut: Any, canvas: Canvas
    ) -> dict[str, Any]:
        """Add the patches up, one cell after the other, a block of frames at a time."""
        movie = jnp.zeros((len(trace), *canvas.shape), trace.dtype)

        def paint(movie: Array, cell: Any) -> tuple[Array, None]:
            light, corner, bright = cell
            painted = jax.lax.scatter_add(
                movie,
                corner,
                outer(bright, light),
                _WINDOW,
                unique_indices=True,
                mode=jax.lax.GatherScatterMode.PROMISE_IN_BOUNDS,
            )
            return painted, None

        for light, corner, cell in cut:
            movie, _ = jax.lax.scan(paint, movie, (light, corner, trace[:, cell].T))
        return {"movie": movie}


def outer(
    bright: Float[Array, " time"], light: Float[Array, "h w"]
) -> Float[Array, "time h w"]:
    """Every product of the two, as a product of matrices.

    The compiler makes the same loop of it as of `bright[:, None, None] * light`, but
    its transposes are products of matrices too, three times faster than sums.
    """
    product = jax.lax.dot_general(bright, light.reshape(-1), (((), ()), ((), ())))
    return product.reshape(*bright.shape, *light.shape)
