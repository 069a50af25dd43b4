"""Cautions and refusals: what movies can be, and seldom should be."""

import numpy as np
import pytest

import jaxsim as js
from jaxsim import imaging as im
from jaxsim.imaging import presets
from jaxsim.imaging.cautions import warn
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
    "changes, sentence",
    [
        ({"focus.depth_um": 200.0}, "lies outside the cells, which are 50 to 70 um"),
        ({"motion": im.WalkMotion(max_shift_um=4.0)}, "motion moves the tissue by 4"),
    ],
)
def test_whoever_plans_an_unusual_movie_is_warned_once(changes, sentence):
    with pytest.warns(im.ImagingWarning, match=sentence) as told:
        im.planned(js.replace(scene(), changes))
    assert len(told) == 1


def test_nobody_is_warned_of_a_default():
    """Motion by 15 um in a view of 53 um; a warning would be an error here."""
    process = presets.unplanned("miniscope_v4", "ca1", n_frames=3, n_px=32)
    warn(process)
    assert any("moves the tissue" in one for one in im.cautions(process))


@pytest.mark.slow
def test_a_canvas_that_ends_within_the_blur_is_told(getkey):
    drawn = {
        "neurons.positions_um": None,
        "neurons.depth_bottom_um": 70.0,
        "neurons.max_cells": 20,
        "optics.scatter_blur_per_um": 0.05,
    }
    process = js.replace(scene(), drawn)
    recording = js.simulate(process, getkey(), ("sigma_px", "alive"))
    (told,) = im.cautions(recording)
    assert "the canvas ends 5 px beyond the field of view" in told
    wider = js.replace(process, {"miniscope.margin_px": 60})
    assert not im.cautions(js.simulate(wider, getkey(), ("sigma_px", "alive")))


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
