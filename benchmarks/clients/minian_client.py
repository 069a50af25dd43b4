"""Asks minian, in its own interpreter, what is in a folder of AVI files."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.clients.recordings import Truth, Wanted
from jaxsim.measure import match_footprints, shift_rmse, trace_correlation


MINIAN, MINISIM = "JAXSIM_MINIAN_PYTHON", "JAXSIM_MINISIM_PYTHON"
INSTALL = (
    'python -m venv peer; peer/bin/pip install "minian[numba]==2.0.2" "xarray<2026.5"; '
    f"export {MINIAN}=peer/bin/python; ffmpeg and ffprobe have to be on the PATH."
)
HERE = Path(__file__).parent


class Cells(NamedTuple):
    """How well the cells of one recording were found, all of them counted."""

    recall: float
    precision: float
    iou: float
    trace: float  # correlation, median over the units found
    n_true: int
    n_estimated: int
    saturated: float  # part of all pixels
    level: float  # mean of all pixels


def python_of(variable: str) -> str:
    """The interpreter that a variable names; empty when it is not set."""
    return os.environ.get(variable, "")


def find_cells(truth: Truth, folder: Path) -> tuple[Cells, dict[str, str]]:
    """Run the documented pipeline on a folder, and hold it against the truth."""
    found = ask(folder, "cells")
    same_movie(found, truth)
    match = match_footprints(found["A"], truth.footprints)
    good = match.pairs[match.overlaps >= 0.5]
    traces = trace_correlation(found["C"][good[:, 0]], truth.traces[good[:, 1]])
    cells = Cells(
        match.recall(),
        match.precision(),
        match.mean_overlap,
        float(np.nanmedian(traces)) if len(traces) else float("nan"),
        match.n_true,
        match.n_estimated,
        float((truth.movie == 255).mean()),
        float(truth.movie.mean()),
    )
    return cells, json.loads(str(found["versions"]))


def find_motion(truth: Truth, folder: Path) -> tuple[float, dict[str, str]]:
    """Root mean square error of the motion that minian estimates, px."""
    found = ask(folder, "motion")
    same_movie(found, truth)
    error = shift_rmse(found["motion"], truth.shift, correction=True)
    return error, json.loads(str(found["versions"]))


def same_movie(found: dict[str, Any], truth: Truth) -> None:
    """What minian read is what was written, pixel by pixel."""
    np.testing.assert_array_equal(found["movie"], truth.movie)


def ask(folder: Path, what: str) -> dict[str, Any]:
    """What minian finds."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "found.npz"
        run(MINIAN, "minian_reads.py", folder, out, what)
        with np.load(out) as file:
            return dict(file)


def minisim_record(wanted: Wanted, folder: Path) -> Truth:
    """The recording that minisim makes of the same numbers, as AVI, and its truth."""
    with tempfile.TemporaryDirectory() as place:
        asked, out = Path(place) / "wanted.json", Path(place) / "truth.npz"
        asked.write_text(json.dumps(wanted.as_dict()))
        run(MINISIM, "minisim_records.py", asked, folder, out)
        with np.load(out) as file:
            names = ("A", "C", "shift", "movie", "sigma_px")
            values = [file[name] for name in names]
            return Truth(*values, json.loads(str(file["versions"])))


def run(variable: str, script: str, *words: Any) -> None:
    """A script of this folder in another interpreter; its last lines when it fails."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    command = [python_of(variable), str(HERE / script), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=clean)
    if done.returncode:
        raise RuntimeError(f"{script} failed:\n{done.stderr[-3000:]}")
