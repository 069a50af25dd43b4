"""Recordings made by hand, so that pictures need no simulation."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.core.param import param
from jaxsim.core.recording import NON_FINITE, OK, Recording
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.core.step import AbstractStep


RATE = 100.0


class PlotToy(AbstractStep):
    """A step with one parameter, for labels of axes."""

    gain: object = param(1.0, "mV", (0.0, 10.0), "how loud")
    makes = {"activity": Signal("time node", "mV", "activity of each node")}

    def __call__(self):
        return {"activity": jnp.zeros((10, 1))}


def series(values, dims="time node", unit="mV", labels=(), timed=True, **card):
    clock = Clock(jnp.asarray(0.01), RATE) if timed else None
    card = Signal(dims, unit, "what it is", **card)
    return Series(np.asarray(values, np.float32), clock, card, labels)


def waves(n, seconds=4.0, seed=0):
    t = np.arange(int(seconds * RATE))[:, None] / RATE
    noise = np.random.default_rng(seed).normal(size=(len(t), n))
    return 20 + np.sin(2 * np.pi * 10 * t + np.arange(n)) + noise


def recording(status=OK, process=None, design=None, **signals):
    status = np.asarray(status, np.uint8)
    rows = tuple(signals.values())
    return Recording(rows, tuple(signals), status, process, None, design)


@pytest.fixture
def make():
    """Ways to build things to draw."""
    import types

    return types.SimpleNamespace(
        series=series, waves=waves, recording=recording, toy=PlotToy, failed=NON_FINITE
    )


@pytest.fixture
def brain(make):
    """A run of a small network with four labelled nodes, and what six sensors see."""
    labels = (("node", ("lA1", "lV1", "rA1", "rV1")),)
    return make.recording(
        activity=make.series(make.waves(4), labels=labels),
        field=make.series(make.waves(6), "time sensor", "uV", observed=True),
        gain=make.series(np.eye(6, 4) - 0.2, "sensor node", "uV/mV", timed=False),
        states=make.series(np.stack([make.waves(4)] * 3, 1), "time variable node"),
    )


@pytest.fixture(autouse=True)
def matplotlib_as_it_was():
    """No figure is left open in pyplot, and no setting is changed."""
    import sys

    import matplotlib

    before = dict(matplotlib.rcParams)
    yield
    if "matplotlib.pyplot" in sys.modules:
        assert not sys.modules["matplotlib.pyplot"].get_fignums()
    changed = {k for k, v in matplotlib.rcParams.items() if before[k] != v}
    assert not changed
