"""Every mistake in a movie has its sentence, before anything runs."""

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim import imaging as im
from tests.imaging.test_detection import scene


WRONG = {  # kind, fields, what is said
    "na": (im.Miniscope, {"na": 0.0}, "Miniscope.na = 0.0 is outside"),
    "pixels": (im.Miniscope, {"n_px_height": 0}, "n_px_height = 0 is outside"),
    "rate": (im.Miniscope, {"frame_rate_hz": 0.0}, "frame_rate_hz = 0.0 Hz is outside"),
    "frames": (im.Miniscope, {"n_frames": 0}, "n_frames = 0 is outside"),
    "curvature": (
        im.Miniscope,
        {"field_curvature_radius_um": 0.0},
        "field_curvature_radius_um = 0.0 um is outside",
    ),
    "depth of field": (
        im.Miniscope,
        {"depth_of_field_um": 0.0},
        "depth_of_field_um = 0.0 um is outside",
    ),
    "focus": (im.GivenFocus, {"depth_um": -1.0}, "depth_um = -1.0 um is outside"),
    "top": (im.PlaceNeurons, {"depth_top_um": -1.0}, "depth_top_um = -1.0 um is"),
    "depths": (im.PlaceNeurons, {"depth_top_um": 300.0}, "lies below depth_bottom_um"),
    "label": (im.PlaceNeurons, {"morphology": "glia"}, "'glia' is not one of 'soma'"),
    "rise": (im.Calcium, {"tau_rise_s": 0.6}, "must be shorter than tau_decay_s"),
    "shift": (
        im.OscillatorMotion,
        {"amplitude_um": 20.0},
        "amplitude_um = 20 um lies beyond max_shift_um = 15 um",
    ),
    "vessels": (
        im.Vessels,
        {"root_radius_um": 2.0, "min_radius_um": 3.0},
        "min_radius_um = 3 um must be below root_radius_um = 2 um",
    ),
    "bleaching": (im.GlobalBleaching, {"final_fraction": 0.0}, "final_fraction = 0.0"),
    "neuropil": (im.Neuropil, {"n_components": 0}, "n_components = 0 is outside"),
    "vignette": (im.Vignette, {"falloff": 1.5}, "Vignette.falloff = 1.5 is outside"),
    "leakage": (im.Leakage, {"level": -1.0}, "Leakage.level = -1.0 is outside"),
    "efficiency": (
        im.ImageSensor,
        {"quantum_efficiency": 1.5},
        "quantum_efficiency = 1.5 is outside",
    ),
    "bits": (im.ImageSensor, {"bit_depth": 17}, "bit_depth = 17 is outside [1, 16]"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_value_that_cannot_be_is_refused_when_it_is_built(what):
    kind, fields, sentence = WRONG[what]
    with pytest.raises(ValueError) as error:
        kind(**fields)
    assert sentence in str(error.value)


def test_a_field_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(TypeError, match="Miniscope has no 'aperture'; it has na, "):
        im.Miniscope(aperture=0.5)


def test_a_trajectory_of_another_length_is_refused(getkey):
    path = im.GivenMotion(trajectory_um=np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"shape \(3, 2\); the recording has 6 frames"):
        js.simulate(js.replace(scene(), {"motion": path}), getkey(), ("shift",))


def test_steps_before_what_they_need_are_refused():
    with pytest.raises(ValueError, match="'optics' .* needs 'position', which no"):
        js.Pipeline(miniscope=im.Miniscope(), optics=im.Optics())


def test_a_stage_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match="cannot record 'nonsense': .* makes canvas"):
        js.simulate(scene(), jax.random.key(0), ("nonsense",))
