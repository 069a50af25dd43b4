"""Whole recordings by the name of the microscope and the tissue under it."""

from typing import Any

from jaxsim.core.declared import replace
from jaxsim.core.pipeline import Pipeline
from jaxsim.imaging.calcium import Calcium
from jaxsim.imaging.focus import LeastDefocus
from jaxsim.imaging.illumination import Illuminate, Illumination
from jaxsim.imaging.image_sensor import ImageSensor
from jaxsim.imaging.leakage import Leakage
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.motion import OscillatorMotion
from jaxsim.imaging.neurons import PlaceNeurons
from jaxsim.imaging.neuropil import Neuropil
from jaxsim.imaging.optics import Optics
from jaxsim.imaging.plan import planned
from jaxsim.imaging.render import Render
from jaxsim.imaging.spikes import MarkovSpikes
from jaxsim.imaging.vignette import Vignette


def miniscope_v4(
    n_frames: int = 600, n_px: int = 608, changes: dict[str, Any] | None = None
) -> Pipeline:
    """UCLA Miniscope V4 over the pyramidal layer of CA1.

    Objective of NA 0.3 with a focal surface of 2.5 mm radius, 608 x 608 pixels of
    1.66 um in the tissue, 20 frames per second, 8 bits. About 1000 cells of the
    density 45,000 per mm^3 lie 140 to 160 um deep. The exposure is such that a cell at
    rest in the middle of the field adds some 20 electrons to its brightest pixel.

    Args:
        n_frames: of the recording.
        n_px: height and width of the field of view; fewer show fewer cells.
        changes: path -> value, as `js.replace` takes them; sizes are planned for them.
    """
    na = 0.3
    process = Pipeline(
        miniscope=Miniscope(
            na=na,
            magnification=2.9,
            pixel_pitch_um=4.8,
            field_curvature_radius_um=2500.0,
            n_px_height=n_px,
            n_px_width=n_px,
            margin_px=14,
            n_frames=n_frames,
        ),
        illumination=Illumination(falloff=0.7),
        neurons=PlaceNeurons(
            density_per_mm3=45_000.0,
            soma_radius_um=5.0,
            depth_top_um=140.0,
            depth_bottom_um=160.0,
            morphology="cytosolic",
        ),
        spikes=MarkovSpikes(),
        calcium=Calcium(),
        focus=LeastDefocus(),
        optics=Optics(),
        render=Render(),
        neuropil=Neuropil(amplitude=0.4),
        motion=OscillatorMotion(),
        illuminate=Illuminate(),
        vignette=Vignette(falloff=0.6),
        leakage=Leakage(level=0.08 * na**2),
        sensor=ImageSensor(photons_per_unit=600.0 / na**2),
    )
    return planned(replace(process, changes) if changes else process)
