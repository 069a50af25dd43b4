"""A field from elsewhere, as estimators see it."""

import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import meeg


GAIN = np.cos(np.arange(20.0)).reshape(5, 4)
VALUES = np.sin(np.arange(60.0)).reshape(12, 5)


def measured(**more):
    gain = js.Leadfield(GAIN, sensors=tuple("abcde"), **more)
    return meeg.MeasuredField(gain, VALUES, rate_hz=200.0, start_s=-0.02)


def test_it_makes_what_a_leadfield_makes(getkey):
    places = np.zeros((4, 3))
    made = js.simulate(measured(positions_m=places), getkey())
    assert set(made) == {"field", "gain", "source_positions"}
    np.testing.assert_array_equal(made["field"].values, VALUES.astype(np.float32))
    np.testing.assert_array_equal(made["gain"].values, GAIN.astype(np.float32))
    np.testing.assert_allclose(made["field"].clock.times(3), [-0.02, -0.015, -0.01])
    assert made["field"].labels_of("sensor") == tuple("abcde")
    assert made["field"].card.unit == "uV"
    meg = js.simulate(measured(modality="meg"), getkey())
    assert (meg["field"].card.unit, meg["gain"].card.unit) == ("fT", "fT/nAm")


def test_the_reference_of_the_recorder_drops_out(getkey):
    step = measured(reference="average")
    shifted = js.replace(step, {"values": VALUES + np.arange(12.0)[:, None]})
    one, other = (js.simulate(s, getkey()) for s in (step, shifted))
    assert jnp.abs(one["field"].values.mean(1)).max() < 1e-6
    assert jnp.abs(one["gain"].values.mean(0)).max() < 1e-6
    np.testing.assert_allclose(
        one["field"].values, other["field"].values, atol=1e-5, rtol=0
    )


def test_values_have_a_column_for_each_sensor():
    with pytest.raises(ValueError, match=r"shape \(5, 12\); give \(time, sensor\)"):
        meeg.MeasuredField(js.Leadfield(GAIN), VALUES.T)
