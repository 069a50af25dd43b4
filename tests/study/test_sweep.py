"""Sweeps: one program over many points."""

import os
import subprocess
import sys

import jax
import numpy as np
import pytest

import jaxsim as js
from tests.study.counting import compiled
from tests.study.toys import StudyLeaky, StudyPower
from tests.toys import ToyNodes


@pytest.fixture
def process():
    return js.Pipeline(nodes=StudyLeaky(), power=StudyPower())


def single(process, design, key, run, record=None):
    point = js.replace(process, design.point(run))
    return js.simulate(point, jax.random.fold_in(key, run), record)


def flat(recording, name):
    """Values of a signal with the runs along one axis."""
    values = recording[name].values
    return values.reshape(-1, *values.shape[np.ndim(recording.status) :])


def test_a_thousand_points_equal_single_simulations_and_compile_once(process, getkey):
    prior = {"nodes.leak": js.log_uniform(1, 100), "power.scale": js.uniform(0, 2)}
    design, key = js.draws(prior, 1000, getkey(), "sobol"), getkey()
    process = js.replace(process, {"nodes.n_samples": 41})  # a program of its own
    programs, runs = compiled(lambda: js.sweep(process, design, key))
    assert programs["run_lanes"] == 1
    assert runs["activity"].values.shape == (1000, 41, 2) and runs.ok
    for run in range(0, 1000, 37):
        one = single(process, design, key, run)
        for name in ("activity", "power"):
            ours = runs[name].values[run]
            np.testing.assert_allclose(ours, one[name].values, rtol=2e-5, atol=1e-6)


@pytest.mark.slow
def test_all_of_a_thousand_points_equal_single_simulations(process, getkey):
    prior = {"nodes.leak": js.log_uniform(1, 100), "nodes.sigma": js.uniform(0, 2)}
    design, key = js.draws(prior, 1000, getkey()), getkey()
    runs = js.sweep(process, design, key)
    for run in range(1000):
        one = single(process, design, key, run)
        ours = runs["activity"].values[run]
        np.testing.assert_allclose(ours, one["activity"].values, rtol=2e-5, atol=1e-6)


def test_other_values_and_another_base_compile_nothing(process, getkey):
    prior, key = {"nodes.leak": js.uniform(1, 90)}, getkey()
    js.sweep(process, js.draws(prior, 30, key), key)
    base = js.replace(process, {"nodes.drive": 3.0, "nodes.weights": np.eye(2)})
    programs, _ = compiled(lambda: js.sweep(base, js.draws(prior, 30, getkey()), key))
    assert not programs


def test_grid_axes_stand_in_front_and_repeats_last(process, getkey):
    key = getkey()
    design = js.grid(
        {"nodes.leak": [1.0, 5.0, 9.0], "nodes.mode": ["additive", "none"]}
    )
    runs = js.sweep(process, design, key, ("activity",), repeats=4)
    assert runs["activity"].values.shape == (3, 2, 4, 40, 2)
    assert runs.status.shape == (3, 2, 4)
    assert runs["activity"].clock.start_s.shape == (3, 2, 4)
    assert runs.design.shape == (3, 2, 4) and js.get(runs.process, "nodes.leak") == 20
    full = design.repeated(4)
    for run in (0, 7, 13, 23):
        one = single(process, full, key, run)
        np.testing.assert_allclose(
            flat(runs, "activity")[run], one["activity"].values, rtol=2e-5, atol=1e-6
        )
    still = runs["activity"].values[:, 1]
    assert np.array_equal(still[:, 0], still[:, 3])  # no noise: repeats are the same
    noisy = runs["activity"].values[:, 0]
    assert not np.array_equal(noisy[:, 0], noisy[:, 3])


def test_repeats_alone_need_no_path(process, getkey):
    runs = js.sweep(process, js.grid({}), getkey(), ("power",), repeats=5)
    assert runs["power"].values.shape == (5, 2)
    assert len(np.unique(runs["power"].values[:, 0])) == 5


def test_static_paths_compile_once_for_each_combination(process, getkey):
    design = js.grid(
        {"nodes.leak": np.linspace(1, 9, 5), "nodes.mode": ["additive", "none"]}
    )
    key = getkey()
    process = js.replace(process, {"nodes.n_samples": 42})
    programs, runs = compiled(lambda: js.sweep(process, design, key, block=5))
    assert programs["run_lanes"] == 2
    assert runs["activity"].values.shape == (5, 2, 42, 2)


