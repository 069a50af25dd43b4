"""MNE: recordings and estimates as its objects, and measured data as a process.

Numbers are converted at this border by name: uV to V, fT to T, nAm to Am, and back.
"""

from jaxsim.convert.mne.bids import to_bids as to_bids
from jaxsim.convert.mne.estimates import (
    to_source_estimate as to_source_estimate,
    to_vol_source_estimate as to_vol_source_estimate,
)
from jaxsim.convert.mne.info import to_info as to_info
from jaxsim.convert.mne.measured import from_evoked as from_evoked, from_raw as from_raw
from jaxsim.convert.mne.recordings import (
    to_epochs as to_epochs,
    to_evoked as to_evoked,
    to_raw as to_raw,
)
