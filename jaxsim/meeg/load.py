"""Gain matrices from files and from `tvb-data`, as plain arrays in house units."""

import os
import warnings
from pathlib import Path
from typing import Literal

import numpy as np

from jaxsim.core.installed import TVB_DATA, installed_file
from jaxsim.core.text_table import parse_table
from jaxsim.core.untrusted import (
    existing_file,
    read_bytes,
    read_labels,
    read_mat,
    read_npy,
    read_npz,
    text_of,
)
from jaxsim.meeg.gain_file import GainFile, factor
from jaxsim.meeg.load_located import located, read_located


GAINS = ("gain", "leadfield", "projectionmatrix", "g", "l")
SENSORS = ("sensors", "sensor_labels", "ch_names", "labels", "names")
SUFFIXES = (".npy", ".npz", ".mat", ".csv", ".tsv", ".txt")

TVB_GAINS = {
    "eeg": ("projection_eeg_65_surface_16k.npy", "eeg_brainstorm_65.txt", "V/Am"),
    "meg": ("projection_meg_276_surface_16k.npy", "meg_brainstorm_276.txt", "T/Am"),
}
TVB_REGIONS = ("76", "192")


def read_gain(
    path: str | os.PathLike,
    modality: Literal["eeg", "meg"],
    unit: str | None = None,
    sensors_path: str | os.PathLike | None = None,
) -> GainFile:
    """Read a gain matrix, one row per sensor and one column per source.

    Args:
        path: `.npy`, `.csv`, `.tsv`, `.txt`, or `.npz` and `.mat` with an array named
            `gain`, `leadfield`, `ProjectionMatrix`, or with one matrix only.
        modality: "eeg" or "meg".
        unit: what the file is in: "uV/nAm" or "V/Am", "fT/nAm" or "T/Am"; none: the
            first of its modality.
        sensors_path: names of the rows, one per line or a JSON list.

    Raises:
        FileNotFoundError: no such file.
        ValueError: unreadable, hostile, or no gain; an unknown unit.
    """
    path = existing_file(path, "a gain matrix")
    suffix = path.suffix.lower()
    sensors: tuple[str, ...] = ()
    if suffix == ".npz" and (arrays := read_located(path)) is not None:
        return located(arrays, modality, unit, str(path))
    if suffix == ".npy":
        gain = read_npy(path)
    elif suffix in (".npz", ".mat"):
        arrays = read_npz(path) if suffix == ".npz" else read_mat(path)
        gain, sensors = _named(arrays, path)
    elif suffix in SUFFIXES:
        table = parse_table(text_of(read_bytes(path), str(path)), str(path))
        gain, sensors = table.numbers, table.rows
    else:
        raise ValueError(
            f"{path}: a gain is read from {', '.join(SUFFIXES)}, not from "
            f"'{path.suffix or 'a file without suffix'}'."
        )
    if sensors_path is not None:
        sensors = read_labels(sensors_path)
    if gain.ndim != 2 or gain.dtype.kind not in "fiu":
        raise ValueError(
            f"{path} holds {gain.dtype} of shape {gain.shape}; a gain is a matrix of "
            "real numbers, sensors x sources. (Free orientations: lay the components "
            "of a source side by side, as sensors x (sources * components).)"
        )
    if sensors and len(sensors) != len(gain):
        raise ValueError(
            f"{path} has {len(gain)} rows (sensors), but there are {len(sensors)} "
            "names."
        )
    gain = np.asarray(gain, float) * factor(modality, unit)
    return without_silent_rows(gain, sensors, str(path))


def read_tvb_gain(
    modality: Literal["eeg", "meg"], regions: str, unit: str | None, asked_by: str
) -> GainFile:
    """The gain of `tvb-data` averaged over the vertices of each region.

    A column is the field of one unit of moment spread evenly over its region's cortex.
    Regions without cortex (116 of the 192) are not seen: their columns are zero.

    Raises:
        ModuleNotFoundError: `tvb-data` is not installed.
        ValueError: another modality or number of regions.
    """
    if modality not in TVB_GAINS:
        raise ValueError(f"{asked_by}: tvb-data has a gain for 'eeg' and for 'meg'.")
    if regions not in TVB_REGIONS:
        raise ValueError(
            f"{asked_by}: tvb-data maps its cortex to 76 or to 192 regions, not to "
            f"{regions}. Use Connectome.from_tvb('76'), or bring a gain of your own."
        )

    def file(name: str) -> Path:
        return installed_file(name, asked_by, TVB_DATA)

    matrix, names, likely = TVB_GAINS[modality]
    gain = read_npy(file(f"projectionMatrix/{matrix}"))
    lines = text_of(read_bytes(file(f"sensors/{names}")), names).splitlines()
    sensors = tuple(line.split()[0] for line in lines if line.strip())
    table = read_bytes(file(f"regionMapping/regionMapping_16k_{regions}.txt"))
    region = parse_table(table.decode(), "regionMapping").numbers.ravel().astype(int)
    # what follows the vertices of the cortex are nodes below it
    region = region[: gain.shape[1]]
    found = without_silent_rows(gain, sensors, asked_by)
    n_regions = int(regions)
    count = np.bincount(region, minlength=n_regions)
    share = np.zeros((len(region), n_regions))
    share[np.arange(len(region)), region] = 1.0 / count[region]
    mean = found.gain @ share
    return GainFile(mean * factor(modality, unit or likely), found.sensors)


def without_silent_rows(
    gain: np.ndarray, sensors: tuple[str, ...], where: str
) -> GainFile:
    """Drop rows that are NaN throughout (dead channels), and say which."""
    silent = np.asarray(np.isnan(gain).all(axis=1))
    if not silent.any():
        return GainFile(gain, sensors)
    gone = np.flatnonzero(silent)
    named = ", ".join(sensors[i] if sensors else f"row {i}" for i in gone)
    warnings.warn(
        f"{where}: {len(gone)} of {len(gain)} channels have no gain (NaN throughout) "
        f"and are left out: {named}.",
        UserWarning,
        stacklevel=4,
    )
    kept = tuple(name for i, name in enumerate(sensors) if not silent[i])
    return GainFile(gain[~silent], kept)


def _named(
    arrays: dict[str, np.ndarray], path: Path
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The gain among named arrays, and the names of its rows."""
    known = {name.lower(): name for name in arrays}
    names = [known[name] for name in GAINS if name in known]
    if not names:
        numeric = {n: a for n, a in arrays.items() if a.dtype.kind in "fiu"}
        names = [n for n, a in numeric.items() if a.ndim >= 2]
    if len(names) != 1:
        held = ", ".join(f"{n} {a.shape}" for n, a in arrays.items()) or "no array"
        raise ValueError(
            f"{path}: which of its arrays is the gain? It holds {held}. "
            "Name it 'gain', and nothing else 'leadfield', 'G' or 'L'."
        )
    labels = next((arrays[known[n]] for n in SENSORS if n in known), np.empty(0, "U1"))
    if labels.dtype.kind not in "US":
        return arrays[names[0]], ()
    return arrays[names[0]], tuple(str(name).strip() for name in np.ravel(labels))
