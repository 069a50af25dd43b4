"""suite2p's pipeline on a folder with a TIFF file; runs in suite2p's interpreter.

    python suite2p_reads.py FOLDER OUT.npz FRAME_RATE_HZ DIAMETER_PX TAU_S

Knows no jaxsim. Every setting is suite2p's own but for the rate, the size of a cell and
the decay of the indicator. The tissue has to stand still: registration is left out, so
that what is found does not depend on it. Writes the movie as suite2p read it, masks of
all regions that it found (unit, height, width), which of them its classifier takes for
cells, and their traces with and without the neuropil taken away.
"""

import argparse
import json
import os
import tempfile
import warnings
from pathlib import Path


for threads in ("OMP", "MKL", "OPENBLAS", "NUMBA"):
    os.environ.setdefault(f"{threads}_NUM_THREADS", "1")
warnings.simplefilter("ignore")  # of libraries below suite2p

from importlib import metadata  # noqa: E402

import numpy as np  # noqa: E402
from suite2p import default_db, default_settings, run_s2p  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("frame_rate_hz", type=float)
    parser.add_argument("diameter_px", type=float)
    parser.add_argument("tau_s", type=float)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        db = default_db() | {"data_path": [given.folder], "save_path0": place}
        settings = default_settings()
        settings |= {"torch_device": "cpu", "fs": given.frame_rate_hz}
        settings |= {"tau": given.tau_s, "diameter": [given.diameter_px] * 2}
        settings["run"] |= {"do_registration": 0, "do_deconvolution": False}
        run_s2p(db=db, settings=settings)
        found = read(next(Path(place).rglob("plane0")))
    names = ("suite2p", "numpy", "torch", "tifffile")
    versions = json.dumps({name: metadata.version(name) for name in names})
    np.savez_compressed(given.out, versions=versions, **found)


def read(plane: Path) -> dict[str, np.ndarray]:
    """What suite2p left of a plane."""
    ops = np.load(plane / "ops.npy", allow_pickle=True).item()
    height, width = ops["Ly"], ops["Lx"]
    movie = np.fromfile(plane / "data.bin", np.int16).reshape(-1, height, width)
    stat = np.load(plane / "stat.npy", allow_pickle=True)
    masks = np.zeros((len(stat), height, width), np.float32)
    for mask, one in zip(masks, stat, strict=True):
        mask[one["ypix"], one["xpix"]] = np.maximum(one["lam"], 0.0)
    raw, around = np.load(plane / "F.npy"), np.load(plane / "Fneu.npy")
    return {
        "movie": movie,
        "A": masks,
        "is_cell": np.load(plane / "iscell.npy")[:, 0] > 0,
        "C": raw,
        "C_corrected": raw - 0.7 * around,
    }


if __name__ == "__main__":
    main()
