"""Truth on request: footprints, places, subsets."""

import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import imaging as im
from tests.imaging.test_detection import scene


@pytest.fixture
def recording(getkey):
    process = js.replace(scene(), {"sensor.readout": "expected"})
    return js.simulate(
        process, getkey(), ("movie", "trace", "observed_gain", "footprint")
    )


def test_footprints_times_traces_are_the_movie(recording):
    seen = im.footprints(recording)
    trace = np.asarray(recording["trace"].values)
    light = np.einsum("cyx,tc->tyx", seen, trace)
    fields = js.simulate(recording.process, recording.key, ("vignette", "leakage"))
    vignette, leakage = (np.asarray(s.values) for s in fields.series)
    light = light * vignette + leakage
    exposure = 2e4 * 0.7
    np.testing.assert_allclose(recording["movie"].values, exposure * light, rtol=1e-4)


def test_planted_footprints_are_what_the_optics_blur(recording):
    planted = im.footprints(recording, [0], kind="planted")
    assert planted.max() == pytest.approx(1.0, abs=0.05)
    gain = float(recording["observed_gain"].values[0])
    seen = im.footprints(recording, [0])
    assert seen.sum() == pytest.approx(gain * planted.sum(), rel=0.01)


def test_places_are_those_of_the_recording(getkey):
    changes = {"neurons.positions_um": None, "neurons.density_per_mm3": 2e5}
    process, key = js.replace(scene(), changes | {"neurons.max_cells": 12}), getkey()
    places = im.sample_neurons(process, key)
    made = js.simulate(process, key, ("position", "alive"))
    there = np.asarray(made["alive"].values) > 0
    np.testing.assert_array_equal(places, np.asarray(made["position"].values)[there])


def test_a_subset_keeps_what_belongs_to_its_cells(recording):
    one = im.subset(recording, np.array([False, True]))
    assert one["trace"].values.shape == (6, 1) and one["movie"].values.shape[0] == 6
    assert jnp.array_equal(one["trace"].values[:, 0], recording["trace"].values[:, 1])
    assert js.digest(one.process, one.key) == js.digest(
        recording.process, recording.key
    )


@pytest.mark.parametrize(
    "cells, sentence",
    [
        ([5], "cells from 5 to 5 were asked for; there are 2"),
        (np.ones(3, bool), "a mask of .3,. cannot choose among 2 cells"),
        ([0.5], "takes their numbers or a mask"),
    ],
)
def test_cells_that_are_not_there_are_refused(recording, cells, sentence):
    with pytest.raises(ValueError, match=sentence):
        im.footprints(recording, cells)
    with pytest.raises(ValueError, match=sentence):
        im.subset(recording, cells)


def test_an_unknown_kind_is_refused(recording):
    with pytest.raises(ValueError, match="there are 'observed' and 'planted'"):
        im.footprints(recording, kind="seen")


def test_an_empty_place_is_dark_before_and_behind_the_optics(getkey):
    changes = {"neurons.positions_um": None, "neurons.density_per_mm3": 1.0}
    process = js.replace(scene(), changes | {"neurons.max_cells": 2})
    empty = js.simulate(process, getkey(), ("alive",))
    for kind in ("observed", "planted"):
        assert not im.footprints(empty, kind=kind).any()