@pytest.mark.parametrize("block", [1, 3, 7, 20])
def test_blocks_of_any_size_agree(process, block, getkey):
    key = jax.random.key(7)
    design = js.zipped({"nodes.leak": np.linspace(1, 50, 10)})
    whole = js.sweep(process, design, key, ("activity",), block=10)
    parts = js.sweep(process, design, key, ("activity",), block=block)
    ours, theirs = parts["activity"].values, whole["activity"].values
    np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-7)
    assert parts.status.tolist() == [1] * 10


def test_a_small_budget_means_small_blocks(process, getkey):
    seen = []
    design = js.zipped({"nodes.leak": np.linspace(1, 50, 10)})
    progress = lambda done, total: seen.append((done, total))  # noqa: E731
    js.sweep(process, design, getkey(), memory_bytes=4000, progress=progress)
    assert len(seen) > 3 and seen[-1] == (10, 10)


def test_a_large_run_goes_by_itself(process, getkey, monkeypatch):
    from jaxsim.study import lanes

    monkeypatch.setattr(lanes, "LOOP_BYTES", 100)
    design = js.zipped({"nodes.leak": [1.0, 2.0, 3.0]})
    key = getkey()
    process = js.replace(process, {"nodes.n_samples": 43})
    programs, runs = compiled(lambda: js.sweep(process, design, key))
    assert programs["run_alone"] == 1 and not programs["run_lanes"]
    np.testing.assert_allclose(
        runs["activity"].values[2], single(process, design, key, 2)["activity"].values,
        rtol=2e-6, atol=1e-7,
    )  # fmt: skip


def test_a_diverging_lane_leaves_the_others_bitwise_alone(process, getkey):
    key = getkey()
    process = js.replace(process, {"nodes.n_samples": 200})
    wild = js.zipped({"nodes.growth": [0.0, 0.0, 5e4, 0.0], "nodes.leak": [1, 2, 3, 4]})
    tame = js.zipped({"nodes.growth": [0.0] * 4, "nodes.leak": [1, 2, 3, 4]})
    a, b = (js.sweep(process, d, key, ("activity",)) for d in (wild, tame))
    assert a.status.tolist() == [1, 1, 2, 1] and b.ok
    rest = [0, 1, 3]
    assert np.array_equal(a["activity"].values[rest], b["activity"].values[rest])
    assert "diverged" in a.result


def test_weights_may_move_and_so_may_arrays_over_nodes(process, getkey):
    weights = np.stack([np.zeros((2, 2)), np.eye(2), 3 * np.eye(2)])
    leaks = np.arange(1.0, 7.0).reshape(3, 2)
    design, key = js.zipped({"nodes.weights": weights, "nodes.leak": leaks}), getkey()
    runs = js.sweep(process, design, key, ("power",))
    one = single(process, design, key, 2)
    np.testing.assert_allclose(runs["power"].values[2], one["power"].values, rtol=2e-6)


@pytest.mark.parametrize(
    "design, says",
    [
        ({"nodes.leek": [1.0]}, "Did you mean 'leak'"),
        ({"nodos.leak": [1.0]}, "Did you mean 'nodes'"),
        ({"nodes": [1.0]}, "nodes is a part"),
        ({"nodes.leak": [1.0, -5.0]}, r"nodes.leak = -5.0 1/s \(at index \(1,\)\)"),
        ({"nodes.mode": ["additive", "nome"]}, "nodes.mode = 'nome' is not one of"),
        ({"nodes.n_samples": [40, 50]}, "the shape of 'activity' is"),
        ({"nodes.dt_s": [1e-3, 2e-3]}, "the clock of 'activity' is 1000 Hz"),
        ({"nodes.dt_s": np.linspace(1e-4, 1e-3, 20)}, "needs 20 programs"),
        ({"nodes.leak": ["a", "b"]}, "nodes.leak: expected numbers"),
    ],
)
def test_a_sweep_refuses_before_any_run(process, design, says, getkey):
    with pytest.raises(ValueError, match=says):
        js.sweep(process, js.grid(design), getkey())


