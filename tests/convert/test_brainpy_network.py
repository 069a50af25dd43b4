"""Configurations of the BrainPy program as networks: what they say is what runs."""

import json

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.convert import brainpy_wendling as wendling


SIM = {"dt_ms": 0.1, "duration_ms": 50, "jit": True, "integrator": "rk4"}
W = [[0.0, 2.0, 2.0], [1.0, 5.0, 0.0], [0.0, 0.0, 0.0]]


def test_one_node_from_the_files_of_users():
    found = wendling.network(
        sim_cfg={"dt_ms": 0.1, "duration_ms": 5000, "jit": True, "integrator": "rk4"},
        model_cfg=wendling.get_type_params("Type4"),
        noise_cfg={"seed": 42},
    )
    expected = js.Network(
        model=js.Wendling.preset("Type4", p_sigma=2.0),
        coupling=js.LinearCoupling(G=0.0, site="pyramidal_input"),
        solver=js.RungeKutta4(),
        duration_s=5.0,
        dt_s=1e-4,
    )
    key = jax.random.key(0)
    assert js.digest(found, key) == js.digest(expected, key)


def test_a_network_from_a_file_with_labels_and_monitors(tmp_path):
    matrix = np.random.default_rng(0).random((86, 86))
    np.save(tmp_path / "W.npy", matrix)
    (tmp_path / "labels.txt").write_text("\n".join(f"region {i}" for i in range(86)))
    network_cfg = {
        "n_nodes": 86,
        "W_path": tmp_path / "W.npy",
        "labels_path": tmp_path / "labels.txt",
        "normalize": "row_sum",
        "remove_self_loops": True,
        "G_net": 0.6,
    }
    monitor_cfg = {"variables": ["y0", "y1", "y2", "y3", "y4"]}
    found = wendling.network(
        sim_cfg=SIM, network_cfg=network_cfg, monitor_cfg=monitor_cfg
    )
    weights = np.asarray(found.connectome.weights)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    assert not np.diag(weights).any()
    assert found.connectome.labels[85] == "region 85"
    assert found.variables == ("y0", "y1", "y2", "y3", "y4")
    assert float(found.coupling.G) == pytest.approx(0.6)


def test_the_result_has_their_shapes_and_our_times():
    result = wendling.simulate(
        sim_cfg=SIM, network_cfg={"W": W, "G_net": 1.0}, noise_cfg={"seed": 3},
        monitor_cfg={"variables": ["y1", "lfp"]},
    )  # fmt: skip
    assert result.t_s.shape == (500,) and result.lfp.shape == (500, 3)
    assert result.t[0] == pytest.approx(1e-4)
    assert set(result.states) == {"y1"} and result.states["y1"].shape == (500, 3)
    assert result.meta["seed"] == 3 and result.meta["n_nodes"] == 3
    assert result.recording.process.n_nodes == 3


