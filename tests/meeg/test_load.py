"""Gains from files: every format, units, names, and what is refused."""

import numpy as np
import pytest
import scipy.io

import jaxsim as js


GAIN = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 0.5]])
NAMES = ["Cz", "Pz"]


def write(path, gain=GAIN):
    if path.suffix == ".npy":
        np.save(path, gain)
    elif path.suffix == ".npz":
        np.savez(path, leadfield=gain, sensors=NAMES)
    elif path.suffix == ".mat":
        names = np.array(NAMES, object)
        scipy.io.savemat(path, {"ProjectionMatrix": gain, "ch_names": names})
    else:
        np.savetxt(
            path, gain, delimiter={".csv": ",", ".tsv": "\t", ".txt": " "}[path.suffix]
        )
    return path


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".mat", ".csv", ".tsv", ".txt"])
def test_a_gain_is_read_from_every_format(suffix, tmp_path):
    step = js.Leadfield.from_file(write(tmp_path / f"gain{suffix}"))
    np.testing.assert_array_equal(step.gain, GAIN)
    assert step.sensors == (tuple(NAMES) if suffix in (".npz", ".mat") else ())


@pytest.mark.parametrize(
    ("modality", "unit", "factor"),
    [
        ("eeg", "V/Am", 1e-3),
        ("eeg", "uV/nAm", 1),
        ("meg", "T/Am", 1e6),
        ("meg", None, 1),
    ],
)
def test_units_are_converted_by_name(modality, unit, factor, tmp_path):
    path = write(tmp_path / "gain.npy", GAIN / factor)
    step = js.Leadfield.from_file(path, modality, unit=unit)
    np.testing.assert_allclose(step.gain, GAIN, rtol=1e-6)


def test_sensor_names_come_from_a_file_of_their_own(tmp_path):
    path = write(tmp_path / "gain.npy")
    (tmp_path / "names.txt").write_text("A1\nA2\n")
    step = js.Leadfield.from_file(path, sensors_path=tmp_path / "names.txt")
    assert step.sensors == ("A1", "A2")


def test_silent_channels_are_left_out_and_named(tmp_path):
    holes = np.vstack([GAIN, np.full((1, 3), np.nan)])
    path = write(tmp_path / "gain.npy", holes)
    with pytest.warns(UserWarning, match="1 of 3 channels have no gain .*: row 2"):
        assert js.Leadfield.from_file(path).gain.shape == (2, 3)
    (tmp_path / "names.json").write_text('["a", "b", "dead"]')
    with pytest.warns(UserWarning, match="left out: dead"):
        step = js.Leadfield.from_file(path, sensors_path=tmp_path / "names.json")
    assert step.sensors == ("a", "b")


def test_a_channel_with_some_gain_is_not_silent(tmp_path):
    holes = GAIN.copy()
    holes[0, 1] = np.nan
    path = write(tmp_path / "gain.npy", holes)
    with pytest.raises(ValueError, match="not finite in 1 rows, the first is row 0"):
        js.Leadfield.from_file(path)


def refused(path, sentence, error=ValueError, **how):
    with pytest.raises(error, match=sentence) as caught:
        js.Leadfield.from_file(path, **how)
    assert caught.value.__cause__ is None


def test_wrong_files_are_refused_in_sentences(tmp_path):
    refused(tmp_path / "no.npy", "no such file; a gain matrix was", FileNotFoundError)
    (tmp_path / "gain.fif").write_bytes(b"1")
    refused(tmp_path / "gain.fif", "read from .npy, .npz, .mat")
    refused(write(tmp_path / "a.npy", np.ones((2, 3, 3))), "lay the components")
    refused(write(tmp_path / "b.npy", 1j * GAIN), "holds complex128")
    refused(write(tmp_path / "c.npy"), "a gain of EEG is in", unit="T/Am")
    np.savez(tmp_path / "d.npz", x=GAIN, y=GAIN)
    refused(tmp_path / "d.npz", "which of its arrays is the gain")
    (tmp_path / "names.txt").write_text("A1\n")
    refused(
        write(tmp_path / "e.npy"),
        "has 2 rows .sensors., but there are 1 names",
        sensors_path=tmp_path / "names.txt",
    )
    np.save(tmp_path / "f.npy", np.array([object()]), allow_pickle=True)
    refused(tmp_path / "f.npy", "only unpickling can read")
    (tmp_path / "g.npy").write_bytes((tmp_path / "c.npy").read_bytes()[:-8])
    refused(tmp_path / "g.npy", "cut short")


def test_an_unknown_modality_is_refused(tmp_path, unhooked):
    refused(write(tmp_path / "a.npy"), "is not one of 'eeg', 'meg'", modality="ecog")
