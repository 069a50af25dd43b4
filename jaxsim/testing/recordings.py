"""A small movie of a few cells, for the tests of programs that analyse movies."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim import imaging
from jaxsim.core.declared import replace
from jaxsim.core.pipeline import Pipeline
from jaxsim.core.recording import Recording
from jaxsim.core.simulate import check_key, simulate
from jaxsim.core.step import fold_name


CENTRAL = 0.7  # of the field of view, where the cells lie
JITTER = 0.15  # of the distance between them, at most
FRAME_RATE_HZ = 20.0


def make_recording(
    key: PRNGKeyArray | None = None,
    *,
    n_cells: int = 6,
    n_px: int = 128,
    duration_s: float = 2.0,
    changes: dict[str, Any] | None = None,
) -> Recording:
    """A movie of a few lively cells, far enough apart to be told apart, and its truth.

    Cell bodies of 5 um radius lie 50 um deep, in focus, on a grid in the middle 70 % of
    the field of view, each moved by up to 15 % of the distance to the next. A pixel is
    1 um, a frame 50 ms. There is no motion, no neuropil and no vessel: a program that
    does not find these cells is broken.

    ```python
    recording = js.testing.make_recording(jax.random.key(0))
    movie = recording["movie"].values             # (frame, y, x), uint8
    traces = recording["trace"].values            # (frame, cell)
    footprints = js.imaging.footprints(recording) # (cell, y, x)
    ```

    A few seconds the first time, for compilation, and hundredths of one from then on,
    with another key, too. The same key gives the same recording.

    Args:
        key: of the run; `jax.random.key(0)` if not given.
        n_cells: on the grid.
        n_px: side of the field of view, px (and um).
        duration_s: of the movie.
        changes: path -> value, as `js.replace` takes them; the steps are `miniscope`,
            `neurons`, `spikes`, `calcium`, `focus`, `optics`, `render` and `sensor`.

    Raises:
        ValueError: no cell, a movie without a frame, or cells that do not fit.
    """
    key = jax.random.key(0) if key is None else key
    check_key(key)
    n_frames = round(duration_s * FRAME_RATE_HZ)
    if n_cells < 1 or n_frames < 1:
        raise ValueError(
            f"make_recording: {n_cells} cells and {duration_s:g} s; give at least one "
            f"cell and one frame ({1.0 / FRAME_RATE_HZ:g} s)."
        )
    process = Pipeline(
        miniscope=imaging.Miniscope(
            magnification=8.0,
            pixel_pitch_um=8.0,
            n_px_height=n_px,
            n_px_width=n_px,
            margin_px=0,
            n_frames=n_frames,
            frame_rate_hz=FRAME_RATE_HZ,
        ),
        neurons=imaging.PlaceNeurons(
            positions_um=_grid(fold_name(key, "places"), n_cells, float(n_px)),
            soma_radius_um=5.0,
            stamp_px=16,
        ),
        spikes=imaging.MarkovSpikes.per_frame(0.05, 0.3, FRAME_RATE_HZ),
        calcium=imaging.Calcium(),
        focus=imaging.LeastDefocus(),
        optics=imaging.Optics(),
        render=imaging.Render(patches=((32, n_cells),)),
        sensor=imaging.ImageSensor(photons_per_unit=40.0),
    )
    if changes:
        process = imaging.planned(replace(process, changes))
    return simulate(process, key)


def _grid(key: PRNGKeyArray, n_cells: int, side_um: float) -> Float[Array, "cell axis"]:
    """Depth, y and x of each cell, row by row."""
    columns = math.ceil(math.sqrt(n_cells))
    rows = math.ceil(n_cells / columns)
    row, column = np.divmod(np.arange(n_cells), columns)
    moved = jax.random.uniform(key, (n_cells, 2), minval=-JITTER, maxval=JITTER)
    at = np.stack([row, column], axis=1) + 0.5 + np.asarray(moved)
    across = CENTRAL * side_um * (at / [rows, columns] - 0.5)
    places = np.column_stack([np.full(n_cells, 50.0), across])
    return jnp.asarray(places, jnp.result_type(float))
