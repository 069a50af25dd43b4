"""Neural masses and the networks that they form."""

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
from jaxsim.neural.haemodynamics import Haemodynamics as Haemodynamics
from jaxsim.neural.initial import (
    AbstractInitial as AbstractInitial,
    GivenState as GivenState,
    RandomState as RandomState,
    RestState as RestState,
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
