"""What is typed at a prompt: values, files, refusals, exit codes."""

import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import jaxsim as js
from jaxsim.cli import environment, main


SHORT = ["--network.duration_s", "0.1", "--network.burn_in_s", "0"]


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


def started(*words, **environ):
    """The command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "jaxsim", *words],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_list_names_processes_and_kinds(say):
    code, out, _ = say("list")
    assert code == 0
    for word in ("whole_brain", "wendling", "JansenRit", "RungeKutta4"):
        assert word in out
    assert "JansenRit" not in say("list", "solver")[1]
    assert say("list", "nosuch")[0] == 2


def test_help_teaches_with_examples(say):
    for words in ([], ["--help"], ["run", "--help"], ["run", "wendling", "--help"]):
        code, out, _ = say(*words)
        assert code == 0
        assert "jaxsim run" in out
    assert "--network.model.A" in out
    assert "excitatory gain" in out


def test_set_and_flags_reach_the_same_values(say):
    by_set = say("show", "wendling", "--set", "network.model.A=5")[1]
    by_flag = say("show", "wendling", "--network.model.A", "5")[1]
    assert by_set == by_flag
    assert "network.model.A        5.0" in by_set


def test_set_can_change_a_kind(say):
    code, out, _ = say(
        "show", "wendling", "--format", "json",
        "--set", "network.solver.kind=RungeKutta4",
        "--set", "network.noise={kind: WhiteNoise, sigma: 30}",
    )  # fmt: skip
    network = json.loads(out)["steps"][0]
    assert code == 0
    assert network["solver"] == {"kind": "RungeKutta4"}
    assert network["noise"]["sigma"] == 30.0


def test_set_can_name_a_connectome(say):
    small = "network.connectome=@small_world:n_nodes=6,degree=2,rewire=0.1,seed=3"
    code, out, _ = say("check", "jansen_rit", "--set", small)
    assert code == 0
    assert "node=6" in out


@pytest.mark.parametrize(
    "words, told",
    [
        (["shwo"], "Did you mean 'show'?"),
        (["show", "wendlin"], "Did you mean 'wendling'?"),
        (["show", "wendling:Type9"], "no kind 'Type9'"),
        (["show", "nosuch.yaml"], "nosuch.yaml"),
        (["show", "wendling", "--set", "network.model.A"], "write path=value"),
        (["show", "wendling", "--set", "network.modle.A=1"], "Did you mean 'model'?"),
        (["show", "wendling", "--set", "netwrk.model.A=1"], "no step 'netwrk'"),
        (["show", "wendling", "--set", "network.model.A=-1"], "outside [0, 30] mV"),
        (["show", "wendling", "--network.model.A", "99"], "outside [0, 30] mV"),
        (["show", "wendling", "--set", "network=5"], "is a step, not a value"),
        (["show", "wendling", "--set", "network.model.A.b=5"], "nothing lies below"),
        (["show", "wendling", "--set", "network.solver.kind=Hen"], "'Heun'"),
        (["run", "wendling", "--record", "activty", *SHORT], "'activity'"),
        (["run", "wendling", "--out", "a.txt"], ".zarr or .npz"),
        (["run", "wendling", "--out", "no/where.npz"], "no folder"),
        (["run", "wendling", "--module", "nosuch.py"], "no such file"),
        (["sweep", "wendling"], "--over"),
        (["sweep", "wendling", "--over", "network.model.A=1:2"], "FROM:TO:COUNT"),
        (["sweep", "wendling", "--over", "network.model.A=40,50"], "outside [0, 30]"),
        (["sweep", "wendling", "--prior", "network.model.A=1"], "PATH=LOW:HIGH"),
        (["fit", "wendling"], "--target"),
        (["list", "--frob"], "--frob"),
    ],
)
def test_bad_input_ends_with_2_and_one_sentence(say, words, told):
    code, _, err = say(*words)
    assert code == 2
    assert told in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback(say):
    code, _, err = say("show", "wendlin", "--debug")
    assert code == 2
    assert "Traceback" in err


def test_a_run_is_kept_with_what_made_it(say):
    code, _, err = say("run", "wendling", *SHORT, "--seed", "7", "--out", "a.zarr")
    assert code == 0, err
    kept = js.load("a.zarr")
    again = js.simulate(kept.process, kept.key)
    assert (np.asarray(again["activity"].values) == kept["activity"].values).all()
    code, out, _ = say("show", "a.zarr", "--network.model.B", "40")
    assert code == 0
    assert "network.duration_s     0.1" in out


def test_a_run_can_be_kept_as_plain_arrays(say):
    assert say("run", "wendling", *SHORT, "--out", "a.npz")[0] == 0
    with np.load("a.npz") as arrays:
        assert arrays["activity"].shape == (1000, 1)
        np.testing.assert_allclose(arrays["activity_time_s"][:2], [1e-4, 2e-4])


@pytest.mark.slow
def test_a_long_movie_goes_straight_to_its_store_and_to_other_programs(
    say, monkeypatch, tmp_path
):
    tifffile = pytest.importorskip("tifffile")
    monkeypatch.setattr("jaxsim.core.blocks.HELD_BYTES", 0)
    small = "--miniscope.n_px_height 32 --set miniscope.n_px_width=32".split()
    few = "--miniscope.n_frames 6 --record movie --record shift".split()
    kept = "--out movie.zarr --export tiff".split()
    code, out, _ = say("run", "miniscope_v4:slab", *small, *few, *kept)
    assert code == 0 and "frames included" in out and "shift" in out
    movie = np.asarray(js.load(tmp_path / "movie.zarr")["movie"].values)
    assert movie.shape == (6, 32, 32) and movie.dtype == np.uint8
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "movie.tif"), movie)
    code, _, told = say("run", "miniscope_v4", *small, *kept)
    assert code == 2 and "movie.tif is there already" in told


def test_a_process_file_round_trips_through_every_form(say):
    shown = say("show", "wendling", "--network.model.B", "40")[1]
    for form in ("yaml", "toml", "json"):
        say("show", "wendling", "--network.model.B", "40", "--out", f"mine.{form}")
        assert say("show", f"mine.{form}")[1] == shown


def test_a_file_of_your_own_gives_processes_and_classes(say, tmp_path):
    (tmp_path / "my_story.py").write_text(
        "import jaxsim as js\n"
        "class Loud(js.WhiteNoise):\n"
        "    '''Louder.'''\n"
        "def process():\n"
        "    return js.Pipeline(network=js.Network(model=js.JansenRit()))\n"
    )
    assert "network.model.A" in say("show", "my_story.py:process")[1]
    assert say("show", "my_story.py:nosuch")[0] == 2


def test_a_diverged_run_ends_with_1(say, monkeypatch):
    for solver in (js.Euler, js.Heun, js.RungeKutta4):
        monkeypatch.setattr(solver, "reach", math.inf)  # or it would be refused
    code, out, _ = say(
        "run", "wendling", "--network.dt_s", "0.1", "--network.duration_s", "100",
        "--network.burn_in_s", "0",
    )  # fmt: skip
    assert code == 1
    assert "diverged" in out


def test_a_sweep_prints_a_row_for_each_run(say):
    code, _, err = say(
        "sweep", "wendling", *SHORT, "--over", "network.model.A=3,4",
        "--over", "network.model.B=log:10:40:3", "--csv", "a.csv", "--out", "a.zarr",
    )  # fmt: skip
    assert code == 0, err
    rows = np.genfromtxt("a.csv", delimiter=",", names=True)
    assert len(rows) == 6
    np.testing.assert_allclose(rows["networkmodelB"][:3], [10, 20, 40])
    assert js.load("a.zarr")["activity"].values.shape == (2, 3, 1000, 1)


def test_a_fit_reaches_the_target_and_is_kept(say):
    code, _, err = say(
        "fit", "wendling:Type4", "--target", "wendling:Type4",
        "--free", "network.model.B=3:20", "--method", "sobol", "--budget", "8",
        "--seeds", "1", "--network.duration_s", "1", "--network.dt_s", "1e-3",
        "--network.burn_in_s", "0.2", "--out", "best.yaml", "--history", "h.json",
    )  # fmt: skip
    assert code == 0, err
    best = js.get(js.load("best.yaml"), "network.model.B")
    assert 3 <= float(best) <= 20
    with open("h.json") as file:
        assert len(json.load(file)["losses"][0]) == 8


def test_estimate_tells_compilation_and_run(say):
    code, out, _ = say("estimate", "jansen_rit", *SHORT, "--minutes", "1")
    assert code == 0
    assert "compilation" in out
    assert "runs in 1 min" in out


def test_info_tells_device_and_cache(say, monkeypatch, tmp_path):
    monkeypatch.setenv("JAXSIM_CACHE", str(tmp_path / "cache"))
    code, out, _ = say("info")
    assert code == 0
    assert "device     cpu" in out
    assert str(tmp_path / "cache") in out


def test_info_warns_when_a_gpu_lies_idle(say, monkeypatch):
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.setattr(environment, "has_nvidia_gpu", lambda: True)
    assert "jaxsim-neuro[cuda12]" in say("info")[1]


def test_cache_clear_removes_only_its_own(say, monkeypatch, tmp_path):
    monkeypatch.setenv("JAXSIM_CACHE", str(tmp_path / "cache"))
    for name in ("recordings", "programs", "yours"):
        (tmp_path / "cache" / name).mkdir(parents=True)
        (tmp_path / "cache" / name / "file").write_text("x")
    assert "2 files" in say("cache")[1]
    say("cache", "--clear")
    assert [p.name for p in (tmp_path / "cache").iterdir()] == ["yours"]


def test_the_command_keeps_compiled_programs_but_importing_does_not(tmp_path):
    process = started(
        "run", "wendling", *SHORT, JAXSIM_CACHE=str(tmp_path), XLA_FLAGS=""
    )
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert any((tmp_path / "programs").iterdir())
    assert err == ""


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_says_so_by_its_exit_code(number, code, tmp_path):
    process = started(
        "run", "wendling", "--network.burn_in_s", "1000000", "--network.dt_s", "1e-3",
        JAXSIM_CACHE=str(tmp_path),
    )  # fmt: skip
    programs = tmp_path / "programs"
    late = time.monotonic() + 20.0
    while not programs.is_dir() and time.monotonic() < late:
        time.sleep(0.1)  # until the first program is compiled
    time.sleep(0.5)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "stopped by" in err
