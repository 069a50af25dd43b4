"""Converters: what users of other programs have in their files, taken as it stands."""

from jaxsim.convert import (
    brainpy_wendling as brainpy_wendling,
    calibrain as calibrain,
    experanto as experanto,
    mne as mne,
)
