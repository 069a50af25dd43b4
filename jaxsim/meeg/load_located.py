"""Gains that know where their sources are: the `.npz` files that CaliBrain keeps."""

from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.core.untrusted import npy_from_bytes, read_zip
from jaxsim.meeg.gain_file import GainFile, factor


KEYS = (
    "leadfield",
    "src_coords",
    "Q_basis",
    "sensor_kind",
    "sensor_units",
    "units",
    "sensor_unitmult",
)
KINDS = {1: "meg", 2: "eeg"}
# numbers of the FIFF standard, and what such a gain is in if it has no multiplier
UNITS = {107: ("eeg", "V/Am"), 112: ("meg", "T/Am"), 201: ("meg", "T/Am")}


def read_located(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of such a file, or None where it is another `.npz`.

    Only what is known is decoded: these files may carry a pickle beside their numbers,
    which is never opened.
    """
    members = read_zip(path)
    if "leadfield.npy" not in members:
        return None
    if not {"src_coords.npy", "sensor_kind.npy", "Q_basis.npy"} & set(members):
        return None
    return {
        key: npy_from_bytes(members[f"{key}.npy"], f"{path}, member '{key}'")
        for key in KEYS
        if f"{key}.npy" in members
    }


def located(
    arrays: dict[str, np.ndarray], modality: str, unit: str | None, where: str
) -> GainFile:
    """A gain in house units with its positions and directions.

    The unit is scaled if the file names it without a multiplier: V/(A m) by 1e-3,
    T/(A m) and T/m/(A m) by 1e6. With a multiplier the gain is in uV/nAm or fT/nAm.

    Args:
        arrays: by name.
        modality: what the caller takes it for.
        unit: what the caller says that it is in; none: as the file says.
        where: the file, for the sentence.

    Raises:
        ValueError: no gain, another modality, or arrays that do not fit.
    """
    gain = arrays["leadfield"]
    if gain.ndim not in (2, 3) or gain.dtype.kind not in "fiu" or 0 in gain.shape:
        raise ValueError(
            f"{where}: 'leadfield' is {gain.dtype} of shape {gain.shape}; it is a gain "
            "of sensors x locations, or of sensors x locations x components."
        )
    kind = KINDS.get(_whole(arrays.get("sensor_kind")), modality)
    named = _whole(arrays.get("sensor_units", arrays.get("units")))
    kind, said = UNITS.get(named, (kind, None))
    if kind != modality:
        raise ValueError(
            f"{where} holds a gain of {kind.upper()}; read it with modality={kind!r}."
        )
    if unit is None and not _whole(arrays.get("sensor_unitmult")):
        unit = said
    gain = np.asarray(gain, float) * factor(modality, unit)
    directions = arrays.get("Q_basis")
    if directions is not None and (directions.ndim != 3 or directions.shape[2] == 0):
        directions = None
    n_locations = gain.shape[1]
    places = arrays.get("src_coords")
    for name, array in (("src_coords", places), ("Q_basis", directions)):
        if array is not None and len(array) != n_locations:
            raise ValueError(
                f"{where}: '{name}' has {len(array)} locations, 'leadfield' "
                f"{n_locations}."
            )
    if directions is not None and gain.shape[2:] == (3,) and directions.shape[2] < 3:
        gain = np.einsum("mnx,nxk->mnk", gain, directions)
    n_components = gain.shape[2] if gain.ndim == 3 else 1
    flat = gain.reshape(len(gain), -1)
    return GainFile(flat, (), places, directions, n_components)


def _whole(value: Any) -> int:
    """A whole number that NumPy made an array of; 0, which means nothing, without."""
    if value is None or np.size(value) != 1 or np.asarray(value).dtype.kind not in "iu":
        return 0
    return int(np.asarray(value).item())
