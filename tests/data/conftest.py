"""Folders and recordings to cut chunks of."""

import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from tests.data import folders


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Statistics of stores are kept here, and not where the user's are."""
    monkeypatch.setenv("JAXSIM_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def made(tmp_path):
    return folders.folder(tmp_path / "made")


def series(values, rate_hz, dims, start_s=0.0, unit="mV", labels=()):
    clock = js.Clock(jnp.asarray(start_s, jnp.float32), rate_hz)
    card = js.Signal(dims, unit, "made by hand")
    return js.Series(np.asarray(values), clock, card, labels)


def recording_of(**signals):
    status = np.asarray(1, np.uint8)
    return js.Recording(tuple(signals.values()), tuple(signals), status)


@pytest.fixture
def film():
    """A movie at 20 Hz, traces at 8 Hz, a field at 125 Hz that starts later."""
    frames = np.arange(600)[:, None, None] % 200 + np.arange(6)[:, None]
    return recording_of(
        movie=series((frames + np.zeros(7)).astype(np.uint8), 20.0, "time y x"),
        trace=series(folders.ramp(240, 5), 8.0, "time cell"),
        field=series(
            folders.ramp(3600, 3), 125.0, "time sensor", 0.5, "uV",
            (("sensor", ("a", "b", "c")),),
        ),
        level=series(np.arange(300, dtype=np.float32), 10.0, "time"),
    )  # fmt: skip
