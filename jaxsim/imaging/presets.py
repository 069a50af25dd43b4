"""Whole recordings by the name of the microscope and the tissue under it."""

from collections.abc import Sequence
from typing import Any

from jaxsim.core.declared import nearest, replace
from jaxsim.core.pipeline import Pipeline, as_pipeline
from jaxsim.core.step import AbstractStep, step_name
from jaxsim.imaging.bleaching import Bleaching
from jaxsim.imaging.calcium import Calcium
from jaxsim.imaging.cautions import warn
from jaxsim.imaging.focus import LeastDefocus
from jaxsim.imaging.illumination import Illuminate, Illumination
from jaxsim.imaging.image_sensor import ImageSensor
from jaxsim.imaging.leakage import Leakage
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.motion import OscillatorMotion, StillTissue, margin_for
from jaxsim.imaging.neurons import PlaceNeurons
from jaxsim.imaging.neuropil import Neuropil
from jaxsim.imaging.optics import Optics
from jaxsim.imaging.plan import sized
from jaxsim.imaging.render import Render
from jaxsim.imaging.spikes import MarkovSpikes
from jaxsim.imaging.spikes_from_outside import PoissonSpikes
from jaxsim.imaging.vessels import Vessels
from jaxsim.imaging.vignette import Vignette


# nominal values of the instruments; pixels as height, width
SCOPES: dict[str, dict[str, Any]] = {
    "miniscope_v4": {
        "na": 0.3,
        "magnification": 2.9,
        "pixel_pitch_um": 4.8,
        "field_curvature_radius_um": 2500.0,
        "n_px": (608, 608),
    },
    "miniscope_v3": {
        "na": 0.5,
        "magnification": 6.4,
        "pixel_pitch_um": 6.0,
        "field_curvature_radius_um": None,
        "n_px": (480, 752),
    },
    "generic": {
        "na": 0.45,
        "magnification": 8.0,
        "pixel_pitch_um": 3.0,
        "field_curvature_radius_um": None,
        "n_px": (256, 256),
    },
}

# what stands in the tissue, by the step that makes it
TISSUES: dict[str, dict[str, dict[str, Any]]] = {
    "ca1": {
        "neurons": {
            "density_per_mm3": 45_000.0,
            "soma_radius_um": 5.0,
            "depth_top_um": 140.0,
            "depth_bottom_um": 160.0,
        },
        "neuropil": {"amplitude": 0.4},
        "vessels": {
            "depth_um": 120.0,
            "n_roots": 3,
            "root_radius_um": 14.0,
            "opacity": 0.65,
        },
    },
    "cortex_l23": {
        "neurons": {
            "density_per_mm3": 8_000.0,
            "soma_radius_um": 6.0,
            "depth_top_um": 100.0,
            "depth_bottom_um": 200.0,
        },
        "neuropil": {"amplitude": 0.6},
        "vessels": {
            "depth_um": 80.0,
            "n_roots": 2,
            "root_radius_um": 25.0,
            "opacity": 0.9,
            "branch_prob": 0.15,
            "tortuosity_deg": 5.0,
        },
    },
    "slab": {
        "neurons": {
            "density_per_mm3": 8_000.0,
            "soma_radius_um": 6.0,
            "depth_top_um": 50.0,
            "depth_bottom_um": 200.0,
        },
        "neuropil": {"amplitude": 0.5},
        "vessels": {},
    },
}


def build(
    scope: str = "miniscope_v4",
    tissue: str = "ca1",
    n_frames: int = 600,
    n_px: int | tuple[int, int] | None = None,
    changes: dict[str, Any] | None = None,
    without: Sequence[str] = (),
    behind: AbstractStep | None = None,
) -> Pipeline:
    """A recording with every step on, of a microscope over a tissue.

    Scopes: "miniscope_v4" (608 x 608 pixels, 1.0 x 1.0 mm, NA 0.3), "miniscope_v3"
    (480 x 752, 0.45 x 0.7 mm, NA 0.5), "generic" (256 x 256, 96 x 96 um, NA 0.45);
    nominal values of the instruments. Tissues: "ca1" (a sheet of pyramidal cells, 140
    to 160 um deep), "cortex_l23" (sparser, 100 to 200 um), "slab" (50 to 200 um).

    20 frames per second of 8 bits. The exposure goes with 1 / NA^2, so that a cell at
    one depth is as bright under every scope.

    Behind a network, movie, LFP, EEG and BOLD are of one brain, on one clock:

    ```python
    brain = js.Pipeline(network=network, eeg=eeg, blood=js.Haemodynamics())
    follow = {"spikes.nodes_to_cells": [[1.0, 0.0, 0.0]], "spikes.gain_hz": 0.5}
    whole = js.imaging.build(behind=brain, changes=follow)  # cells of the first node
    ```

    Args:
        scope: name of the microscope.
        tissue: name of what lies under it.
        n_frames: of the recording.
        n_px: height and width of the field of view, if not the whole of it; fewer
            pixels show fewer cells.
        changes: path -> value, as `js.replace` takes them; sizes are planned for them.
        without: names of steps to leave out ("vessels", "bleaching"); without "motion"
            the tissue lies still.
        behind: a process that makes `activity`, which comes first and which the cells
            then follow (`PoissonSpikes`); none: they spike by themselves.

    Raises:
        ValueError: an unknown name, a name that stands on both sides, or a step that
            others need.
    """
    process = unplanned(scope, tissue, n_frames, n_px, without, behind)
    process = sized(replace(process, changes) if changes else process)
    warn(process)
    return process


