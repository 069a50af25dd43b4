"""The small movie that others test their programs with."""

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.testing import CompilationCount, make_recording


def test_all_its_cells_can_be_told_apart_and_seen():
    recording = make_recording()
    assert recording.ok and recording["movie"].values.shape == (40, 128, 128)
    found = js.imaging.detectability(recording)
    assert (found.snr_matched.values > 10).all() and found.in_focus.values.all()
    footprints = js.imaging.footprints(recording)
    light = footprints.sum((1, 2))
    inside = footprints[:, 19:109, 19:109].sum((1, 2))  # the central 70 %
    np.testing.assert_array_less(0.95 * light, inside)
    overlaps = js.measure.footprint_overlap(footprints, footprints, "iou")
    assert np.count_nonzero(overlaps) == 6  # each with itself


def test_the_same_key_gives_the_same_movie_and_another_one_compiles_nothing(getkey):
    key = getkey()
    first = make_recording(key)
    with CompilationCount() as count:
        again, other = make_recording(key), make_recording(getkey())
    assert count.n == 0
    np.testing.assert_array_equal(first["movie"].values, again["movie"].values)
    assert (other["position"].values != first["position"].values).any()


@pytest.mark.slow
def test_it_can_be_changed_and_refuses_what_holds_nothing():
    noisy = {"sensor.photons_per_unit": 400.0, "neurons.soma_radius_um": 9.0}
    recording = make_recording(n_cells=2, n_px=96, duration_s=0.5, changes=noisy)
    assert recording.ok and recording["trace"].values.shape == (10, 2)
    with pytest.raises(ValueError, match="0 cells and 2 s; give at least one cell"):
        make_recording(n_cells=0)
    with pytest.raises(TypeError, match="key"):
        make_recording(jax.numpy.zeros(3))
