"""Time CaliBrain, run by its own Python: `calibrain_speed.py FOLDER GRIDS NRUNS JOBS`.

FOLDER holds the leadfield, GRIDS is a JSON file of the grids. Prints one line of JSON:
seconds of `run` (not of importing), peak memory, and columns of the table. With a fifth
word, a folder for posteriors, it also tells how far each estimate is off.
Stand-alone: it imports nothing of jaxsim.
"""

import json
import os
import resource
import sys
import tempfile
import time


for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("MPLBACKEND", "Agg")

COLUMNS = ("seed", "gamma", "noise_var", "alpha_SNR", "active_indices_size")


def main() -> None:
    folder, grids = sys.argv[1], json.load(open(sys.argv[2]))
    nruns, n_jobs = int(sys.argv[3]), int(sys.argv[4])
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("CALIBRAIN_DATA", scratch)
        import logging

        from calibrain import (
            DataGenerator,
            LeadfieldBuilder,
            SensorSimulator,
            SourceSimulator,
            gamma_map_sflex,
        )

        logging.disable(logging.WARNING)
        generator = DataGenerator(
            solver=gamma_map_sflex,
            **grids,
            source_simulator=SourceSimulator(grids["ERP_config"]),
            leadfield_builder=LeadfieldBuilder(leadfield_dir=folder),
            sensor_simulator=SensorSimulator(),
            save_posterior_stats=len(sys.argv) > 5,
            posterior_dir=sys.argv[5] if len(sys.argv) > 5 else None,
            random_state=83,
        )
        if n_jobs > 1:  # processes are started before the clock
            generator.run(nruns=1, fig_path=scratch, n_jobs=n_jobs)
        began = time.perf_counter()
        table = generator.run(nruns=nruns, fig_path=scratch, n_jobs=n_jobs)
        took = time.perf_counter() - began
    if "error_message" in table and table["error_message"].notna().any():
        raise RuntimeError(table["error_message"].dropna().iloc[0])
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    found = {name: table[name].tolist() for name in COLUMNS}
    if len(sys.argv) > 5:
        rows = zip(table["subject"], table["posterior_summary"], strict=True)
        errors = [errors_of(folder, *row) for row in rows]
        found["peak_error_m"], found["rmse"] = map(list, zip(*errors, strict=True))
    document = {"seconds": took, "peak_mb": own, "peak_child_mb": child, "table": found}
    print(json.dumps(document))


def errors_of(folder: str, subject: str, path: str) -> tuple[float, float]:
    """From the strongest estimate to the nearest active source, m; and in nAm."""
    import h5py
    import numpy as np

    with np.load(f"{folder}/{subject}_fixed_leadfield.npz") as arrays:
        places = arrays["src_coords"]
    with h5py.File(path) as kept:
        truth, found = kept["x_true"][:], kept["x_hat"][:]
    peak = np.argmax((found**2).sum(axis=1))
    active = (truth != 0).any(axis=1)
    apart = np.linalg.norm(places[active] - places[peak], axis=1).min()
    return float(apart), float(np.sqrt(np.mean((truth - found) ** 2)))


if __name__ == "__main__":
    main()
