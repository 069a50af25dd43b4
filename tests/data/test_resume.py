"""A training run that is stopped goes on to the bit, wherever it was."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from tests.data import train_stream


ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def promotion():
    """Optax counts its steps in int32 and multiplies by them."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return train_stream.train(tmp_path_factory.mktemp("unbroken"))


def test_a_run_taken_up_three_times_has_the_losses_of_one(unbroken, tmp_path):
    for stop in (3, 17, 18):
        train_stream.train(tmp_path, stop)  # a new stream and new weights each time
    np.testing.assert_array_equal(train_stream.train(tmp_path), unbroken)
    assert unbroken[-5:].mean() < 0.5 * unbroken[:5].mean()  # and it learns


@pytest.mark.slow
def test_a_run_killed_three_times_has_the_losses_of_one(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert go_on(whole, None) == 0
    chance = random.Random(0)
    for first in (1, 11, 21):
        assert go_on(broken, first + chance.randrange(9)) == -signal.SIGKILL
    assert go_on(broken, None) == 0
    one, other = (np.load(at / "checkpoint.npz") for at in (whole, broken))
    assert len(one["losses"]) == train_stream.N_STEPS
    for name in one.files:
        np.testing.assert_array_equal(one[name], other[name])


def go_on(folder, kill_at):
    """Train in a process of its own, killed as soon as it tells of a step."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.data.train_stream", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as run:
        for line in run.stdout:
            if kill_at is not None and int(line) >= kill_at:
                run.kill()
                break
        return run.wait()
