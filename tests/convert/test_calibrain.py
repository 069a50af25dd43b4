"""CaliBrain's data generator, from its own arguments to its own table."""

import logging
import types

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.convert import calibrain
from tests.convert.calibrain_example import (
    COLUMNS,
    DATA,
    ERP,
    NOISE,
    SOLVER,
    SUBJECT,
    generator,
    write_leadfield,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("leadfields")
    write_leadfield(made)
    write_leadfield(made, "free", k=3)
    return made


@pytest.fixture(scope="module")
def tutorial(folder, tmp_path_factory):
    posterior = tmp_path_factory.mktemp("posterior")
    made = generator(folder, save_posterior_stats=True, posterior_dir=posterior)
    return made, made.run(nruns=1, n_jobs=1, progress=False)


def test_the_tutorial_gives_its_two_rows_with_its_columns_in_its_order(tutorial):
    _, table = tutorial
    assert len(table) == 2
    assert tuple(table.columns[: len(COLUMNS)]) == COLUMNS
    assert table.columns[len(COLUMNS)] == "posterior_summary"
    assert "error_message" not in table
    assert table["seed"].tolist() == [1103988818, 2429480471]  # as CaliBrain prints
    assert table["run_id"].tolist() == [1, 1]
    assert table["global_run_id"].tolist() == [1, 2]
    assert table["alpha_SNR"].tolist() == [0.5, 0.8]
    assert table["active_indices_size"].tolist() == [32, 32]  # as CaliBrain, too
    assert (table[["sensor_kind", "coil_type", "n_times"]] == [2, 1, 90]).all().all()


def test_columns_have_the_types_that_their_numbers_are_of(tutorial):
    _, table = tutorial
    for name in ("run_id", "seed", "nnz", "sensor_kind", "coil_type", "n_iter"):
        assert table[name].dtype == np.int64, name
    for name in ("alpha_SNR", "gamma", "noise_var", "evidence", "eta"):
        assert table[name].dtype == np.float64, name
    assert table["converged"].dtype == bool


def test_the_noise_of_a_row_is_what_its_ratio_says(tutorial):
    _, table = tutorial
    np.testing.assert_allclose(table["snr_db"], 20 * np.log10([1.0, 4.0]), atol=1e-4)
    np.testing.assert_array_equal(table["noise_var"], table["oracle_var"])
    assert (table["status"] == 4).all()  # 150 steps do not reach 1e-7
    assert table["content_hash"].nunique() == 2


@pytest.mark.slow
def test_a_row_is_the_run_of_its_process_with_its_seed(tutorial):
    made, table = tutorial
    key = jax.random.fold_in(made.key, np.uint32(table["seed"][1]))
    names = ("gamma", "noise_variance", "activity")
    again = js.simulate(made.process(1), key, names)
    np.testing.assert_allclose(again["gamma"].values, table["gamma"][1], rtol=1e-4)
    row = table.iloc[1]
    kept = calibrain.posterior_summary(row["posterior_summary"], row["posterior_run"])
    np.testing.assert_allclose(kept.x_true.T, again["activity"].values, atol=1e-5)
    assert kept.x_hat.shape == (32, 90)
    assert kept.posterior_cov_blocks.shape == (32, 1, 1)


def test_coverage_of_the_table_is_that_of_the_kept_posterior(tutorial):
    _, table = tutorial
    curves = calibrain.curves(table)
    kept = calibrain.posterior_summary(table["posterior_summary"][0], 0)
    found = js.measure.coverage_curve(
        kept.x_true.T,
        kept.x_hat.T,
        kept.posterior_cov_blocks,
        levels=curves.level[0].tolist(),
    )
    np.testing.assert_allclose(
        curves.empirical[0, 1:-1], found.empirical[1:-1], atol=1e-6
    )
    assert curves.level.shape == (2, 21)
    assert (curves.level[:, [0, -1]] == [0, 1]).all()


def test_grids_expand_by_alphabet_with_the_last_key_fastest(folder):
    solver = {"tol": [1e-7, 1e-3], "max_iter": [5], "sigma": [0.01, 0.02]}
    made = generator(folder, solver_param_grid=solver)
    shown = [(c.solver["sigma"], c.solver["tol"], c.data["alpha_SNR"])
             for c in made.configs]  # fmt: skip
    assert shown[:3] == [(0.01, 1e-7, 0.5), (0.01, 1e-7, 0.8), (0.01, 1e-3, 0.5)]
    assert shown[4] == (0.02, 1e-7, 0.5)
    assert len(made.programs) == 4  # a sweep each, of two signal to noise ratios


def test_seeds_are_drawn_as_calibrain_draws_them_and_shared_when_paired(folder):
    drawn = np.random.RandomState(83).randint(0, 2**32, size=6)
    found = generator(folder).seeds(3)
    np.testing.assert_array_equal(found, drawn.reshape(2, 3))
    shared = generator(folder, pairing="paired").seeds(3)
    np.testing.assert_array_equal(shared, np.stack([drawn[:3]] * 2))


@pytest.mark.slow
def test_paired_runs_share_sources_and_noise_and_the_deviation_cancels(folder):
    data = DATA | {"sensor_white_noise_std": [0.2, 2.0], "alpha_SNR": [0.5]}
    solver = SOLVER | {"max_iter": [5]}
    made = generator(
        folder, data_param_grid=data, solver_param_grid=solver, pairing="paired"
    )
    table = made.run(2, progress=False)
    assert table["seed"].tolist()[:2] == table["seed"].tolist()[2:]
    one, other = table.iloc[:2], table.iloc[2:]
    np.testing.assert_allclose(one["gamma"], other["gamma"], rtol=1e-3)
    np.testing.assert_allclose(one["eta"], 10 * other["eta"].to_numpy(), rtol=1e-4)


def wrong(grid, key, value):
    grids = {
        "solver_param_grid": SOLVER, "data_param_grid": DATA, "noise_param_grid": NOISE
    }  # fmt: skip
    return {grid: grids[grid] | {key: value}}


@pytest.mark.parametrize(
    "changes, said",
    [
        (wrong("data_param_grid", "alpha_SNR", [0.5, 1.2]), "1.2; allowed is 0 to 1"),
        (wrong("data_param_grid", "nnz", [4, 33]), r"'nnz'\] has 33; .* 0 to 32"),
        (wrong("data_param_grid", "orientation_type", ["loose"]), "'fixed', 'free'"),
        (wrong("data_param_grid", "alpha_snr", [0.5]), "Did you mean 'alpha_SNR'"),
        (wrong("solver_param_grid", "max_iters", [9]), "Did you mean 'max_iter'"),
        (wrong("solver_param_grid", "sigma", [0.01, 1.0]), "'sigma'.* 1.0 m; allowed"),
        (wrong("solver_param_grid", "update_mode", [4]), "has 4; allowed are 1, 2, 3"),
        (wrong("noise_param_grid", "noise_type", ["orcle"]), "'orcle'; allowed are"),
        (
            wrong("noise_param_grid", "noise_type", ["adaptive_joint_learning"]),
            "gamma_map_sflex needs a noise level from outside",
        ),
        ({"solver": "gamma_map_sflx"}, "Did you mean 'gamma_map_sflex'"),
        ({"ERP_config": ERP | {"fmx": 8}}, r"ERP_config\['fmx'\] is read by nobody"),
        ({"ERP_config": ERP | {"stim_onset": 2.0}}, "onset_s = 2.0"),
        ({"ERP_config": ERP | {"erp_min_length": 90}}, "80 samples .* stay silent"),
        ({"pairing": "pair"}, "'independent', 'paired'"),
        ({"random_state": "83"}, "whole number"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_runs(folder, changes, said):
    with pytest.raises(ValueError, match=said):
        generator(folder, **changes)


def test_a_grid_of_single_values_and_a_missing_leadfield_are_refused(folder):
    with pytest.raises(TypeError, match=r"'nnz'\] = 4: give a list"):
        generator(folder, data_param_grid=DATA | {"nnz": 4})
    with pytest.raises(FileNotFoundError, match="nobody_fixed_leadfield.npz"):
        generator(folder, data_param_grid=DATA | {"subject": ["nobody"]})


def test_functions_and_objects_of_calibrain_are_read_by_what_they_hold(folder):
    def gamma_map_sflex():
        """Stands for CaliBrain's."""

    made = calibrain.DataGenerator(
        gamma_map_sflex, SOLVER, DATA, NOISE, ERP,
        types.SimpleNamespace(ERP_config=ERP),
        types.SimpleNamespace(leadfield_dir=folder), object(), False,
    )  # fmt: skip
    assert made.solver == "gamma_map_sflex"
    with pytest.raises(ValueError, match="'sfreq'.* is 200.* of source_simulator"):
        generator(
            folder,
            ERP_config=ERP | {"sfreq": 200},
            source_simulator=types.SimpleNamespace(ERP_config=ERP),
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "solver, given, noise_type, orientation",
    [
        ("gamma_map", {"max_iter": [3], "update_mode": [1]}, "baseline", "fixed"),
        (
            "gamma_lambda_map_sflex",
            {"max_iter": [3]},
            "adaptive_joint_learning",
            "free",
        ),
        ("BMN", {"max_iter": [3], "normalization": [True]}, "oracle", "free"),
        ("BMN_joint", {"max_iter": [3]}, "adaptive_joint_learning", "fixed"),
        ("eloreta", {}, "oracle", "free"),
        ("gamma_map", {"max_iter": [3]}, "evidence", "fixed"),
    ],
)
def test_every_solver_makes_a_row(folder, solver, given, noise_type, orientation):
    made = generator(
        folder, solver,
        solver_param_grid=given,
        data_param_grid=DATA | {"alpha_SNR": [0.8], "orientation_type": [orientation]},
        noise_param_grid={"noise_type": [noise_type]},
    )  # fmt: skip
    table = made.run(1, progress=False)
    assert table["noise_var"][0] > 0 and np.isfinite(table["gamma"][0])
    assert table["n_sources"][0] == 32
    if noise_type == "baseline":
        assert table["noise_var"][0] == table["baseline_var"][0]


@pytest.mark.parametrize(
    "noise_type, kind",
    [
        ("spatial_cv", js.meeg.SpatialCv),
        ("temporal_cv", js.meeg.TemporalCv),
        ("evidence", js.meeg.EvidenceNoise),
    ],
)
def test_the_noise_may_be_told_from_the_whole_field(folder, noise_type, kind):
    noise = {"noise_type": [noise_type]}
    process = generator(folder, noise_param_grid=noise).process()
    makers = [n for n, s in zip(process.names, process.steps, strict=True)
              if "noise_variance" in s.cards() and n != "estimate"]  # fmt: skip
    assert makers == ["oracle", "baseline", noise_type]  # the last one counts
    assert isinstance(js.get(process, noise_type), kind)
    with pytest.raises(ValueError, match=f"'{noise_type}', but BMN_joint learns"):
        generator(folder, "BMN_joint", solver_param_grid={}, noise_param_grid=noise)


def test_what_no_step_does_is_refused_by_name(folder):
    noise = {"noise_type": ["adaptive_joint_learning"]}
    for key, value in (("lambda_damping", 0.5), ("init_lambda", 2.0)):
        with pytest.raises(ValueError, match=f"'{key}'.*allowed"):
            generator(
                folder, "gamma_lambda_map", noise_param_grid=noise,
                solver_param_grid={key: [value]},
            )  # fmt: skip


@pytest.mark.slow
def test_a_sweep_that_fails_leaves_the_others_alone(folder, monkeypatch, caplog):
    from jaxsim.convert.calibrain import generator as module

    def failing(process, *args, **given):
        if process.steps[0].n_active == 2:
            raise RuntimeError("out of memory")
        return js.sweep(process, *args, **given)

    monkeypatch.setattr(module, "sweep", failing)
    data = DATA | {"nnz": [2, 4], "alpha_SNR": [0.5]}
    with caplog.at_level(logging.ERROR):
        table = generator(
            folder, data_param_grid=data, solver_param_grid={"max_iter": [3]}
        ).run(1, progress=False)
    assert table["status"].tolist() == [3, 4]
    assert table["error_message"][0] == "out of memory"
    assert np.isnan(table["gamma"][0]) and np.isfinite(table["gamma"][1])


@pytest.mark.slow
def test_what_was_stopped_half_way_goes_on_where_it_was(folder, tmp_path):
    def made(name):
        return generator(
            folder,
            save_posterior_stats=True,
            posterior_dir=tmp_path / name,
            solver_param_grid={"max_iter": [5]},
        )

    seen, later = [], []

    def stop(done, _):
        seen.append(done)
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made("stopped").run(3, block=2, progress=stop)
    table = made("stopped").run(3, progress=lambda done, _: later.append(done))
    assert max(seen) == 2 and max(later) == 6
    whole = made("whole").run(3, block=2, progress=False)
    np.testing.assert_array_equal(table["gamma"], whole["gamma"])
    assert len(list((tmp_path / "stopped").iterdir())) == 1


def test_a_file_says_all_of_it(folder, tmp_path):
    (tmp_path / "calibration.yaml").write_text(
        f"""
solver: gamma_map_sflex
solver_param_grid: {{sigma: [0.01], max_iter: [150], tol: [1.0e-7]}}
data_param_grid:
  {{subject: [{SUBJECT}], nnz: [4], orientation_type: [fixed],
   alpha_SNR: [0.5, 0.8], sensor_white_noise_std: [0.2]}}
noise_param_grid: {{noise_type: [oracle]}}
ERP_config: {{tmin: -0.1, tmax: 0.8, sfreq: 100, fmin: 2, fmax: 8, erp_min_length: 60}}
leadfield_dir: {folder}
random_state: 83
nruns: 3
"""
    )
    made, given = calibrain.read_generator(tmp_path / "calibration.yaml")
    assert given == {"nruns": 3}
    assert len(made.configs) == 2 and made.random_state == 83
    text = (tmp_path / "calibration.yaml").read_text()
    (tmp_path / "calibration.yaml").write_text(text + "nrun: 3\n")
    with pytest.raises(ValueError, match="Did you mean 'nruns'"):
        calibrain.read_generator(tmp_path / "calibration.yaml")
