"""A grid of source estimates, from a file and by name, as it is typed."""

import pandas as pd
import pytest

from jaxsim.cli import environment, main
from tests.convert.calibrain_example import SUBJECT, write_leadfield


@pytest.fixture
def say(monkeypatch, capsys, tmp_path):
    """Run a command here, in an empty folder: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "prepare", lambda: None)  # it is for a process

    def run(*words):
        code = main([*words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_a_file_of_grids_runs_at_the_prompt(say, tmp_path):
    (tmp_path / "leadfields").mkdir()
    write_leadfield(tmp_path / "leadfields")
    (tmp_path / "calibration.yaml").write_text(
        f"""
solver: gamma_map
solver_param_grid: {{max_iter: [3]}}
data_param_grid:
  {{subject: [{SUBJECT}], nnz: [4], orientation_type: [fixed],
   alpha_SNR: [0.5, 0.8], sensor_white_noise_std: [0.2]}}
noise_param_grid: {{noise_type: [oracle]}}
ERP_config: {{tmin: -0.1, tmax: 0.8, sfreq: 100, erp_min_length: 60}}
leadfield_dir: leadfields
nruns: 2
"""
    )
    code, out, err = say("sweep", "calibration.yaml", "--csv", "runs.csv", "--out", "p")
    assert code == 0, err
    assert "alpha_SNR" in out and "kept: runs.csv" in out
    table = pd.read_csv(tmp_path / "runs.csv")
    assert table["run_id"].tolist() == [1, 2, 1, 2]
    assert len(list((tmp_path / "p").iterdir())) == 1
    code, _, err = say("sweep", "calibration.yaml", "--over", "noise.alpha_snr=0.1,0.2")
    assert code == 2 and "--over has no place" in err


def test_calibration_is_a_process_by_name(say):
    assert "calibration" in say("list")[1]
    code, out, err = say("check", "calibration")
    assert code == 0, err
    assert "coverage_active" in out
