"""Cautions and refusals: what movies can be, and seldom should be."""

import numpy as np
import pytest

import jaxsim as js
from jaxsim import imaging as im
from tests.imaging.test_detection import scene


def test_nothing_is_said_of_a_usual_movie(getkey):
    assert im.cautions(scene()) == ()


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"focus.depth_um": 200.0}, "focus.depth_um = 200 um lies outside the cells"),
        ({"motion": im.WalkMotion()}, "motion moves the tissue by 5 um, which is 12 %"),
    ],
)
def test_an_unusual_process_is_told(changes, sentence):
    (told,) = im.cautions(js.replace(scene(), changes))
    assert sentence.replace(" %", "%") in told


@pytest.mark.parametrize(
    "photons, sentence",
    [(3e6, "of all numbers are at the sensor's limit of 65535"), (1.0, "is noise")],
)
def test_an_unusual_movie_is_told(photons, sentence, getkey):
    process = js.replace(scene(), {"sensor.photons_per_unit": photons})
    told = im.cautions(js.simulate(process, getkey(), ("movie",)))
    assert any(sentence in one for one in told), told


def test_traces_that_no_indicator_reaches_are_told(getkey):
    burst = np.full((6, 2), 40.0)
    process = js.replace(scene(), {"spikes.counts": burst})
    recording = js.simulate(process, getkey(), ("trace", "expression"))
    (told,) = im.cautions(recording)
    assert "use HillCalcium" in told


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"neurons.soma_radius_um": 45.0}, "does not fit into the field of view"),
        ({"calcium.tau_decay_s": 0.04, "calcium.tau_rise_s": 0.01}, "within a frame"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_planned(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        im.planned(js.replace(scene(), changes))
