"""A network that is driven by what an earlier step does."""

import jax
import numpy as np
import pytest

import jaxsim as js


WEIGHTS = np.array([[1.0, 0.5], [0.0, 0.0], [0.0, -2.0]])


def cells():
    frames = 255.0 * np.random.default_rng(1).random((30, 4, 4))
    fields = js.ReceptiveFields(centre_x_px=[-1.0, 1.0], samples_per_frame=4)
    return {"screen": js.GivenScreen(frames, 25.0), "cells": fields}


def network(stimulus, **given):
    weights, lengths = np.zeros((3, 3)), np.full((3, 3), 30.0)
    more = {"duration_s": 1.0, "dt_s": 1e-3, "monitor": js.Subsample(period_s=4e-3)}
    return js.Network(
        model=js.Wendling(p_sigma=0.0),
        connectome=js.Connectome(weights, lengths),
        stimulus=stimulus,
        **(more | given),
    )


def test_it_plays_what_a_waveform_of_the_same_activity_plays():
    driven = network(js.Afferent(WEIGHTS, gain=0.7))
    process = js.Pipeline(**cells(), network=driven)
    assert driven.needs == ("activity",)
    names = ("activity", "cells.activity")
    recording = js.simulate(process, jax.random.key(0), names)
    rates = np.asarray(recording["cells.activity"].values, np.float64)
    played = js.Waveform(0.7 * rates @ WEIGHTS.T, rate_hz=100.0)
    expected = js.simulate(network(played), jax.random.key(0))["activity"].values
    found = np.asarray(recording["activity"].values)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert np.ptp(found[:, 0] - found[:, 1]) > 0.1  # node 1 is driven by nobody


def test_what_does_not_fit_is_refused():
    def made(stimulus, **given):
        process = js.Pipeline(**cells(), network=network(stimulus, **given))
        return js.simulate(process, jax.random.key(0), ("activity",))

    with pytest.raises(ValueError, match=r"has shape \(3, 3\); .* has 2 nodes"):
        made(js.Afferent(np.eye(3)))
    with pytest.raises(ValueError, match="lasts 1.2 s, but the network runs for 2 s"):
        made(js.Afferent(WEIGHTS), duration_s=2.0)
    with pytest.raises(ValueError, match="drives 2 nodes .* the network has 3"):
        made(js.Afferent(np.eye(2)))
    with pytest.raises(ValueError, match="which no earlier step makes"):
        js.Pipeline(network=network(js.Afferent(WEIGHTS)))
