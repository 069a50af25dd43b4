"""A leadfield as one of its files: `<subject>_<orientation>_leadfield.npz`."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.convert.calibrain.subject import COIL_OF_KIND, FREE_COMPONENTS
from jaxsim.meeg.leadfield import Leadfield
from jaxsim.meeg.sphere_eeg import SphereEeg
from jaxsim.meeg.sphere_meg import SphereMeg
from jaxsim.store import disk


# kind, unit and multiplier of FIFF: uV/nAm, which is 1e-6 V by 1e-9 Am; fT/nAm
HEADER = {"uV/nAm": (2, 107, -6), "fT/nAm": (1, 112, -15)}


def write_leadfield(
    leadfield: Leadfield | SphereEeg | SphereMeg,
    folder: str | os.PathLike,
    subject: str,
    *,
    coil_type: int | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a leadfield where CaliBrain's `LeadfieldBuilder` looks for it.

    The gain is written with its reference applied, in uV/nAm or fT/nAm, with places and
    directions beside it. `js.Leadfield.from_file` reads it back. Names of sensors have
    no place there, nor has what belongs to the activity (`moment_nam`,
    `nodes_to_sources`).

    Args:
        leadfield: the step; one component at each location is "fixed", more are "free".
        folder: of the file, its `leadfield_dir`.
        subject: what the name of the file begins with.
        coil_type: of FIFF; default 1 (EEG) or 3022 (a magnetometer).
        overwrite: replace a file of that name.

    Returns:
        The path of the file.

    Raises:
        ValueError: places that are not known, or components that CaliBrain does not
            know: free are three for EEG, two for MEG.
        FileExistsError: the name is taken.
    """
    if isinstance(leadfield, Leadfield):
        gain, places = leadfield.referenced(), leadfield.positions_m
    else:
        gain, places = leadfield.gain(), leadfield.source_positions_m
    if places is None:
        raise ValueError(
            "write_leadfield: the Leadfield has no positions_m, and CaliBrain needs to "
            "know where its sources are."
        )
    kind, unit, multiplier = HEADER[leadfield.cards()["gain"].unit]
    n_components = gain.shape[1] // len(places)
    free = FREE_COMPONENTS["eeg" if kind == 2 else "meg"]
    if n_components not in (1, free):
        raise ValueError(
            f"write_leadfield: {n_components} components at each location; CaliBrain "
            f"has 1 (fixed), or {free} (free) of such sensors."
        )
    orientation = "fixed" if n_components == 1 else "free"
    arrays: dict[str, Any] = {
        "leadfield": _by_location(np.asarray(gain, float), n_components),
        "sensor_kind": kind,
        "sensor_units": unit,
        "sensor_unitmult": multiplier,
        "coil_type": COIL_OF_KIND[kind] if coil_type is None else int(coil_type),
        "src_coords": np.asarray(places, float),
        "Q_basis": np.zeros((len(places), 3, 0)),
    }
    if leadfield.orientations is not None:
        arrays["Q_basis"] = np.asarray(leadfield.orientations, float)
    target = Path(folder).expanduser() / f"{subject}_{orientation}_leadfield.npz"
    disk.free_name(target, overwrite, Path.is_file)
    with disk.aside(target) as new:
        with new.open("wb") as file:
            np.savez(file, **arrays)
        disk.settle(new, target, overwrite)
    return target


def _by_location(gain: np.ndarray, n_components: int) -> np.ndarray:
    """(sensor, location), or (sensor, location, component) of free orientations."""
    if n_components == 1:
        return gain
    return gain.reshape(len(gain), -1, n_components)
