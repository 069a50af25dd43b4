"""Gains with places: files of CaliBrain, forward solutions of MNE, random ones."""

import numpy as np
import pytest

import jaxsim as js
from jaxsim import meeg


N = 5
PLACES = meeg.on_sphere(N)
GAIN = np.arange(4.0 * N * 3).reshape(4, N, 3) / 10


def write(path, **arrays):
    given = {"leadfield": GAIN[..., 0], "src_coords": PLACES, "sensor_kind": 2}
    np.savez(path, **(given | arrays))
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fsaverage_fixed_leadfield.npz"


def test_a_file_of_calibrain_brings_its_places(path):
    step = js.Leadfield.from_file(write(path, Q_basis=np.zeros((N, 3, 0))))
    np.testing.assert_allclose(step.gain, GAIN[..., 0], rtol=1e-6)
    np.testing.assert_allclose(step.positions_m, PLACES, rtol=1e-6)
    assert step.n_components == 1 and step.orientations is None


def test_free_orientations_are_laid_side_by_side(path):
    ways = np.broadcast_to(np.eye(3), (N, 3, 3))
    step = js.Leadfield.from_file(write(path, leadfield=GAIN, Q_basis=ways))
    assert step.n_components == 3 and step.orientations.shape == (N, 3, 3)
    np.testing.assert_allclose(step.gain[:, 2 * 3 + 1], GAIN[:, 2, 1], rtol=1e-6)


def test_a_basis_of_two_directions_reduces_the_gain(path):
    ways = meeg.tangential_basis(PLACES)
    meg = {"leadfield": GAIN, "Q_basis": ways, "sensor_kind": 1}
    step = js.Leadfield.from_file(write(path, **meg), "meg")
    assert step.n_components == 2
    np.testing.assert_allclose(step.gain[:, 7], GAIN[:, 3] @ ways[3, :, 1], rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "unit", "multiplier", "factor"),
    [
        (2, 107, 0, 1e-3),
        (2, 107, -6, 1.0),
        (1, 112, 0, 1e6),
        (1, 201, 0, 1e6),
        (1, 112, -15, 1.0),
        (2, None, None, 1.0),
    ],
)
def test_units_without_multiplier_are_scaled(kind, unit, multiplier, factor, path):
    header = {"sensor_units": unit, "sensor_unitmult": multiplier}
    header = {k: v for k, v in header.items() if v is not None}
    modality = {1: "meg", 2: "eeg"}[kind]
    file = write(path, leadfield=GAIN[..., 0] / factor, sensor_kind=kind, **header)
    step = js.Leadfield.from_file(file, modality)
    np.testing.assert_allclose(step.gain, GAIN[..., 0], rtol=1e-5)


def test_a_pickle_beside_the_numbers_is_never_opened(path):
    class Harmful:
        def __reduce__(self):
            return (pytest.fail, ("it was opened",))

    write(path, info=np.array(Harmful(), dtype=object))
    assert js.Leadfield.from_file(path).gain.shape == (4, N)


BAD = {
    "one axis": (dict(leadfield=np.ones(4)), r"'leadfield' is float64 of shape \(4,\)"),
    "MEG": (dict(sensor_kind=1), "holds a gain of MEG; read it with modality='meg'"),
    "other places": (dict(src_coords=PLACES[:3]), "'src_coords' has 3 locations"),
}


@pytest.mark.parametrize("case", BAD)
def test_files_that_do_not_fit_are_refused(case, path):
    given, sentence = BAD[case]
    with pytest.raises(ValueError, match=sentence):
        js.Leadfield.from_file(write(path, **given))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nobody_free_leadfield.npz"):
        js.Leadfield.from_file(tmp_path / "nobody_free_leadfield.npz")


def forward(free=True, units=(107, 107, 112, 112)):
    """A forward solution, as far as it is read: two electrodes, two magnetometers."""
    kinds, names = (2, 2, 1, 1), ("E1", "E2", "M1", "M2")
    gain = GAIN.reshape(4, -1) if free else GAIN[..., 2]
    ways = np.tile(np.eye(3), (N, 1)) if free else meeg.radial(PLACES)
    channels = [
        {"ch_name": n, "kind": k, "unit": u}
        for n, k, u in zip(names, kinds, units, strict=True)
    ]
    return {
        "info": {"chs": channels},
        "sol": {"data": gain, "row_names": list(names)},
        "source_rr": PLACES,
        "source_nn": ways,
        "source_ori": 2 if free else 1,
    }


def test_a_forward_solution_is_converted_by_name():
    eeg = js.Leadfield.from_mne(forward(), reference="average")
    assert eeg.sensors == ("E1", "E2") and eeg.n_components == 3
    np.testing.assert_allclose(eeg.gain, 1e-3 * GAIN[:2].reshape(2, -1), rtol=1e-6)
    meg = js.Leadfield.from_mne(forward(free=False), "meg")
    assert meg.sensors == ("M1", "M2") and meg.n_components == 1
    np.testing.assert_allclose(meg.gain, 1e6 * GAIN[2:, :, 2], rtol=1e-6)
    np.testing.assert_allclose(meg.orientations[..., 0], meeg.radial(PLACES), rtol=1e-5)


def test_channels_of_two_units_are_refused():
    with pytest.raises(ValueError, match=r"units \[112, 201\].*meg='mag'"):
        js.Leadfield.from_mne(forward(units=(107, 107, 112, 201)), "meg")


@pytest.mark.slow
def test_a_random_gain_follows_its_key_and_has_places(getkey):
    key = getkey()
    one, same = (js.Leadfield.random(key, 8, 20, 2) for _ in range(2))
    other = js.Leadfield.random(getkey(), 8, 20, 2)
    assert one.gain.shape == (8, 40) and one.positions_m.shape == (20, 3)
    np.testing.assert_array_equal(one.gain, same.gain)
    assert not np.allclose(one.gain, other.gain)
    erp = js.ErpSources(n_locations=20, n_active=2, n_components=2)
    made = js.simulate(js.Pipeline(erp=erp, eeg=one), key)
    np.testing.assert_array_equal(made["source_positions"].values, one.positions_m)


def test_components_and_places_must_fit_the_gain():
    with pytest.raises(ValueError, match="do not fall into locations"):
        js.Leadfield(np.ones((2, 4)), n_components=3)
    with pytest.raises(
        ValueError, match="has 5 locations, but gain has 4 sources in 2"
    ):
        js.Leadfield(np.ones((2, 4)), n_components=2, positions_m=PLACES)