def test_the_same_seed_gives_the_same_noise_and_another_gives_another():
    runs = [wendling.simulate(SIM, noise_cfg={"seed": seed}).lfp for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


def test_the_integrator_that_is_asked_for_runs_unless_compatible():
    def solver(name, **more):
        return type(wendling.network({**SIM, "integrator": name}, **more).solver)

    assert solver("rk4") is js.RungeKutta4
    assert solver("euler") is js.Euler
    assert solver("heun") is js.Heun
    assert solver("rk4", compat=True) is js.Euler
    assert solver("exp_euler", compat=True) is js.Euler


def test_noise_keeps_its_intensity_unless_compatible():
    noise = {"mode": "uniform"}
    assert wendling.network(noise_cfg=noise).noise.scaling == "intensity"
    net = {"n_nodes": 2}
    found = wendling.network(network_cfg=net, noise_cfg=noise, compat=True).noise
    assert (found.scaling, found.distribution) == ("per_step", "uniform")
    # one node of that program heeds neither
    found = wendling.network(noise_cfg=noise, compat=True).noise
    assert found.distribution == "gaussian"


def test_seconds_win_over_milliseconds():
    found = wendling.network({"dt_s": 1e-3, "dt_ms": 5.0, "duration_s": 0.2})
    assert (found.dt_s, found.duration_s) == (1e-3, 0.2)


def test_the_matrix_of_the_caller_is_left_alone():
    matrix = np.asarray(W, np.float32)
    before = matrix.copy()
    found = wendling.load_connectivity({"W": matrix})
    np.testing.assert_array_equal(matrix, before)
    np.testing.assert_allclose(found.W, [[0, 0.5, 0.5], [1, 0, 0], [0, 0, 0]])


def test_a_small_world_has_one_weight_for_both_directions():
    cfg = {
        "n_nodes": 12, "generator": {"name": "small_world", "options": {"seed": 1}},
        "normalize": "none",
    }  # fmt: skip
    ours, theirs = (wendling.load_connectivity(cfg, compat=c).W for c in (False, True))
    np.testing.assert_array_equal(ours, ours.T)
    assert (theirs != theirs.T).any()
    np.testing.assert_array_equal(ours > 0, theirs > 0)


def test_a_builder_gives_matrix_labels_and_meta():
    def build(n_nodes, seed, scale=1.0):
        return scale * np.ones((n_nodes, n_nodes)), ["a", "b"], {"made": seed}

    cfg = {"n_nodes": 2, "builder": build, "seed": 4, "builder_kwargs": {"scale": 3.0}}
    found = wendling.load_connectivity({**cfg, "normalize": "none"})
    np.testing.assert_array_equal(found.W, [[0, 3], [3, 0]])
    assert found.labels == ["a", "b"] and found.meta["made"] == 4


def test_tract_lengths_beside_the_weights_bring_no_delays(tmp_path):
    from scipy.io import savemat

    savemat(tmp_path / "c.mat", {"sc": np.ones((3, 3)), "len": 50 * np.ones((3, 3))})
    found = wendling.network(SIM, network_cfg={"W_path": tmp_path / "c.mat"})
    assert found.connectome.tract_lengths_mm is None
    np.testing.assert_allclose(found.connectome.weights[0], [0, 0.5, 0.5])


def test_a_start_that_obeys_the_filter_needs_eight_variables():
    ratio = 0.25 * 135
    found = wendling.network(model_cfg={"y2_init": ratio * 0.01, "y4_init": 0.01})
    assert type(found.model) is js.Wendling
    found = wendling.network(model_cfg={"y2_init": 0.3})
    assert type(found.model).__name__ == "WendlingTenStates"
    assert type(wendling.network(model_cfg={"y2_init": 0.3}, compat=True).model) is (
        js.Wendling
    )  # one node of that program starts at zero whatever it is told


def test_ten_variables_forget_a_start_that_eight_cannot_have():
    model = {"y2_init": 0.3}
    sim = {**SIM, "duration_ms": 1000}
    quiet = {"p_sigma": 0.0}
    ten = wendling.simulate(sim, model, noise_cfg=quiet).lfp
    eight = wendling.simulate(sim, {}, noise_cfg=quiet).lfp
    assert abs(ten[0] - eight[0]) > 0.1
    assert abs(ten[-1] - eight[-1]) < 1e-3


def test_stimuli_enter_where_the_equations_have_room():
    n = 500
    wave = np.zeros(n)
    wave[100:200] = 50.0
    base = {"sim_cfg": SIM, "noise_cfg": {"p_sigma": 0.0}}
    plain = wendling.simulate(**base).lfp[:, 0]
    for stim in (
        {"p_ext": wave},
        {"u_stim": wave[:, None]},
        {"p_ext": lambda t: np.where((t > 0.00995) & (t < 0.01995), 50.0, 0.0)},
        {"pulses": {"amplitude": 50.0, "start_s": 0.01, "width_s": 0.01}},
    ):
        found = wendling.simulate(**base, stim_cfg=stim).lfp[:, 0]
        np.testing.assert_array_equal(found[:100], plain[:100])
        assert np.abs(found - plain).max() > 0.1
    more_input = wendling.simulate(**base, stim_cfg={"p_ext": 10.0}).lfp
    same = wendling.simulate(**base, model_cfg={"p_mean": 100.0}).lfp
    np.testing.assert_allclose(more_input, same, atol=1e-5)


def test_a_result_is_saved_without_pickles(tmp_path):
    result = wendling.simulate(
        SIM, network_cfg={"W": W}, noise_cfg={"seed": 1},
        monitor_cfg={"variables": ["y0"]},
    )  # fmt: skip
    result.save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"t_s", "lfp", "meta_json", "state_y0"}
        json.loads(str(arrays["meta_json"]))
    again = wendling.load_sim_result(tmp_path / "run.npz")
    np.testing.assert_array_equal(again.lfp, result.lfp)
    np.testing.assert_array_equal(again.states["y0"], result.states["y0"])
    assert again.meta["params"]["A"] == 3.25


