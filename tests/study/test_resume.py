"""Sweeps into a store: what is done stays done."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import jaxsim as js
from tests.study.counting import compiled
from tests.study.toys import StudyLeaky, StudyPower


@pytest.fixture
def process():
    return js.Pipeline(nodes=StudyLeaky(), power=StudyPower())


@pytest.fixture
def design():
    leaks = np.linspace(1, 50, 5)
    return js.grid({"nodes.mode": ["additive", "none"], "nodes.leak": leaks})


def equal(one, other):
    assert one.status.tolist() == other.status.tolist()
    for name in one.names:
        assert np.array_equal(one[name].values, other[name].values), name
        a, b = one[name].clock, other[name].clock
        assert (a is None) == (b is None)
        if a is not None:
            assert np.array_equal(a.start_s, b.start_s) and a.rate_hz == b.rate_hz


def test_a_stored_sweep_is_the_sweep_in_memory(process, design, getkey, tmp_path):
    key = getkey()
    memory = js.sweep(process, design, key, block=2, repeats=2)
    disk = js.sweep(process, design, key, block=2, repeats=2, store=tmp_path / "s.zarr")
    equal(memory, disk)
    assert disk["activity"].values.shape == (2, 5, 2, 40, 2)


def test_ctrl_c_keeps_what_was_done_and_the_same_call_goes_on(
    process, design, getkey, tmp_path
):
    key, folder = getkey(), tmp_path / "s.zarr"
    whole = js.sweep(process, design, key, block=2)

    def stop(done, total):
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(
        KeyboardInterrupt, match=r"stopped after 4 of 10 runs. They are"
    ):
        js.sweep(process, design, key, block=2, store=folder, progress=stop)
    seen = []
    again = js.sweep(
        process, design, key, store=folder, progress=lambda n, total: seen.append(n)
    )
    assert seen[:2] == [2, 4] and seen[-1] == 10  # the block is the store's
    equal(whole, again)
    programs, once_more = compiled(lambda: js.sweep(process, design, key, store=folder))
    assert "run_lanes" not in programs
    equal(whole, once_more)


def test_another_sweep_is_refused_by_the_store(process, design, getkey, tmp_path):
    key, folder = getkey(), tmp_path / "s.zarr"
    js.sweep(process, design, key, block=5, store=folder)
    with pytest.raises(ValueError, match="holds another sweep"):
        js.sweep(process, design, getkey(), block=5, store=folder)
    other = js.replace(process, {"nodes.drive": 1.0})
    with pytest.raises(ValueError, match="holds another sweep"):
        js.sweep(other, design, key, block=5, store=folder)


KILLED = """
import os, signal, sys
import jax, numpy as np
import jaxsim as js
from tests.study.toys import StudyLeaky, StudyPower

process = js.Pipeline(nodes=StudyLeaky(), power=StudyPower())
leaks = np.linspace(1, 50, 5)
design = js.grid({"nodes.mode": ["additive", "none"], "nodes.leak": leaks})
die = int(sys.argv[2])
stop = lambda done, n: os.kill(os.getpid(), signal.SIGKILL) if done >= die else None
key = jax.random.key(3)
js.sweep(process, design, key, block=2, store=sys.argv[1], progress=stop)
"""


def test_a_killed_sweep_goes_on_and_ends_equal_to_an_unbroken_one(
    process, design, tmp_path
):
    import jax

    folder = str(tmp_path / "s.zarr")
    env = os.environ | {"JAX_PLATFORMS": "cpu"}
    for die in (7,):
        out = subprocess.run(
            [sys.executable, "-c", KILLED, folder, str(die)],
            capture_output=True, text=True, env=env,
        )  # fmt: skip
        assert out.returncode == -signal.SIGKILL, out.stderr[-2000:]
    key = jax.random.key(3)
    resumed = js.sweep(process, design, key, block=2, store=folder)
    equal(js.sweep(process, design, key, block=2), resumed)
    equal(resumed, js.load(folder))


def test_a_rotten_chunk_is_computed_again(process, design, getkey, tmp_path):
    key, folder = getkey(), tmp_path / "s.zarr"
    whole = js.sweep(process, design, key, block=2, store=folder)
    chunk = next(folder.rglob("power/c.1.0"))
    for hurt in (lambda p: p.unlink(), lambda p: os.truncate(p, 9)):
        hurt(chunk)
        equal(whole, js.sweep(process, design, key, block=2, store=folder))


def test_the_axes_of_a_design_are_coordinates(process, design, getkey):
    runs = js.sweep(process, design, getkey(), ("power",), repeats=3)
    tree = runs.to_xarray()
    power = next(node["power"] for node in tree.subtree if "power" in node.data_vars)
    assert power.dims[:3] == ("nodes.mode", "nodes.leak", "repeat")
    assert power.coords["nodes.mode"].values.tolist() == ["additive", "none"]
    np.testing.assert_allclose(power.coords["nodes.leak"], np.linspace(1, 50, 5))


def test_scalars_become_a_table_with_the_points(process, design, getkey):
    runs = js.sweep(process, design, getkey(), repeats=2)
    means = runs.measure(lambda x: x.mean(), "activity")
    frame = means.to_dataframe().reset_index()
    assert len(frame) == 20
    assert {"nodes.mode", "nodes.leak"} <= set(frame.columns)
