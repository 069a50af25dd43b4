"""GainFile: a gain as it was read, and the units in which files hold gains."""

from typing import NamedTuple

import numpy as np


# what multiplies a gain in this unit to give uV/nAm (EEG) or fT/nAm (MEG)
UNITS = {
    "eeg": {"uV/nAm": 1.0, "V/Am": 1e-3},
    "meg": {"fT/nAm": 1.0, "T/Am": 1e6},
}


class GainFile(NamedTuple):
    """A gain in uV/nAm (EEG) or fT/nAm (MEG), and what else is known of it."""

    gain: np.ndarray  # sensors x (locations * components), source-major
    sensors: tuple[str, ...] = ()
    positions_m: np.ndarray | None = None  # locations x 3
    orientations: np.ndarray | None = None  # locations x 3 x components
    n_components: int = 1


def factor(modality: str, unit: str | None) -> float:
    """What turns a unit into the house's (uV/nAm or fT/nAm)."""
    if modality not in UNITS:
        raise ValueError(f"modality = {modality!r} is not one of 'eeg', 'meg'.")
    known = UNITS[modality]
    if unit is not None and unit not in known:
        raise ValueError(
            f"unit = {unit!r}: a gain of {modality.upper()} is in {' or '.join(known)}."
        )
    return 1.0 if unit is None else known[unit]
