"""Forward solutions of MNE, as plain arrays in house units."""

import os
from typing import Any

import numpy as np

from jaxsim.core.installed import needed
from jaxsim.core.untrusted import existing_file
from jaxsim.meeg.gain_file import GainFile, factor


# kinds and units of channels, numbers of the FIFF standard
KINDS = {"meg": 1, "eeg": 2}
UNITS = {107: "V/Am", 112: "T/Am", 201: "T/Am"}
FIXED = 1


def read_forward(forward: Any, modality: str) -> GainFile:
    """The gain of the channels of one modality.

    Args:
        forward: `mne.Forward`, or the path of a file with one.
        modality: "eeg" or "meg".

    Raises:
        ModuleNotFoundError: a path, and MNE is not installed.
        ValueError: no channels of this modality, or of two units.
    """
    if isinstance(forward, (str, os.PathLike)):
        path = existing_file(forward, "a forward solution")
        mne = needed("mne", f"Leadfield.from_mne({str(path)!r})", "mne")
        forward = mne.read_forward_solution(path, verbose="error")
    if modality not in KINDS:
        raise ValueError(f"modality = {modality!r} is not one of 'eeg', 'meg'.")
    channels = {c["ch_name"]: c for c in forward["info"]["chs"]}
    names = list(forward["sol"]["row_names"])
    rows = [
        i for i, n in enumerate(names) if int(channels[n]["kind"]) == KINDS[modality]
    ]
    if not rows:
        raise ValueError(
            f"the forward solution has no channel of {modality.upper()} among its "
            f"{len(names)}."
        )
    units = {int(channels[names[i]]["unit"]) for i in rows}
    if len(units) > 1 or not units <= set(UNITS):
        raise ValueError(
            f"the {modality.upper()} channels have units {sorted(units)} (FIFF), which "
            "no gain can mix. Take magnetometers or gradiometers alone: "
            "mne.pick_types_forward(forward, meg='mag')."
        )
    gain = np.asarray(forward["sol"]["data"], float)[rows]
    places = np.asarray(forward["source_rr"], float)
    n_components = 1 if int(forward["source_ori"]) == FIXED else 3
    ways = np.asarray(forward["source_nn"], float).reshape(len(places), -1, 3)
    return GainFile(
        gain * factor(modality, UNITS[units.pop()]),
        tuple(names[i] for i in rows),
        places,
        np.swapaxes(ways, 1, 2),
        n_components,
    )
