"""The tables of CaliBrain and ours, of many runs of one leadfield."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp

from tests.convert.calibrain_example import (
    DATA,
    ERP,
    NOISE,
    SOLVER,
    generator,
    write_leadfield,
)


PYTHON = os.environ.get("JAXSIM_CALIBRAIN_PYTHON")
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "peers" / "calibrain_speed.py"
N_RUNS = 100  # of each of two signal to noise ratios


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="JAXSIM_CALIBRAIN_PYTHON is not set")
def test_200_runs_have_the_distributions_of_those_of_calibrain(tmp_path):
    write_leadfield(tmp_path)
    grids = {
        "solver_param_grid": SOLVER,
        "data_param_grid": DATA,
        "noise_param_grid": NOISE,
        "ERP_config": ERP,
    }
    (tmp_path / "grids.json").write_text(json.dumps(grids))
    command = [str(PYTHON), str(SCRIPT), str(tmp_path), str(tmp_path / "grids.json")]
    command += [str(N_RUNS), "1", str(tmp_path / "posterior")]
    alone = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=alone
    )
    theirs = json.loads(done.stdout.splitlines()[-1])["table"]
    ours = generator(tmp_path).run(N_RUNS, progress=False)
    assert ours["seed"].tolist() == theirs["seed"]
    for alpha in DATA["alpha_SNR"]:
        rows = np.asarray(theirs["alpha_SNR"]) == alpha
        for name in (
            "gamma",
            "noise_var",
            "active_indices_size",
            "peak_error_m",
            "rmse",
        ):
            other = np.asarray(theirs[name], float)[rows]
            own = ours.loc[ours["alpha_SNR"] == alpha, name].to_numpy(float)
            error = np.hypot(own.std(ddof=1), other.std(ddof=1)) / np.sqrt(N_RUNS)
            apart = own.mean() - other.mean()
            likely = ks_2samp(own, other).pvalue
            print(f"{alpha} {name}: {own.mean():.4g} and {other.mean():.4g}, "
                  f"{apart:.2g} +- {error:.2g}, KS p = {likely:.2g}")  # fmt: skip
            assert abs(apart) <= 3 * error, name
            assert likely > 0.01, name
