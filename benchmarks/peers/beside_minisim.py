"""The same recordings by jaxsim, beside the stored numbers of minisim.

Two ways: "alike" takes the choices of the other program where ours has a setting for
them, "own" takes ours. `minisim_stored` says what then still differs.
"""

from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js
from benchmarks.peers.calcium_statistics import (
    N_SEEDS,
    PIXEL_UM,
    SETTING,
    cells,
    motion,
    statistics,
    within,
)
from jaxsim import imaging
from jaxsim.imaging.motion import margin_for


FEW = ("position", "alive", "in_focus", "spikes", "calcium.trace", "expression")
FEW += ("bleaching",)
ALL = (*FEW, "shift", "footprint", "sigma_px", "observed_gain", "neuropil_spatial")
ALL += (
    "neuropil_temporal",
    "neuropil_population",
    "vessel_mask",
    "render.movie",
    "vessels.movie",
)
ALL += ("motion.movie", "leakage.movie", "movie")


def alike(field_level: float = 1.0) -> js.Pipeline:
    """The setting, with the choices of the other program.

    Args:
        field_level: mean of its neuropil fields; ours have mean 1.
    """
    return imaging.planned(unplanned(field_level))


def unplanned(field_level: float = 1.0) -> js.Pipeline:
    """The same with places for its cells, but not yet for their light."""
    s = SETTING
    return js.Pipeline(
        miniscope=imaging.Miniscope(
            na=s["na"],
            magnification=s["magnification"],
            pixel_pitch_um=s["pixel_pitch_um"],
            field_curvature_radius_um=s["field_curvature_radius_um"],
            n_px_height=s["n_px"],
            n_px_width=s["n_px"],
            margin_px=margin_for(s["max_shift_um"], PIXEL_UM, "linear"),
            frame_rate_hz=s["rate_hz"],
            n_frames=s["n_frames"],
        ),
        illumination=imaging.Illumination(),
        neurons=imaging.PlaceNeurons(
            density_per_mm3=s["density_per_mm3"],
            soma_radius_um=s["soma_radius_um"],
            depth_top_um=s["depth_um"][0],
            depth_bottom_um=s["depth_um"][1],
            morphology="soma",
        ),
        spikes=imaging.MarkovSpikes.per_frame(
            s["opens_per_frame"], s["closes_per_frame"], s["rate_hz"]
        ),
        calcium=imaging.Calcium(kernel_s=2.5),
        bleaching=imaging.Bleaching(
            susceptibility_per_s=s["bleach_susceptibility_per_s"]
        ),
        focus=imaging.GivenFocus(depth_um=s["focal_depth_um"]),
        optics=imaging.Optics(),
        render=imaging.Render(),
        neuropil=imaging.Neuropil(
            amplitude=s["neuropil_amplitude"] * field_level,
            level="planted",
            bleaches=True,
        ),
        vessels=imaging.Vessels(
            depth_um=s["vessel_depth_um"],
            root_radius_um=s["vessel_root_radius_um"],
            min_radius_um=s["vessel_min_radius_um"],
        ),
        motion=imaging.OscillatorMotion(
            max_shift_um=s["max_shift_um"], interpolation="linear"
        ),
        illuminate=imaging.Illuminate(),
        vignette=imaging.Vignette(),
        leakage=imaging.Leakage(level=s["leakage_level"]),
        sensor=imaging.ImageSensor(
            photons_per_unit=s["photons_per_unit"],
            bit_depth=s["bit_depth"],
            shot_noise="gaussian",
        ),
    )


def own() -> js.Pipeline:
    """The setting, with our choices; motion is told from its mean place."""
    changes = {
        "miniscope.margin_px": margin_for(SETTING["max_shift_um"], PIXEL_UM),
        "calcium.kernel_s": None,
        "neuropil.level": "imaged",
        "motion.interpolation": "sinc",
        "motion.reference": "mean",
        "sensor.shot_noise": "poisson",
    }
    return imaging.planned(js.replace(unplanned(), changes))


