"""Render: cells and their traces become light on the canvas."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import static
from jaxsim.core.recording import DEGENERATE
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.footprints import Image
from jaxsim.imaging.signals import MOVIE


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
    number; the widest cells, by rank of blur, get the widest patches, so shapes are
    static while every parameter of the optics may change. A cell that reaches beyond
    its patch would lose light: `spilled` tells by how much, and the status of the run
    is then "degenerate".

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
        "spilled": Signal(
            "", "px", "how far cells reach beyond their patches, at most"
        ),
        "status": Signal("", "1", "degenerate when something spills"),
    }
    makes_once: ClassVar[tuple[str, ...]] = ("cut", "spilled", "status")
    blockwise: ClassVar[bool] = True

    def once(self, image: Image) -> dict[str, Any]:
        """Cut the footprints, the widest first."""
        n_cells = len(image.sigma)
        reach = jnp.where(image.gain > 0, image.reach(), 0.0)  # empty places: last
        order = jnp.argsort(-reach)
        cut, worst, at = [], [], 0
        for i, (size, count) in enumerate(self.patches):
            last = i == len(self.patches) - 1
            cell = order[at:] if last else order[at : at + count]
            at = min(n_cells, at + count)
            if not cell.shape[0]:
                continue
            light, corner = image.patches(size, cell)
            cut.append((light, corner, cell))
            worst.append(jnp.max(reach[cell] - size / 2.0))
        spilled = jnp.maximum(jnp.max(jnp.stack(worst)), 0.0)
        bad = jnp.asarray(DEGENERATE, jnp.uint8)
        status = jnp.where(spilled > 0.5, bad, jnp.uint8(1))
        return {"cut": tuple(cut), "spilled": spilled, "status": status}

    def __call__(
        self, trace: Float[Array, "time cell"], cut: Any, canvas: Canvas
    ) -> dict[str, Any]:
        """Add the patches up, one cell after the other, a block of frames at a time."""
        pad = max(size for size, _ in self.patches)
        height, width = canvas.shape
        frames = (len(trace), height + 2 * pad, width + 2 * pad)
        movie = jnp.zeros(frames, trace.dtype)

        def paint(movie: Array, cell: Any) -> tuple[Array, None]:
            light, corner, bright = cell
            painted = jax.lax.scatter_add(
                movie,
                corner,
                bright[:, None, None] * light[None],
                _WINDOW,
                unique_indices=True,
                mode=jax.lax.GatherScatterMode.PROMISE_IN_BOUNDS,
            )
            return painted, None

        for light, corner, cell in cut:
            # what lies wholly outside is painted into the rim, which is cut off
            most = (side - light.shape[-1] for side in movie.shape[1:])
            inside = [jnp.clip(corner[:, i] + pad, 0, m) for i, m in enumerate(most)]
            given = light, jnp.stack(inside, axis=1), trace[:, cell].T
            movie, _ = jax.lax.scan(paint, movie, given)
        return {"movie": movie[:, pad:-pad, pad:-pad]}
