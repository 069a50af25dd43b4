"""The grid of source estimates that is timed: `-m benchmarks.source_grids DTYPE`.

64 electrodes and N places on a head of four shells, 90 samples, gamma-MAP with sFLEX,
four signal to noise ratios. As a script it prints the peak memory of one grid.
"""

import functools
import json
import re
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js
from jaxsim.convert import calibrain


SUBJECT = "sphere"
GRIDS = {
    "solver_param_grid": {"sigma": [0.01], "max_iter": [150], "tol": [1e-7]},
    "data_param_grid": {
        "subject": [SUBJECT],
        "nnz": [4],
        "orientation_type": ["fixed"],
        "alpha_SNR": [0.3, 0.5, 0.7, 0.9],
        "sensor_white_noise_std": [0.2],
    },
    "noise_param_grid": {"noise_type": ["oracle"]},
    "ERP_config": {
        "tmin": -0.1,
        "tmax": 0.8,
        "stim_onset": 0.0,
        "sfreq": 100,
        "fmin": 2,
        "fmax": 8,
        "amplitude_distribution": {"median": 8.0, "sigma": 0.15, "clip": [2.0, 20.0]},
        "random_erp_timing": False,
        "erp_min_length": 28,
    },
}
N_ALPHAS = 4


def write_leadfield(folder: Path, n_locations: int, n_sensors: int = 64) -> None:
    """The file that both programs read: sources that point outwards, more or less."""
    random = np.random.default_rng(0)
    way = random.normal(size=(n_locations, 3))
    way[:, 2] = np.abs(way[:, 2])
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    places = way * random.uniform(0.055, 0.078, (n_locations, 1))
    normals = way + 0.5 * random.normal(size=way.shape)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    sensors = jnp.asarray(js.meeg.even_layout(n_sensors).positions_m)
    head = js.SphereEeg(places, sensors, normals, reference="average")
    gain = np.asarray(head.gain(), float)
    np.savez(
        folder / f"{SUBJECT}_fixed_leadfield.npz",
        leadfield=gain - gain.mean(axis=0),
        src_coords=places,
        sensor_kind=2,
        sensor_units=107,
        sensor_unitmult=-6,
        coil_type=1,
        Q_basis=np.zeros((n_locations, 3, 0)),
    )


@functools.cache
def generator(folder: Path, dtype: str, seed: int = 83) -> calibrain.DataGenerator:
    with jax.enable_x64(dtype == "float64"):
        return calibrain.DataGenerator(
            "gamma_map_sflex", **GRIDS, leadfield_dir=folder, random_state=seed,
            save_posterior_stats=False,
        )  # fmt: skip


def run(folder: Path, dtype: str, nruns: int, seed: int = 83) -> Any:
    """The table of one grid."""
    with jax.enable_x64(dtype == "float64"):
        return generator(folder, dtype, seed).run(nruns, progress=False)


def main() -> None:
    folder, dtype, nruns = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    table = run(folder, dtype, nruns)
    peak = int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])
    print(json.dumps({"peak_mb": peak / 1024, "runs": len(table)}))


if __name__ == "__main__":
    main()
