"""Asks suite2p, in its own interpreter, what is in a TIFF file."""

import json
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import jaxsim as js
from benchmarks.clients.minian_client import run, same_movie
from benchmarks.clients.recordings import TRUTH, Truth, Wanted, process_of
from jaxsim.measure import match_footprints, trace_correlation


SUITE2P = "JAXSIM_SUITE2P_PYTHON"
INSTALL = (
    "python -m venv peer; peer/bin/pip install torch suite2p==1.1.0; "
    f"export {SUITE2P}=peer/bin/python"
)
OVERLAP = 0.3  # IoU of masks that are one cell: suite2p's are cropped to the soma


class Found(NamedTuple):
    """How well the cells of one recording were found."""

    recall: float  # of the detectable cells
    precision: float  # of all regions, against all true cells
    iou: float  # mean over the pairs
    trace: float  # correlation, median over the units found
    n_detectable: int
    n_true: int
    n_estimated: int
    n_as_cells: int  # regions that suite2p's classifier takes for cells
    as_cells_precision: float


def record_tiff(wanted: Wanted, path: Path) -> tuple[Truth, np.ndarray]:
    """Simulate, export as TIFF, and say what is in it, and who could be seen."""
    recording = js.simulate(process_of(wanted), jax.random.key(wanted.seed), TRUTH)
    if not recording.ok:
        raise RuntimeError(f"the recording {recording.result}")
    js.export_movie(recording, path)
    values = {name: np.asarray(recording[name].values) for name in TRUTH}
    there = values["alive"] > 0
    table = js.imaging.detectability(recording)
    truth = Truth(
        js.imaging.footprints(recording, there),
        values["trace"].T[there],
        np.zeros((0, 2)),
        values["movie"],
        values["sigma_px"][there],
        {"jaxsim-neuro": metadata.version("jaxsim-neuro"), "jax": jax.__version__},
    )
    return truth, table.detectable.values[there]


def find_cells(wanted: Wanted, folder: Path) -> tuple[Found, dict[str, str]]:
    """Record, run suite2p with its own settings, and hold it against the truth."""
    truth, detectable = record_tiff(wanted, folder / "movie.tif")
    found = ask(folder, wanted)
    same_movie(found, truth)
    match = match_footprints(found["A"], truth.footprints)
    good = match.pairs[match.overlaps >= OVERLAP]
    seen = detectable[good[:, 1]].sum()
    pairs = found["C_corrected"][good[:, 0]], truth.traces[good[:, 1]]
    traces = trace_correlation(*pairs) if len(good) else np.full(1, np.nan)
    kept = match_footprints(found["A"][found["is_cell"]], truth.footprints)
    scores = Found(
        float(seen / max(detectable.sum(), 1)),
        match.precision(OVERLAP),
        match.mean_overlap,
        float(np.nanmedian(traces)),
        int(detectable.sum()),
        match.n_true,
        match.n_estimated,
        kept.n_estimated,
        kept.precision(OVERLAP),
    )
    return scores, truth.versions | json.loads(str(found["versions"]))


def ask(folder: Path, wanted: Wanted) -> dict[str, Any]:
    """What suite2p reads and finds."""
    diameter_px = 2.0 * wanted.soma_radius_um / wanted.pixel_um
    numbers = wanted.frame_rate_hz, diameter_px, 0.5
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "found.npz"
        run(SUITE2P, "suite2p_reads.py", folder, out, *numbers)
        with np.load(out) as file:
            return dict(file)
