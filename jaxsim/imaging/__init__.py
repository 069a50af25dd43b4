"""One-photon calcium movies: a microscope, the cells under it, and their truth."""

from jaxsim.imaging.bleaching import (
    Bleaching as Bleaching,
    GlobalBleaching as GlobalBleaching,
)
from jaxsim.imaging.calcium import (
    AbstractCalcium as AbstractCalcium,
    Calcium as Calcium,
    HillCalcium as HillCalcium,
)
from jaxsim.imaging.canvas import Canvas as Canvas
from jaxsim.imaging.cautions import (
    ImagingWarning as ImagingWarning,
    cautions as cautions,
)
from jaxsim.imaging.detection import detectability as detectability
from jaxsim.imaging.focus import GivenFocus as GivenFocus, LeastDefocus as LeastDefocus
from jaxsim.imaging.focus_by_yield import MostDetected as MostDetected
from jaxsim.imaging.illumination import (
    Illuminate as Illuminate,
    Illumination as Illumination,
)
from jaxsim.imaging.image import Image as Image
from jaxsim.imaging.image_sensor import ImageSensor as ImageSensor
from jaxsim.imaging.kinetics import (
    kernel_timing as kernel_timing,
    tau_from_kernel_timing as tau_from_kernel_timing,
)
from jaxsim.imaging.leakage import Leakage as Leakage
from jaxsim.imaging.miniscope import Miniscope as Miniscope
from jaxsim.imaging.motion import (
    AbstractMotion as AbstractMotion,
    GivenMotion as GivenMotion,
    OscillatorMotion as OscillatorMotion,
    StillTissue as StillTissue,
    WalkMotion as WalkMotion,
    margin_for as margin_for,
)
from jaxsim.imaging.neurons import PlaceNeurons as PlaceNeurons
from jaxsim.imaging.neuropil import Neuropil as Neuropil
from jaxsim.imaging.optics import Optics as Optics
from jaxsim.imaging.plan import planned as planned
from jaxsim.imaging.poisson import poisson as poisson
from jaxsim.imaging.populations import Populations as Populations
from jaxsim.imaging.presets import build as build, miniscope_v4 as miniscope_v4
from jaxsim.imaging.render import Render as Render
from jaxsim.imaging.score import score_mean as score_mean
from jaxsim.imaging.spikes import MarkovSpikes as MarkovSpikes
from jaxsim.imaging.spikes_from_outside import (
    GivenSpikes as GivenSpikes,
    PoissonSpikes as PoissonSpikes,
)
from jaxsim.imaging.truth import (
    footprints as footprints,
    sample_neurons as sample_neurons,
    subset as subset,
)
from jaxsim.imaging.vessels import (
    Vessels as Vessels,
    vessel_overlap as vessel_overlap,
)
from jaxsim.imaging.vignette import Vignette as Vignette
