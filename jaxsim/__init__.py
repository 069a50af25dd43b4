"""jaxsim: a GPU-accelerated, differentiable simulator of neuroscience recordings.

A process is an immutable tree of declared parameters; given a key it makes a recording.
`simulate`, `sweep`, `fit`, `save` and `load` work on any process.
"""

# convert
# core: the words that every part speaks
# the contract that a class of yours can be held to
# measure
# (convert comes first: it loads the floor jaxsim.data, whose name `data`, the
# declaration, must take afterwards)
from jaxsim import (
    convert as convert,
    imaging as imaging,
    measure as measure,
    meeg as meeg,
    testing as testing,
)
from jaxsim.core.declared import (
    Declared as Declared,
    card as card,
    get as get,
    replace as replace,
)
from jaxsim.core.param import (
    Data as Data,
    Param as Param,
    concrete as concrete,
    data as data,
    optional_part as optional_part,
    param as param,
    part as part,
    static as static,
)
from jaxsim.core.pipeline import Pipeline as Pipeline
from jaxsim.core.recording import Recording as Recording
from jaxsim.core.signal import (
    Clock as Clock,
    Series as Series,
    Signal as Signal,
    activity_card as activity_card,
)
from jaxsim.core.simulate import in_blocks as in_blocks, simulate as simulate
from jaxsim.core.step import (
    AbstractFrameStep as AbstractFrameStep,
    AbstractStep as AbstractStep,
)
from jaxsim.core.table import check as check, table as table
from jaxsim.core.trials import Trials as Trials

# data
from jaxsim.data.chunks import ChunkDataset as ChunkDataset
from jaxsim.data.experiment import Experiment as Experiment
from jaxsim.data.export_experanto import export_experanto as export_experanto
from jaxsim.data.filters import nan_filter as nan_filter
from jaxsim.data.import_experanto import import_experanto as import_experanto
from jaxsim.data.make_stream import stream as stream
from jaxsim.data.mixture import SessionMixture as SessionMixture
from jaxsim.data.modality import Modality as Modality
from jaxsim.data.stacked import collate as collate
from jaxsim.data.stream import Stream as Stream

# meeg
from jaxsim.meeg.gamma_map import GammaMap as GammaMap
from jaxsim.meeg.leadfield import Leadfield as Leadfield
from jaxsim.meeg.sensor_noise import SensorNoise as SensorNoise
from jaxsim.meeg.sources.erp import ErpSources as ErpSources
from jaxsim.meeg.sphere_eeg import SphereEeg as SphereEeg
from jaxsim.meeg.sphere_meg import SphereMeg as SphereMeg

# neural
from jaxsim.neural import generators as generators
from jaxsim.neural.afferent import Afferent as Afferent
from jaxsim.neural.balloon import (
    Balloon as Balloon,
    BoldWeights2003 as BoldWeights2003,
    BoldWeights2007 as BoldWeights2007,
    balloon as balloon,
)
from jaxsim.neural.connectome import Connectome as Connectome
from jaxsim.neural.coupling import (
    AbstractCoupling as AbstractCoupling,
    LinearCoupling as LinearCoupling,
)
from jaxsim.neural.diffrax_solver import Adaptive as Adaptive
from jaxsim.neural.fixed_points import (
    FixedPoints as FixedPoints,
    fixed_points as fixed_points,
)
from jaxsim.neural.haemodynamics import Haemodynamics as Haemodynamics
from jaxsim.neural.initial import (
    AbstractInitial as AbstractInitial,
    GivenState as GivenState,
    RandomState as RandomState,
    RestState as RestState,
)
from jaxsim.neural.linearised import (
    LinearPsd as LinearPsd,
    LinearSpectrum as LinearSpectrum,
    linear_psd as linear_psd,
)
from jaxsim.neural.model import AbstractModel as AbstractModel
from jaxsim.neural.models.jansen_rit import JansenRit as JansenRit
from jaxsim.neural.models.wendling import Wendling as Wendling
from jaxsim.neural.monitor import AbstractMonitor as AbstractMonitor
from jaxsim.neural.monitors.bold import Bold as Bold
from jaxsim.neural.monitors.every_sample import EverySample as EverySample
from jaxsim.neural.monitors.subsample import Subsample as Subsample
from jaxsim.neural.monitors.temporal_average import TemporalAverage as TemporalAverage
from jaxsim.neural.network import Network as Network
from jaxsim.neural.noise import (
    AbstractNoise as AbstractNoise,
    NoNoise as NoNoise,
    WhiteNoise as WhiteNoise,
)
from jaxsim.neural.receptive_fields import ReceptiveFields as ReceptiveFields
from jaxsim.neural.screens import (
    GivenScreen as GivenScreen,
    NoiseScreen as NoiseScreen,
)
from jaxsim.neural.solver import (
    AbstractSolver as AbstractSolver,
    Euler as Euler,
    Heun as Heun,
    RungeKutta4 as RungeKutta4,
)
from jaxsim.neural.stimulus import (
    AbstractStimulus as AbstractStimulus,
    ConstantStimulus as ConstantStimulus,
    PulseTrain as PulseTrain,
    Waveform as Waveform,
)

# plot
from jaxsim.plot import plot as plot

# store
from jaxsim.store.archive import load as load, save as save
from jaxsim.store.cache import remembered as remembered
from jaxsim.store.export_movie import export_movie as export_movie
from jaxsim.store.spec import (
    digest as digest,
    from_spec as from_spec,
    json_schema as json_schema,
    to_spec as to_spec,
)

# study
from jaxsim.study.ask_tell import search as search, searcher as searcher
from jaxsim.study.certainty import intervals as intervals, noise_floor as noise_floor
from jaxsim.study.design import (
    Design as Design,
    draws as draws,
    grid as grid,
    zipped as zipped,
)
from jaxsim.study.evaluator import Evaluator as Evaluator
from jaxsim.study.fit import fit as fit
from jaxsim.study.fitted import Fitted as Fitted
from jaxsim.study.frame_loss import FrameLoss as FrameLoss, frame_loss as frame_loss
from jaxsim.study.losses import Objective as Objective, weighted as weighted
from jaxsim.study.prior import (
    choice as choice,
    curriculum as curriculum,
    log_uniform as log_uniform,
    mixture as mixture,
    normal as normal,
    uniform as uniform,
)
from jaxsim.study.sweep import sweep as sweep


__version__ = "0.1.0"
