"""Leadfields as files of CaliBrain, and back."""

import numpy as np
import pytest

import jaxsim as js
from jaxsim import meeg
from jaxsim.convert import calibrain
from jaxsim.convert.calibrain.subject import read_subject


PLACES = meeg.on_sphere(6)


def leadfield(modality, n_components, ways=None):
    gain = np.random.default_rng(0).normal(size=(4, 6 * n_components))
    return js.Leadfield(
        gain=gain, modality=modality, n_components=n_components, positions_m=PLACES,
        orientations=ways,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("modality", "ways", "orientation"),
    [
        ("eeg", meeg.radial(PLACES)[..., None], "fixed"),
        ("eeg", np.broadcast_to(np.eye(3), (6, 3, 3)), "free"),
        ("meg", meeg.tangential_basis(PLACES), "free"),
        ("meg", None, "fixed"),
    ],
)
def test_what_is_written_is_read_back(tmp_path, modality, ways, orientation):
    step = leadfield(modality, 1 if ways is None else ways.shape[2], ways)
    path = calibrain.write_leadfield(step, tmp_path, "S1")
    assert path == tmp_path / f"S1_{orientation}_leadfield.npz"
    for again in (
        js.Leadfield.from_file(path, modality),
        read_subject(tmp_path, "S1", orientation).leadfield,
    ):
        np.testing.assert_array_equal(again.gain, step.gain)
        np.testing.assert_array_equal(again.positions_m, step.positions_m)
        assert (again.n_components, again.modality) == (step.n_components, modality)
        if ways is None:
            assert again.orientations is None
        else:
            np.testing.assert_array_equal(again.orientations, step.orientations)


def test_the_header_is_that_of_fiff(tmp_path):
    path = calibrain.write_leadfield(leadfield("meg", 2), tmp_path, "S1")
    with np.load(path) as found:  # no pickle in it
        header = [int(found[f"sensor_{n}"]) for n in ("kind", "units", "unitmult")]
        assert header == [1, 112, -15] and int(found["coil_type"]) == 3022
        assert found["leadfield"].shape == (4, 6, 2)
    path = calibrain.write_leadfield(leadfield("eeg", 1), tmp_path, "S1")
    with np.load(path) as found:
        header = [int(found[f"sensor_{n}"]) for n in ("kind", "units", "unitmult")]
        assert header == [2, 107, -6] and int(found["coil_type"]) == 1


def test_shells_are_written_with_their_reference(tmp_path):
    electrodes = meeg.even_layout(5).positions_m
    eeg = js.SphereEeg(PLACES, electrodes, meeg.radial(PLACES), reference="average")
    path = calibrain.write_leadfield(eeg, tmp_path, "ball")
    found = js.Leadfield.from_file(path)
    np.testing.assert_allclose(found.gain.sum(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(found.gain, eeg.gain(), rtol=1e-6)


def test_what_calibrain_does_not_know_is_refused(tmp_path):
    with pytest.raises(ValueError, match="2 components .* has 1 .fixed., or 3 .free."):
        calibrain.write_leadfield(leadfield("eeg", 2), tmp_path, "S1")
    with pytest.raises(ValueError, match="has no positions_m"):
        calibrain.write_leadfield(js.Leadfield(np.ones((2, 3))), tmp_path, "S1")
    calibrain.write_leadfield(leadfield("eeg", 1), tmp_path, "S1")
    with pytest.raises(FileExistsError):
        calibrain.write_leadfield(leadfield("eeg", 1), tmp_path, "S1")
    calibrain.write_leadfield(leadfield("eeg", 1), tmp_path, "S1", overwrite=True)
    assert len(list(tmp_path.iterdir())) == 1
