"""Processes and recordings that the tests of the store share."""

import numpy as np

import jaxsim as js
from jaxsim.store.facts import StoredDesign
from tests.toys import ToyLeak, ToyNodes, ToyRender, ToySensor, ToySine


def plain() -> js.Pipeline:
    return js.Pipeline(nodes=ToyNodes(drive=ToySine()), leak=ToyLeak())


def nested() -> js.Pipeline:
    deeper = js.Pipeline(("activity",), leak=ToyLeak(fraction=0.3))
    inner = js.Pipeline(("activity",), leak=ToyLeak(), deeper=deeper)
    return js.Pipeline(nodes=ToyNodes(level=[0.1, 0.4]), inner=inner)


def big() -> js.Pipeline:
    """One array too big for a document, one with a number that is not finite."""
    weights = np.random.default_rng(0).normal(size=(9, 9))
    weights[3, 4] = np.nan
    return js.Pipeline(nodes=ToyNodes(weights=weights), leak=ToyLeak())


def camera() -> js.Pipeline:
    return js.Pipeline(
        nodes=ToyNodes(weights=np.ones((9, 9))), render=ToyRender(), sensor=ToySensor()
    )


def small_recording(scale: float = 1.0) -> js.Recording:
    """A recording of NumPy arrays alone: it wakes no device, so a test may fork."""
    values = scale * np.arange(6, dtype=np.float32).reshape(3, 2)
    card = js.Signal("time node", "mV", "potential", observed=True)
    clock = js.Clock(np.asarray(0.01, np.float32), 100.0)
    labels = (("node", ("left", "rechts é")),)
    series = js.Series(values, clock, card, labels)
    return js.Recording((series,), ("lfp",), np.asarray(1, np.uint8))


def batch(n: int = 6) -> js.Recording:
    """Six runs of a 2 x 3 grid, one of them diverged."""
    one = small_recording()["lfp"]
    values = np.stack([one.values + i for i in range(n)]).reshape(2, 3, 3, 2)
    start = np.full((2, 3), 0.01, np.float32)
    series = js.Series(values, js.Clock(start, 100.0), one.card, one.labels)
    scalar = js.Signal("", "mV^2", "power", observed=True)
    power = js.Series(np.arange(6.0).reshape(2, 3).astype(np.float32), None, scalar)
    status = np.asarray([[1, 1, 2], [1, 1, 1]], np.uint8)
    return js.Recording(
        (series, power), ("lfp", "power"), status, design=StoredDesign(GRID)
    )


GRID = {
    "axes": [["nodes.level", 2], ["leak.fraction", 3]],
    "values": {
        "nodes.level": {"axis": "nodes.level", "values": [1.0, 2.0]},
        "leak.fraction": {"axis": "leak.fraction", "values": [0.1, 0.4, 0.9]},
    },
}


def same(one: js.Recording, other: js.Recording) -> bool:
    """Bit for bit the same signals, clocks, cards, labels and status."""
    if one.names != other.names:
        return False
    for name in one.names:
        a, b = one[name], other[name]
        if not np.array_equal(a.values, b.values, equal_nan=True):
            return False
        if a.values.dtype != b.values.dtype or a.card != b.card or a.labels != b.labels:
            return False
        if (a.clock is None) != (b.clock is None):
            return False
        if a.clock is not None and (
            a.clock.rate_hz != b.clock.rate_hz
            or not np.array_equal(a.clock.start_s, b.clock.start_s)
        ):
            return False
    return np.array_equal(one.status, other.status)
