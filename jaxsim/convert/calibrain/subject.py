"""Its files of leadfields: read once each, and the numbers of FIFF beside the gain."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxsim.core.untrusted import npy_from_bytes, read_zip
from jaxsim.meeg.leadfield import Leadfield


COIL_OF_KIND = {2: 1, 1: 3022}  # EEG; MEG, a magnetometer
FREE_COMPONENTS = {"eeg": 3, "meg": 2}


class Subject(NamedTuple):
    """A leadfield, and which sensors it is of.

    Attributes:
        leadfield: the step.
        sensor_kind: 1 for MEG, 2 for EEG (FIFF).
        coil_type: 1 for EEG, 3022 magnetometer, 3012 planar gradiometer (FIFF).
    """

    leadfield: Leadfield
    sensor_kind: int
    coil_type: int

    @property
    def n_locations(self) -> int:
        """Where sources may be."""
        return self.leadfield.gain.shape[1] // self.leadfield.n_components


def read_subject(
    folder: str | os.PathLike, subject: str, orientation_type: str
) -> Subject:
    """The leadfield of `{folder}/{subject}_{orientation_type}_leadfield.npz`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no gain, no places, or components that do not go with the
            orientation: one if it is fixed, and free two for MEG, three for EEG.
    """
    path = Path(folder) / f"{subject}_{orientation_type}_leadfield.npz"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; data_param_grid has the subject {subject!r} with "
            f"orientation {orientation_type!r}, whose leadfield is read from it."
        )
    members = read_zip(path)

    def told(name: str, default: int) -> int:
        if f"{name}.npy" not in members:
            return default
        value = npy_from_bytes(members[f"{name}.npy"], f"{path}, member '{name}'")
        return int(np.asarray(value).reshape(-1)[0])

    kind = told("sensor_kind", 2)
    modality: Any = "meg" if kind == 1 else "eeg"
    leadfield = Leadfield.from_file(path, modality)
    found = leadfield.n_components
    needed = 1 if orientation_type == "fixed" else FREE_COMPONENTS[modality]
    if found != needed:
        raise ValueError(
            f"{path}: the leadfield has {found} components for each location, "
            f"{orientation_type} orientations of {modality.upper()} have {needed}."
        )
    if leadfield.positions_m is None:
        raise ValueError(f"{path} has no 'src_coords': where its sources are, in m.")
    return Subject(leadfield, kind, told("coil_type", COIL_OF_KIND.get(kind, 1)))
