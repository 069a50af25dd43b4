"""The truth of a movie that is too large to record, made anew when it is asked for."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from jaxsim.core.pipeline import Pipeline
from jaxsim.core.recording import Recording
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.image import Image


BATCH = 32  # cells whose light is held on the canvas at once


def footprints(recording: Recording, cells: Any = None, kind: str = "observed") -> Any:
    """Where the light of each cell falls in the field of view, while the tissue rests.

    Footprints of all cells are far larger than what they are made of, so a recording
    holds none: they are made here, bit for bit as the movie's, from its process and
    key. A thousand cells of 608 x 608 pixels are 1.5 GB; choose some.

    Args:
        recording: made by a process with the steps miniscope ... optics. Nothing of it
            needs to be recorded.
        cells: numbers of the cells, or a mask; all places by default (those without a
            cell are dark).
        kind: "observed", through the optics; or "planted", before them, at rest and of
            peak 1.

    Returns:
        (cell, height, width), a NumPy array.

    Raises:
        ValueError: the recording does not know its process, or that makes no image;
            an unknown kind; no such cell.
    """
    if kind not in ("observed", "planted"):
        raise ValueError(
            f"footprints: kind = {kind!r}; there are 'observed' and 'planted'."
        )
    process, key = made_by(recording, "footprints")
    image, canvas = image_of(process, key)
    if kind == "planted":
        sharp = jnp.full_like(image.sigma, 1e-3)
        there = (image.gain > 0).astype(sharp.dtype)
        image = Image(image.stamp, image.centre, sharp, there)
    chosen = _numbers(cells, len(image.sigma))
    found = np.empty((len(chosen), *canvas.fov), np.asarray(image.sigma).dtype)
    for at in range(0, len(chosen), BATCH):
        some = chosen[at : at + BATCH]
        padded = np.resize(some, BATCH) if len(some) else some
        found[at : at + BATCH] = _on_canvas(image, canvas, padded)[: len(some)]
    return found


def sample_neurons(process: Pipeline, key: PRNGKeyArray) -> np.ndarray:
    """Where the cells of a process lie: z, y, x in um, without painting or lighting.

    The same cells that `js.simulate(process, key)` places.

    Raises:
        ValueError: the process places no cells.
    """
    made = _placed(_front(process, "position", "sample_neurons"), key)
    position, alive = (np.asarray(values) for values in made)
    return position[alive > 0.5]


def subset(recording: Recording, cells: Any) -> Recording:
    """A recording of some cells: their signals are cut, those of the movie stay.

    Args:
        recording: of one run.
        cells: numbers of the cells, or a mask: `found.detectable`, for one.

    Raises:
        ValueError: no such cell, or a recording of many runs.
    """
    if np.ndim(recording.status):
        raise ValueError("subset takes the recording of one run, not of a sweep.")
    series = []
    for one in recording.series:
        dims = one.card.dims.split()
        if "cell" in dims:
            axis = dims.index("cell")
            chosen = _numbers(cells, one.values.shape[axis])
            one = one.with_values(one.values.take(chosen, axis=axis))
        series.append(one)
    return eqx.tree_at(lambda r: r.series, recording, tuple(series))


def made_by(recording: Recording, who: str) -> tuple[Pipeline, PRNGKeyArray]:
    """The process and key of a recording.

    Raises:
        ValueError: it does not know them, or is of many runs.
    """
    process, key = recording.process, recording.key
    if np.ndim(recording.status):
        raise ValueError(f"{who} takes the recording of one run, not of a sweep.")
    if not isinstance(process, Pipeline) or key is None:
        raise ValueError(
            f"{who} needs a recording that knows its process and key: one that "
            "js.simulate gave, or js.load."
        )
    return process, key


def image_of(process: Pipeline, key: PRNGKeyArray) -> tuple[Image, Canvas]:
    """Footprints in their compact form, and the canvas on which they lie."""
    return _imaged(_front(process, "image", "footprints"), key)


def _front(process: Pipeline, signal: str, who: str) -> Pipeline:
    """The steps up to the one that makes a signal."""
    for i, step in enumerate(process.steps):
        if signal in step.cards():
            names = process.names[: i + 1]
            return Pipeline(**dict(zip(names, process.steps[: i + 1], strict=True)))
    raise ValueError(
        f"{who}: no step of this process makes '{signal}'; it has "
        f"{', '.join(process.names)}."
    )


@eqx.filter_jit
def _imaged(front: Pipeline, key: PRNGKeyArray) -> tuple[Image, Canvas]:
    made = front(key)
    return made["image"], made["canvas"]


@eqx.filter_jit
def _placed(front: Pipeline, key: PRNGKeyArray) -> tuple[Array, Array]:
    made = front(key)
    return made["position"].values, made["alive"].values


@eqx.filter_jit
def _on_canvas(
    image: Image, canvas: Canvas, cells: Int[Array, "n"] | Int[np.ndarray, "n"]
) -> Float[Array, "n y x"]:
    rows, columns = (
        jnp.broadcast_to(canvas.margin + jnp.arange(n), (len(cells), n))
        for n in canvas.fov
    )
    like = image.sigma.dtype
    return image.window(jnp.asarray(cells), rows.astype(like), columns.astype(like))


def _numbers(
    cells: Int[np.ndarray, "n"] | Bool[np.ndarray, "n"] | Any, n_cells: int
) -> Int[np.ndarray, "n"]:
    """A choice of cells as their numbers."""
    if cells is None:
        return np.arange(n_cells)
    chosen = np.atleast_1d(np.asarray(cells))
    if chosen.dtype == bool:
        if chosen.shape != (n_cells,):
            raise ValueError(
                f"a mask of {chosen.shape} cannot choose among {n_cells} cells."
            )
        return np.flatnonzero(chosen)
    if chosen.dtype.kind not in "iu" or chosen.ndim != 1:
        raise ValueError(
            f"cells takes their numbers or a mask, not {chosen.dtype} {chosen.shape}."
        )
    if len(chosen) and not (-n_cells <= chosen.min() and chosen.max() < n_cells):
        raise ValueError(
            f"cells from {chosen.min()} to {chosen.max()} were asked for; there are "
            f"{n_cells}."
        )
    return chosen % n_cells