def simulated(
    process: js.Pipeline, n_seeds: int = N_SEEDS, record: tuple[str, ...] = ALL
) -> Iterator[dict[str, Any]]:
    """Recordings as the arrays that both programs have, seed by seed; one program."""
    canvas = process.steps[0]()["canvas"]
    for seed in range(n_seeds):
        run = js.simulate(process, jax.random.key(seed), record)
        assert int(run.status) == 1, f"seed {seed}: {run.result}"
        yield arrays(process, canvas, {name: run[name].values for name in record})


def arrays(
    process: js.Pipeline, canvas: imaging.Canvas, values: dict[str, Any]
) -> dict[str, Any]:
    """Without empty places, and under the names of `calcium_statistics`."""
    here = np.asarray(values["alive"]) > 0.5
    position = np.asarray(values["position"])
    found = {
        "position": position[here],
        "in_focus": np.asarray(values["in_focus"])[here],
        "spikes": np.asarray(values["spikes"])[:, here],
        "trace": np.asarray(values["calcium.trace"])[:, here],
        "expression": np.asarray(values["expression"])[here],
        "bleaching": np.asarray(values["bleaching"])[:, here],
    }
    if "movie" not in values:
        return found
    inner = here & within(position, 0.5)
    seen = imaging.Image(
        values["footprint"],
        canvas.pixels(values["position"][:, 1:]),
        values["sigma_px"],
        values["observed_gain"],
    )
    field = np.asarray(canvas.crop(values["neuropil_spatial"]))
    # per unit of amplitude, as the other program tells it
    neuropil = process.steps[process.names.index("neuropil")]
    scale = float(neuropil.amplitude) / len(field)
    return found | {
        "shift": np.asarray(values["shift"]),
        "inner_depth": position[inner, 0],
        "inner_planted": np.asarray(values["footprint"])[inner].sum((1, 2)),
        "inner_observed": np.asarray(shown(seen, canvas))[inner],
        "neuropil_spatial": field,
        "neuropil_temporal": np.asarray(values["neuropil_temporal"]) / scale,
        "neuropil_population": np.asarray(values["neuropil_population"]),
        "vessel_mask": np.asarray(values["vessel_mask"]),
        "cells": np.asarray(values["render.movie"]),
        "before": np.asarray(values["vessels.movie"]),
        "after": np.asarray(values["motion.movie"]),
        "light": np.asarray(values["leakage.movie"]),
        "counts": np.asarray(values["movie"]),
    }


@eqx.filter_jit
def shown(image: imaging.Image, canvas: imaging.Canvas) -> jax.Array:
    """Every footprint over the whole field of view."""
    n, like = len(image.sigma), image.sigma.dtype
    grids = (
        jnp.broadcast_to(canvas.margin + jnp.arange(size, dtype=like), (n, size))
        for size in canvas.fov
    )
    return image.window(jnp.arange(n), *grids)


def columns(found: Iterator[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Name -> value for each seed."""
    rows = list(found)
    return {name: np.asarray([row[name] for row in rows], float) for name in rows[0]}


def of_movies(process: js.Pipeline, n_seeds: int = N_SEEDS) -> dict[str, np.ndarray]:
    """Every statistic."""
    return columns(statistics(r) for r in simulated(process, n_seeds))


def of_cells(n_seeds: int) -> dict[str, np.ndarray]:
    """Those of the cells, without any light."""
    process = unplanned()
    before = process.names.index("render")
    steps = zip(process.names[:before], process.steps[:before], strict=True)
    front = js.Pipeline(**dict(steps))
    return columns(cells(r) for r in simulated(front, n_seeds, FEW))


def of_paths(n_seeds: int = N_SEEDS) -> dict[str, np.ndarray]:
    """Those of the motion, by itself."""
    process = unplanned()
    shaking = process.steps[process.names.index("motion")]
    canvas = process.steps[0]()["canvas"]
    keys = jax.random.split(jax.random.key(0), n_seeds)
    paths = jax.jit(jax.vmap(lambda key: shaking.path_um(canvas, key)))(keys)
    return columns(motion({"shift": np.asarray(path) / PIXEL_UM}) for path in paths)
