"""CaliBrain's data-generator tutorial: its leadfield, its grids, its table."""

import numpy as np

from jaxsim.convert import calibrain


SUBJECT = "CC120166"
ERP = {
    "tmin": -0.1,
    "tmax": 0.8,
    "stim_onset": 0.0,
    "sfreq": 100,
    "fmin": 2,
    "fmax": 8,
    "amplitude_distribution": {"median": 8.0, "sigma": 0.15, "clip": [2.0, 20.0]},
    "random_erp_timing": False,
    "erp_min_length": 20,
}
SOLVER = {"sigma": [0.01], "max_iter": [150], "tol": [1e-7]}
DATA = {
    "subject": [SUBJECT],
    "nnz": [4],
    "orientation_type": ["fixed"],
    "alpha_SNR": [0.5, 0.8],
    "sensor_white_noise_std": [0.2],
}
NOISE = {"noise_type": ["oracle"]}
COLUMNS = (
    *("run_id", "global_run_id", "seed", "solver", "noise_type"),
    *("max_iter", "sigma", "tol"),
    *("alpha_SNR", "nnz", "orientation_type", "sensor_white_noise_std", "subject"),
    *("sensor_kind", "coil_type", "n_sources", "n_times"),
    *("gamma", "noise_var", "active_indices_size"),
)


def write_leadfield(folder, orientation="fixed", k=None, kind=2, coil=1):
    """16 sensors and 32 sources, columns of norm 0.6, as the tutorial makes them."""
    random = np.random.default_rng(83)
    gain = random.normal(size=(16, 32) if k is None else (16, 32, k))
    gain *= 0.6 / np.linalg.norm(gain, axis=0)
    np.savez(
        folder / f"{SUBJECT}_{orientation}_leadfield.npz",
        leadfield=gain,
        sensor_kind=kind,
        sensor_units=107 if kind == 2 else 112,
        sensor_unitmult=-6 if kind == 2 else -15,
        coil_type=coil,
        src_coords=random.normal(scale=0.04, size=(32, 3)),
        Q_basis=np.zeros((32, 3, 0)),
    )


def generator(folder, solver="gamma_map_sflex", **changes):
    """The tutorial's generator, or one with other arguments."""
    given = {
        "solver_param_grid": SOLVER,
        "data_param_grid": DATA,
        "noise_param_grid": NOISE,
        "ERP_config": ERP,
        "leadfield_dir": folder,
        "random_state": 83,
        "save_posterior_stats": False,
    }
    return calibrain.DataGenerator(solver, **(given | changes))
