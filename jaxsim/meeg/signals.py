"""The cards that several steps of M/EEG share."""

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

FIELD_UNIT = {"eeg": "uV", "meg": "fT"}
