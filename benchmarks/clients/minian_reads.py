"""minian's pipeline on a folder of AVI files; runs in minian's interpreter.

    python minian_reads.py FOLDER OUT.npz motion|cells

Knows no jaxsim. The steps and their parameters are those of the pipeline that minian
documents (its `pipeline` notebook), but for two filters, and one round of updates: on a
recording of minisim a second one lost cells that the first had found. Writes
footprints A (unit, height, width), traces C and spikes S (unit, frame), or the motion
(frame, 2) in px, with the versions. For "cells" the tissue has to stand still: its
motion is not estimated, and so what is found does not depend on it.
"""

import argparse
import json
import os
import tempfile
import warnings


for threads in ("OMP", "MKL", "OPENBLAS"):  # before NumPy is loaded, as minian asks
    os.environ[f"{threads}_NUM_THREADS"] = "1"
warnings.simplefilter("ignore")  # of libraries below minian

from importlib import metadata  # noqa: E402

import numpy as np  # noqa: E402
from dask.distributed import Client, LocalCluster  # noqa: E402
from minian.cnmf import (  # noqa: E402
    compute_trace,
    get_noise_fft,
    unit_merge,
    update_background,
    update_spatial,
    update_temporal,
)
from minian.initialization import (  # noqa: E402
    initA,
    initC,
    ks_refine,
    pnr_refine,
    seeds_init,
    seeds_merge,
)
from minian.motion_correction import estimate_motion  # noqa: E402
from minian.preprocessing import denoise, remove_background  # noqa: E402
from minian.utilities import get_optimal_chk, load_videos  # noqa: E402


# 5 and 20 px, not 7 and 15: cells are 10 px wide, and keep their rims. Chosen on a
# recording of minisim.
DENOISE = {"method": "median", "ksize": 5}
BACKGROUND = {"method": "tophat", "wnd": 20}
SEEDS = {"wnd_size": 1000, "method": "rolling", "stp_size": 500, "max_wnd": 15}
SEEDS["diff_thres"] = 3
NOISE_FREQ = 0.06
MERGE_SEEDS = {"thres_dist": 10, "thres_corr": 0.8, "noise_freq": NOISE_FREQ}
INITIAL = {"thres_corr": 0.8, "wnd": 10, "noise_freq": NOISE_FREQ}
SPATIAL = {"dl_wnd": 10, "sparse_penal": 0.01, "size_thres": (25, None)}
TEMPORAL = {"noise_freq": NOISE_FREQ, "sparse_penal": 1, "p": 1, "add_lag": 20}
TEMPORAL["jac_thres"] = 0.2
CORRELATED = 0.8  # units that are merged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("what", choices=("motion", "cells"))
    given = parser.parse_args()
    cluster = LocalCluster(
        processes=False,  # threads do for small movies, and start at once
        n_workers=1,
        threads_per_worker=2,
        memory_limit=0,
        dashboard_address=None,
    )
    with cluster, Client(cluster), tempfile.TemporaryDirectory() as folder:
        os.environ["MINIAN_INTERMEDIATE"] = folder
        found = read(given.folder, given.what)
    names = ("minian", "numpy", "xarray", "dask", "numba", "cvxpy")
    versions = json.dumps({name: metadata.version(name) for name in names})
    np.savez_compressed(given.out, versions=versions, **found)


def read(folder: str, what: str) -> dict[str, np.ndarray]:
    """From files to motion or cells, in the order of the documented pipeline."""
    movie = load_videos(folder, pattern=r"[0-9]+\.avi$", dtype=np.uint8)
    chunk, _ = get_optimal_chk(movie, dtype=float)
    whole = {"frame": chunk["frame"], "height": -1, "width": -1}
    movie = movie.chunk(whole).persist()
    frames = {"movie": movie.values}
    flat = (movie - movie.min("frame").compute()).rename("flat")
    if what == "motion":  # a filter of 7 pixels takes the fine detail that it needs
        motion = estimate_motion(flat, dim="frame")
        return frames | {"motion": motion.transpose("frame", "shift_dim").values}
    flat = remove_background(denoise(flat, **DENOISE), **BACKGROUND).persist()
    return frames | _cells(flat.astype(np.float32), chunk)


def _cells(still, chunk):
    """Seeds, then footprints and traces."""
    by_frame = still.chunk({"frame": chunk["frame"], "height": -1, "width": -1})
    by_frame = by_frame.persist()
    tile = {"frame": -1, "height": chunk["height"], "width": chunk["width"]}
    by_pixel = by_frame.chunk(tile).persist()
    a, c = _seeded(by_frame, by_pixel)
    noise = get_noise_fft(by_pixel, noise_range=(NOISE_FREQ, 0.5)).persist()
    a, kept, factor = update_spatial(by_pixel, a, c, noise, in_memory=True, **SPATIAL)
    a, c = a.persist(), (c.sel(unit_id=kept) * factor).persist()
    frames = c.chunk({"unit_id": -1, "frame": chunk["frame"]}).persist()
    b, f = (x.persist() for x in update_background(by_frame, a, frames))
    traces = compute_trace(by_frame, a, b, frames, f)
    traces = traces.chunk({"unit_id": 1, "frame": -1}).persist()
    c, s, *_ = update_temporal(a, c, YrA=traces, **TEMPORAL)
    c, s = c.persist(), s.persist()
    a = a.sel(unit_id=c.coords["unit_id"].values)  # it may have reordered them
    s = s.sel(unit_id=c.coords["unit_id"].values)
    return {
        "A": a.transpose("unit_id", "height", "width").values,
        "C": c.transpose("unit_id", "frame").values,
        "S": s.transpose("unit_id", "frame").values,
    }


def _seeded(by_frame, by_pixel):
    """First footprints and traces, around the peaks that look like cells."""
    brightest = by_frame.max("frame").compute()
    seeds = seeds_init(by_frame, **SEEDS)
    seeds, _, _ = pnr_refine(by_pixel, seeds, noise_freq=NOISE_FREQ, thres=1)
    seeds = ks_refine(by_pixel, seeds, sig=0.05)
    good = seeds[seeds["mask_ks"] & seeds["mask_pnr"]].reset_index(drop=True)
    good = seeds_merge(by_pixel, brightest, good, **MERGE_SEEDS)
    a = initA(by_pixel, good[good["mask_mrg"]], **INITIAL).persist()
    return _merged(a, initC(by_frame, a).persist())


def _merged(a, c):
    """Units that are one cell, as one; minian raises when no two overlap."""
    try:
        a, c = unit_merge(a, c, thres_corr=CORRELATED)
    except ValueError:
        pass
    return a.persist(), c.persist()


if __name__ == "__main__":
    main()