def test_a_sweep_refuses_what_is_no_design_and_what_is_not_made(process, getkey):
    with pytest.raises(TypeError, match="js.grid"):
        js.sweep(process, {"nodes.leak": [1.0]}, getkey())
    with pytest.raises(ValueError, match="cannot record 'powr'"):
        js.sweep(process, js.grid({"nodes.leak": [1.0]}), getkey(), ("powr",))
    with pytest.raises(ValueError, match="block = 0"):
        js.sweep(process, js.grid({"nodes.leak": [1.0]}), getkey(), block=0)


def test_ctrl_c_says_how_much_was_done(process, getkey):
    def stop(done, total):
        if done >= 4:
            raise KeyboardInterrupt

    design = js.zipped({"nodes.leak": np.linspace(1, 50, 10)})
    with pytest.raises(KeyboardInterrupt, match="stopped after 4 of 10 runs. Nothing"):
        js.sweep(process, design, getkey(), block=2, progress=stop)


def test_the_bar_shows_the_rate(process, getkey, capsys):
    design = js.zipped({"nodes.leak": np.linspace(1, 50, 10)})
    js.sweep(process, design, getkey(), block=2, progress=True)
    shown = capsys.readouterr().err
    assert "sweep" in shown and "10/10" in shown and "runs/s" in shown
    js.sweep(process, design, getkey(), block=2)  # no terminal: silent
    assert capsys.readouterr().err == ""


def test_float64_sweeps_are_float64(process, getkey, x64):
    design, key = js.grid({"nodes.leak": np.float32([0.1, 0.2])}), getkey()
    process = js.Pipeline(nodes=StudyLeaky())
    runs = js.sweep(process, design, key)
    assert runs["activity"].values.dtype == np.float64
    one = js.simulate(
        js.replace(process, {"nodes.leak": 0.2}), jax.random.fold_in(key, 1)
    )
    np.testing.assert_allclose(
        runs["activity"].values[1], one["activity"].values, rtol=1e-13
    )


FOUR = """
import sys
import jax, numpy as np
import jaxsim as js
from tests.study.toys import StudyLeaky, StudyPower

process = js.Pipeline(nodes=StudyLeaky(), power=StudyPower())
design = js.draws({"nodes.leak": js.uniform(1, 90)}, 30, jax.random.key(1))
assert len(jax.devices()) == 4
runs = [
    js.sweep(process, design, jax.random.key(2), block=8, devices=jax.devices()[:n])
    for n in (1, 4)
]
for name in ("activity", "power"):
    a, b = (r[name].values for r in runs)
    assert np.array_equal(a, b), name
assert len(js.sweep(process, design, jax.random.key(2))["power"].values) == 30
print("equal")
"""


def test_four_devices_give_the_bits_of_one():
    flags = "--xla_force_host_platform_device_count=4"
    env = os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    out = subprocess.run(
        [sys.executable, "-c", FOUR], capture_output=True, text=True, env=env
    )
    assert out.stdout.strip() == "equal", out.stderr[-2000:]


def test_paired_points_see_the_same_noise_and_repeats_another(getkey):
    process = js.Pipeline(nodes=ToyNodes())
    key, design = getkey(), js.grid({"nodes.level": [1.0, 3.0, 2.0]})
    asked = {"record": ("activity",), "repeats": 2, "pairing": "paired"}
    runs = js.sweep(process, design, key, **asked)["activity"].values
    noise = runs - np.asarray([1.0, 3.0, 2.0])[:, None, None, None]
    np.testing.assert_allclose(noise[1:], noise[:1].repeat(2, 0), atol=1e-5)
    assert not np.allclose(noise[0, 0], noise[0, 1], atol=1e-2)
    fewer = js.sweep(process, js.grid({"nodes.level": [2.0]}), key, **asked)
    np.testing.assert_allclose(fewer["activity"].values[0], runs[2], rtol=1e-6)


def test_a_store_of_paired_runs_is_another_than_of_independent_ones(getkey, tmp_path):
    process = js.Pipeline(nodes=ToyNodes())
    key, design = getkey(), js.grid({"nodes.level": [1.0, 3.0]})
    js.sweep(process, design, key, ("activity",), store=tmp_path / "a.zarr")
    with pytest.raises(ValueError, match="design"):
        js.sweep(
            process, design, key, ("activity",), store=tmp_path / "a.zarr",
            pairing="paired",
        )  # fmt: skip
    with pytest.raises(ValueError, match="neither 'independent'.* nor 'paired'"):
        js.sweep(process, design, key, ("activity",), pairing="matched")
