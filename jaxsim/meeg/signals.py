"""The cards that sources, sensors and estimators of M/EEG share.

Coefficients lie source-major: component k of location n is source p = n K + k.
"""

from jaxsim.core.signal import Signal, activity_card


ACTIVITY = activity_card("nAm", "moment of every source, K components by location")
ACTIVE = Signal("location", "1", "which locations are active")
GAIN = Signal("sensor source", "uV/nAm", "field of a unit source, as referenced")
POSITIONS = Signal("location xyz", "m", "where the sources are")
ORIENTATIONS = Signal("location xyz component", "1", "direction of every component")
FIELD = Signal("time sensor", "uV", "what the sensors record", observed=True)
FIELD_CLEAN = Signal("time sensor", "uV", "the field before any noise")
NOISE = Signal("time sensor", "uV", "noise of the sensors")
ETA = Signal("", "1", "factor that scaled the noise")
SNR_DB = Signal("", "dB", "norm of the clean field over that of the noise")
NOISE_VARIANCE = Signal("", "uV^2", "variance of the sensor noise, as it is known")

# what an estimator makes
ESTIMATE = Signal("time source", "nAm", "posterior mean of the sources")
POSTERIOR_BLOCKS = Signal(
    "location row column", "nAm^2", "posterior covariance of each location"
)
GAMMAS = Signal("source", "nAm^2", "prior variance of each coefficient, as learned")
GAMMA = Signal("", "1", "mean of the prior variances on the estimator's own scale")
N_ITER = Signal("", "1", "iterations made")
EVIDENCE = Signal("", "1", "log|C| + tr(C^-1 S) of the field: smaller is likelier")
ACTIVE_SIZE = Signal("", "1", "coefficients whose prior variance is not zero")
EFFECTIVE_SIZE = Signal("", "1", "coefficients above a thousandth of the largest")
STATUS = Signal("", "1", "not converged, degenerate (no field or gain), not finite")

# what those make that learn the noise
NOISE_VARIANCES = Signal("sensor", "uV^2", "variance of the noise of each sensor")

FIELD_UNIT = {"eeg": "uV", "meg": "fT"}
