"""The recordings that a client is given, in numbers that other simulators take too."""

import math
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import jaxsim as js
from jaxsim import imaging as im
from jaxsim.imaging.motion import margin_for


@dataclass(frozen=True)
class Wanted:
    """Cells in a thin, shallow layer, without neuropil: 49 in view by default.

    At 1500 photons per unit of light 5 to 8 % of all pixels saturate, at 600 some
    2 %.
    """

    photons_per_unit: float
    seed: int
    duration_s: float = 60.0
    density_per_mm3: float = 150_000.0
    walk_um: float = 0.0  # per frame and axis; zero: the tissue stands still
    max_shift_um: float = 4.0
    n_px: int = 128
    pixel_um: float = 1.0
    frame_rate_hz: float = 20.0
    na: float = 0.35
    soma_radius_um: float = 5.0
    depth_um: tuple[float, float] = (0.0, 20.0)
    focus_um: float = 10.0  # given: simulators differ in where they focus

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def still(photons_per_unit: float, seed: int) -> Wanted:
    """For the cells: one minute, 49 of them."""
    return Wanted(photons_per_unit, seed)


def walking(seed: int) -> Wanted:
    """For the motion: half a minute, 107 cells on the canvas, held within 4 um."""
    return Wanted(1000.0, seed, duration_s=30.0, density_per_mm3=280_000.0, walk_um=0.3)


class Truth(NamedTuple):
    """What a client is to find, and the movie that it sees."""

    footprints: np.ndarray  # (unit, height, width)
    traces: np.ndarray  # (unit, frame)
    shift: np.ndarray  # (frame, 2), px
    movie: np.ndarray  # (frame, height, width)
    sigma_px: np.ndarray  # blur of each unit
    versions: dict[str, str]


def process_of(wanted: Wanted) -> js.Pipeline:
    """The pipeline that makes it."""
    margin = 0
    if wanted.walk_um:
        margin = margin_for(wanted.max_shift_um, wanted.pixel_um)
    steps: dict[str, Any] = {
        "miniscope": im.Miniscope(
            na=wanted.na,
            magnification=8.0,
            pixel_pitch_um=8.0 * wanted.pixel_um,
            n_px_height=wanted.n_px,
            n_px_width=wanted.n_px,
            margin_px=margin,
            frame_rate_hz=wanted.frame_rate_hz,
            n_frames=round(wanted.duration_s * wanted.frame_rate_hz),
        ),
        "neurons": im.PlaceNeurons(
            density_per_mm3=wanted.density_per_mm3,
            soma_radius_um=wanted.soma_radius_um,
            depth_top_um=wanted.depth_um[0],
            depth_bottom_um=wanted.depth_um[1],
        ),
        "spikes": im.MarkovSpikes(),
        "calcium": im.Calcium(),
        "focus": im.GivenFocus(depth_um=wanted.focus_um),
        "optics": im.Optics(),
        "render": im.Render(),
    }
    if wanted.walk_um:
        steps["motion"] = im.WalkMotion(
            spread_um=wanted.walk_um * math.sqrt(wanted.frame_rate_hz),
            max_shift_um=wanted.max_shift_um,
        )
    sensor = im.ImageSensor(photons_per_unit=wanted.photons_per_unit)
    return im.planned(js.Pipeline(**steps, sensor=sensor))


TRUTH = ("movie", "trace", "sigma_px", "alive")


def record(wanted: Wanted, folder: Path) -> Truth:
    """Simulate, export `folder` as 0.avi, 1.avi, ..., and say what is in it."""
    process = process_of(wanted)
    names = (*TRUTH, "shift") if wanted.walk_um else TRUTH
    recording = js.simulate(process, jax.random.key(wanted.seed), names)
    if not recording.ok:
        raise RuntimeError(f"the recording {recording.result}")
    js.export_movie(recording, folder)
    values = {name: np.asarray(recording[name].values) for name in names}
    there = values["alive"] > 0
    return Truth(
        im.footprints(recording, there),
        values["trace"].T[there],
        values.get("shift", np.zeros((0, 2))),
        values["movie"],
        values["sigma_px"][there],
        {"jaxsim-neuro": metadata.version("jaxsim-neuro"), "jax": jax.__version__},
    )
