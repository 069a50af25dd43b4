"""Sources and sensors of M/EEG. Inside: nAm, uV, fT; positions in metres."""

from jaxsim.meeg.artifacts.artifact import AbstractArtifact as AbstractArtifact
from jaxsim.meeg.artifacts.bad_channels import BadChannels as BadChannels
from jaxsim.meeg.artifacts.blinks import Blinks as Blinks, eye_pattern as eye_pattern
from jaxsim.meeg.artifacts.drift import Drift as Drift
from jaxsim.meeg.artifacts.electrode_pops import ElectrodePops as ElectrodePops
from jaxsim.meeg.artifacts.heartbeats import Heartbeats as Heartbeats
from jaxsim.meeg.artifacts.line_noise import LineNoise as LineNoise
from jaxsim.meeg.artifacts.muscles import Muscles as Muscles
from jaxsim.meeg.bmn import (
    BayesianMinimumNorm as BayesianMinimumNorm,
    bayesian_minimum_norm as bayesian_minimum_norm,
)
from jaxsim.meeg.eloreta import ELoreta as ELoreta, eloreta as eloreta
from jaxsim.meeg.estimator import AbstractEstimator as AbstractEstimator
from jaxsim.meeg.gamma_lambda_map import (
    GammaLambdaMap as GammaLambdaMap,
    gamma_lambda_map as gamma_lambda_map,
)
from jaxsim.meeg.gamma_map import GammaMap as GammaMap, gamma_map as gamma_map
from jaxsim.meeg.gaussian import (
    field_evidence as field_evidence,
    posterior_covariance as posterior_covariance,
)
from jaxsim.meeg.layout import (
    Layout as Layout,
    even_layout as even_layout,
    fibonacci as fibonacci,
    montage as montage,
)
from jaxsim.meeg.lcmv import Lcmv as Lcmv, lcmv_weights as lcmv_weights
from jaxsim.meeg.leadfield import Leadfield as Leadfield
from jaxsim.meeg.measured import MeasuredField as MeasuredField
from jaxsim.meeg.minimum_norm import (
    MinimumNorm as MinimumNorm,
    minimum_norm as minimum_norm,
)
from jaxsim.meeg.moving_head import MovingHead as MovingHead
from jaxsim.meeg.noise_cv import SpatialCv as SpatialCv, TemporalCv as TemporalCv
from jaxsim.meeg.noise_evidence import EvidenceNoise as EvidenceNoise
from jaxsim.meeg.noise_level import (
    AbstractNoiseLevel as AbstractNoiseLevel,
    BaselineNoise as BaselineNoise,
    OracleNoise as OracleNoise,
    StatedNoise as StatedNoise,
)
from jaxsim.meeg.references import AverageReference as AverageReference
from jaxsim.meeg.sensor_noise import SensorNoise as SensorNoise
from jaxsim.meeg.sflex import sflex_basis as sflex_basis
from jaxsim.meeg.source_scores import SourceScores as SourceScores
from jaxsim.meeg.source_space import (
    in_ball as in_ball,
    nearest as nearest,
    on_sphere as on_sphere,
    radial as radial,
    tangential_basis as tangential_basis,
    visible_basis as visible_basis,
)
from jaxsim.meeg.sources.autoregressive import ArSources as ArSources
from jaxsim.meeg.sources.background import BackgroundSources as BackgroundSources
from jaxsim.meeg.sources.erp import ErpSources as ErpSources
from jaxsim.meeg.sources.ersp import ErspSources as ErspSources
from jaxsim.meeg.sources.gaussian_erp import GaussianErp as GaussianErp
from jaxsim.meeg.sources.gaussian_prior import GaussianSources as GaussianSources
from jaxsim.meeg.sources.patches import Patches as Patches
from jaxsim.meeg.sources.silent import SilentSources as SilentSources
from jaxsim.meeg.sphere_eeg import (
    SphereEeg as SphereEeg,
    shell_factors as shell_factors,
    sphere_potentials as sphere_potentials,
)
from jaxsim.meeg.sphere_meg import (
    SphereMeg as SphereMeg,
    sphere_fields as sphere_fields,
)
