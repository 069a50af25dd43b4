"""A YAML file that holds everything a `DataGenerator` takes."""

import os
from pathlib import Path
from typing import Any

from jaxsim.convert.calibrain.generator import DataGenerator
from jaxsim.convert.calibrain.grids import known_keys


NEEDED = ("solver", "solver_param_grid", "data_param_grid", "noise_param_grid")
KEYS = (
    *NEEDED, "ERP_config", "leadfield_dir", "random_state", "save_posterior_stats",
    "posterior_dir", "pairing", "compat",
)  # fmt: skip
OF_RUN = ("nruns", "run_offset", "block")


def is_generator(document: Any) -> bool:
    """Whether a document means a grid of runs."""
    return isinstance(document, dict) and "data_param_grid" in document


def read_generator(path: str | os.PathLike) -> tuple[DataGenerator, dict[str, Any]]:
    """The generator of a file, and the arguments of its `run`.

    ```yaml
    solver: gamma_map_sflex
    solver_param_grid: {sigma: [0.01], max_iter: [150], tol: [1.0e-7]}
    data_param_grid: {subject: [S1], nnz: [4], orientation_type: [fixed],
                      alpha_SNR: [0.5, 0.8], sensor_white_noise_std: [0.2]}
    noise_param_grid: {noise_type: [oracle]}
    ERP_config: {tmin: -0.1, tmax: 0.8, sfreq: 100}
    leadfield_dir: leadfields        # beside this file
    nruns: 25
    ```

    Raises:
        FileNotFoundError: no such file.
        ValueError: a key that nobody reads, one that is missing, or a grid refused.
    """
    from jaxsim.store.documents import read_text

    document = read_text(path)
    if not is_generator(document):
        raise ValueError(f"{path} holds no data_param_grid: it is no grid of runs.")
    known_keys(str(path), document, (*KEYS, *OF_RUN))
    missing = [key for key in NEEDED if key not in document]
    if missing:
        raise ValueError(f"{path} has no '{missing[0]}'; it needs {', '.join(NEEDED)}.")
    given = {key: document[key] for key in KEYS if key in document}
    beside = Path(path).expanduser().parent
    for key in ("leadfield_dir", "posterior_dir"):
        if given.get(key) is not None:
            given[key] = beside / given[key]
    return DataGenerator(**given), {k: document[k] for k in OF_RUN if k in document}