def test_a_result_of_that_program_is_read_but_for_its_pickles(tmp_path):
    np.savez(
        tmp_path / "theirs.npz", t_s=np.arange(3.0), lfp=np.ones((3, 1)),
        meta=np.array({"seed": 1}, dtype=object),
    )  # fmt: skip
    with pytest.warns(UserWarning, match="meta are pickles and were not read"):
        found = wendling.load_sim_result(tmp_path / "theirs.npz")
    assert found.lfp.shape == (3, 1) and found.meta == {}


def test_their_yaml_files_are_read(tmp_path):
    path = tmp_path / "sim.yaml"
    path.write_text(
        "simulation: {dt_ms: 0.1, duration_ms: 50.0, jit: true, progress_bar: false}\n"
        "model: {A: 3.25, B: 22.0}\n"
        "noise: {mode: stochastic, seed: 42, p_mean: 90.0, p_sigma: 2.0}\n"
        "monitor: {variables: []}\n"
        "output: {save_result: true}\n"
    )
    cfgs = wendling.read_config(path)
    assert cfgs.pop("output") == {"save_result": True}
    assert wendling.network(**cfgs).duration_s == 0.05


@pytest.mark.parametrize(
    "cfgs, sentence",
    [
        ({"sim_cfg": {"durationms": 5}}, "sim_cfg has no 'durationms'.*'duration_ms'"),
        ({"model_cfg": {"C8": 1.0}}, "model_cfg has no 'C8'.*Did you mean"),
        ({"network_cfg": {"G_nett": 1.0}}, "has no 'G_nett'.*'G_net'"),
        ({"noise_cfg": {"sed": 1}}, "noise_cfg has no 'sed'.*'seed'"),
        ({"noise_cfg": {"mode": "gausian"}}, "'gausian' is not one of.*'gaussian'"),
        ({"noise_cfg": {"seed": 1.5}}, "whole number"),
        ({"monitor_cfg": {"variables": ["y10"]}}, "no variable 'y10'.*Did you mean"),
        ({"sim_cfg": {"integrator": "rk5"}}, "'rk5' is not one of.*'rk4'"),
        ({"sim_cfg": {"integrator": "exp_euler"}}, "exp_euler' is not offered"),
        ({"sim_cfg": {"debug": "no"}}, "give True or False"),
        ({"model_cfg": {"A": -1.0}}, r"A = -1.0 mV is outside \[0, 30\] mV"),
        ({"network_cfg": {"n_nodes": 4, "W": W}}, r"shape \(3, 3\), n_nodes = 4"),
        ({"network_cfg": {"W": [[1.0, 2.0]]}}, "must be square"),
        ({"network_cfg": {"W": W, "normalize": "rowsum"}}, "Did you mean 'row_sum'"),
        ({"network_cfg": {"generator": {"name": "ring_lattice"}}}, "needs n_nodes"),
        (
            {"network_cfg": {"n_nodes": 5, "generator": {"name": "small_wrld"}}},
            "Did you mean 'small_world'",
        ),
        (
            {"network_cfg": {"n_nodes": 5, "generator": {
                "name": "erdos_renyi", "options": {"prob": 0.2}}}},
            "options of erdos_renyi has no 'prob'",
        ),
        ({"network_cfg": {"W": W, "W_path": "w.npy"}}, "has both 'W' and 'W_path'"),
        ({"network_cfg": {"W_path": "w.h5"}}, "W_path takes .npy, .csv and .mat"),
        ({"stim_cfg": {"p_ext": np.zeros(7)}}, r"an input of shape \(7,\)"),
        ({"stim_cfg": {"pulses": {"hight": 2}}}, "has no 'hight'"),
        ({"stim_cfg": {"p_ext": 1.0}, "compat": True}, "imitates ignores it"),
        ({"sim_cfg": {"burn_in_s": 1.0}, "compat": True}, "has no such key"),
        ({"model_cfg": {"y1_init": [1.0, 2.0]}}, r"y1_init has shape \(2,\)"),
    ],
)  # fmt: skip
def test_what_nobody_reads_is_refused_in_one_sentence(cfgs, sentence):
    with pytest.raises(ValueError, match=sentence):
        wendling.network(**cfgs)


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match="nowhere.npy"):
        wendling.network(network_cfg={"W_path": "nowhere.npy"})


def test_an_unknown_type_lists_those_there_are():
    with pytest.raises(KeyError, match="Type1, Type2"):
        wendling.get_type_params("Type7")
