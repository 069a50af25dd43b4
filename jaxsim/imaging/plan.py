"""Static sizes that fit a process: places for cells, stamps and patches."""

import math
from typing import Any

import jax
import numpy as np

from jaxsim.core.declared import replace
from jaxsim.core.pipeline import Pipeline
from jaxsim.imaging.cautions import refuse, warn
from jaxsim.imaging.neurons import PlaceNeurons, cells_needed, stamp_px_needed
from jaxsim.imaging.populations import parts_of
from jaxsim.imaging.render import Render
from jaxsim.imaging.truth import image_of


SPARE = 1.15  # room for parameters that change later


def planned(process: Pipeline, key: Any = None) -> Pipeline:
    """A process whose sizes hold its cells, their shapes and their blurs.

    Sizes are static, while every parameter may change under one compiled program. So
    they are planned for what a process says now, with 15 % to spare; call this again
    after a change that needs more (a run that does not fit says "degenerate").

    Args:
        process: with a step that places cells (or several, in `Populations`), and
            `render`.
        key: for the example that is looked at; another one changes little.

    Raises:
        TypeError: it lacks one of these steps.
        ValueError: cells larger than the field of view, transients within a frame.

    Warns (`ImagingWarning`) of a focus outside the cells, and of motion over more than
    5 % of the field of view.
    """
    process = sized(process, key)
    warn(process)
    return process


def sized(process: Pipeline, key: Any = None) -> Pipeline:
    """What `planned` gives, without a word."""
    steps = dict(zip(process.names, process.steps, strict=True))
    placed = {p: s for p, s in parts_of(process) if isinstance(s, PlaceNeurons)}
    if not placed or not isinstance(steps.get("render"), Render):
        raise TypeError(
            "imaging.planned needs a pipeline with the steps neurons=PlaceNeurons(...) "
            "and render=Render(...)."
        )
    canvas = steps["miniscope"]()["canvas"]
    refuse(process, canvas)
    changes: dict[str, Any] = {}
    for path, neurons in placed.items():
        stamp_px = stamp_px_needed(neurons, float(canvas.pixel_um))
        changes[f"{path}.stamp_px"] = stamp_px
        if neurons.positions_um is None:
            n_cells = cells_needed(neurons, canvas)
            changes[f"{path}.max_cells"] = math.ceil(SPARE * n_cells)
    process = replace(process, changes)
    reach = _reach(process, jax.random.key(0) if key is None else key)
    return replace(process, {"render.patches": patch_classes(reach)})


def _reach(process: Pipeline, key: Any) -> np.ndarray:
    """How far each cell's light goes, px; of an example."""
    image, _ = image_of(process, key)
    return np.where(image.light() > 0, image.reach(), 0.0)


def patch_classes(reach: np.ndarray, step: int = 16) -> tuple[tuple[int, int], ...]:
    """Sides in steps of 16 px with the number of cells that need each, widest first.

    Of the wide ones there are 15 % and two more than this example needs, since another
    draw of cells has more of them; empty places, of reach 0, need none.
    """
    sides = np.ceil(2.0 * np.asarray(reach) / step).astype(int) * step
    sides = np.maximum(sides, step)
    found = np.unique(sides[sides > step] if (sides > step).any() else sides)[::-1]
    room = [math.ceil(SPARE * (sides >= side).sum()) + 2 for side in found]
    counts = np.diff([0, *np.minimum(room, len(sides))])
    return tuple((int(s), int(n)) for s, n in zip(found, counts, strict=True) if n)