def unplanned(
    scope: str,
    tissue: str,
    n_frames: int = 600,
    n_px: int | tuple[int, int] | None = None,
    without: Sequence[str] = (),
    behind: AbstractStep | None = None,
) -> Pipeline:
    """What `build` builds, with sizes that `planned` has still to find."""
    optics = dict(_known(SCOPES, scope, "scope"))
    parts = _known(TISSUES, tissue, "tissue")
    whole = optics.pop("n_px")
    height, width = whole if n_px is None else _two(n_px)
    motion, na = OscillatorMotion(), optics["na"]
    pixel_um = optics["pixel_pitch_um"] / optics["magnification"]
    steps: dict[str, AbstractStep] = {
        "miniscope": Miniscope(
            **optics,
            n_px_height=height,
            n_px_width=width,
            margin_px=margin_for(float(motion.max_shift_um), pixel_um),
            n_frames=n_frames,
        ),
        "illumination": Illumination(falloff=0.7),
        "neurons": PlaceNeurons(morphology="cytosolic", **parts["neurons"]),
        "spikes": MarkovSpikes(),
        "calcium": Calcium(),
        "bleaching": Bleaching(),
        "focus": LeastDefocus(),
        "optics": Optics(),
        "render": Render(),
        "neuropil": Neuropil(**parts["neuropil"]),
        "vessels": Vessels(**parts["vessels"]),
        "motion": motion,
        "illuminate": Illuminate(),
        "vignette": Vignette(falloff=0.6),
        "leakage": Leakage(level=0.08 * na**2),
        "sensor": ImageSensor(photons_per_unit=600.0 / na**2),
    }
    for name in (without,) if isinstance(without, str) else without:
        _known(steps, name, "step")
        if name == "motion":
            steps[name] = StillTissue()
        else:
            del steps[name]
    return Pipeline(**steps) if behind is None else _behind(behind, steps)


def _behind(process: AbstractStep, steps: dict[str, AbstractStep]) -> Pipeline:
    """Both in one, the cells following the `activity` of the first."""
    first = as_pipeline(process, step_name(type(process)))
    both = sorted({*first.names} & {*steps})
    if both:
        raise ValueError(
            f"build: '{both[0]}' names a step of the process that comes first and one "
            f"of the microscope ({', '.join(steps)}). Give it another name."
        )
    ours = steps | {"spikes": PoissonSpikes()}
    return Pipeline(**dict(zip(first.names, first.steps, strict=True)), **ours)


def miniscope_v4(
    n_frames: int = 600,
    n_px: int | tuple[int, int] = 608,
    changes: dict[str, Any] | None = None,
    tissue: str = "ca1",
) -> Pipeline:
    """UCLA Miniscope V4 over the pyramidal layer of CA1, every step on.

    608 x 608 pixels of 1.66 um in the tissue, about 1000 cells on the canvas: `build`
    with this scope.

    Args:
        n_frames, n_px, changes, tissue: as for `build`.
    """
    return build("miniscope_v4", tissue, n_frames, n_px, changes)


def _known(table: dict[str, Any], name: str, what: str) -> Any:
    if name not in table:
        raise ValueError(
            f"there is no {what} '{name}'; there are {', '.join(table)}."
            f"{nearest(name, table)}"
        )
    return table[name]


def _two(n_px: int | tuple[int, int]) -> tuple[int, int]:
    return (n_px, n_px) if isinstance(n_px, int) else (n_px[0], n_px[1])
