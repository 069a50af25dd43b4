"""Movies in files that other programs read: every pixel, and nothing half written."""

import numpy as np
import pytest

import jaxsim as js
from jaxsim.store import movie_files
from tests.toys import ToyNodes, ToyRender, ToySensor


av = pytest.importorskip("av")
tifffile = pytest.importorskip("tifffile")


def process(n=23, **more):
    steps = {"nodes": ToyNodes(n_samples=n), "render": ToyRender()}
    return js.Pipeline(**steps, sensor=ToySensor(**more))


def small_movie(n_frames):
    """What a Miniscope sees, without what takes long to compile."""
    without = ("vessels", "bleaching", "neuropil")
    return js.imaging.build(n_frames=n_frames, n_px=32, without=without)


def camera(values):
    """A recording of one movie, as a camera gives it."""
    clock = js.Clock(np.zeros(()), 20.0)
    card = js.Signal("time y x", "ADU", "counts", observed=True)
    series = js.Series(values, clock, card)
    return js.Recording((series,), ("movie",), np.asarray(1, np.uint8))


@pytest.fixture
def movie():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (23, 13, 18), dtype=np.uint8)


def frames_of(path):
    with av.open(str(path)) as file:
        return np.stack([f.to_ndarray(format="gray") for f in file.decode(video=0)])


def test_an_avi_holds_every_pixel_at_the_rate_of_the_camera(movie, tmp_path):
    path = js.export_movie(camera(movie), tmp_path / "movie.avi")
    np.testing.assert_array_equal(frames_of(path), movie)
    with av.open(str(path)) as file:
        assert file.streams.video[0].average_rate == 20


def test_a_folder_holds_numbered_files_of_a_thousand_frames(
    movie, tmp_path, monkeypatch
):
    monkeypatch.setattr(movie_files, "FRAMES_PER_FILE", 10)
    folder = js.export_movie(camera(movie), tmp_path / "session")
    assert sorted(p.name for p in folder.iterdir()) == ["0.avi", "1.avi", "2.avi"]
    joined = np.concatenate([frames_of(folder / f"{i}.avi") for i in range(3)])
    np.testing.assert_array_equal(joined, movie)


def test_a_store_is_exported_without_being_held(movie, tmp_path):
    store = js.save(camera(movie), tmp_path / "movie.zarr")
    path = js.export_movie(store, tmp_path / "movie.tif")
    np.testing.assert_array_equal(tifffile.imread(path), movie)
    with pytest.raises(KeyError, match="no frames of 'film'"):
        js.export_movie(str(store), tmp_path / "film.tif", signal="film")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_holds_a_page_per_frame(movie, tmp_path, dtype):
    values = movie.astype(dtype) * (1 if dtype == np.uint8 else 200)
    path = js.export_movie(camera(values), tmp_path / "movie.tif")
    np.testing.assert_array_equal(tifffile.imread(path), values)
    with tifffile.TiffFile(path) as file:
        assert len(file.pages) == 23


@pytest.mark.slow
def test_an_nwb_file_holds_the_movie_and_the_truth(getkey, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    movie = small_movie(4)
    record = ("movie", "trace", "shift", "position", "vignette", "focal_depth")
    recording = js.simulate(movie, getkey(), record)
    path = js.export_movie(recording, tmp_path / "movie.nwb")
    with pynwb.NWBHDF5IO(str(path), "r") as file:
        found = file.read()
        truth = found.processing["truth"]
        for name, values in (
            ("movie", found.acquisition["movie"].data),
            ("trace", truth["trace"].data),
            ("shift", truth["shift"].data),
            ("vignette", truth["fields"]["vignette"].data),
            ("position", truth["cells"]["position"].data),
        ):
            np.testing.assert_array_equal(values[:], recording[name].values)
        assert found.acquisition["movie"].rate == 20.0
        assert "MarkovSpikes" in found.notes


def test_frames_that_are_made_while_they_are_written_are_the_same(getkey, tmp_path):
    key, camera = getkey(), small_movie(9)
    held = js.simulate(camera, key, ("movie",))["movie"].values
    made = js.in_blocks(camera, key, ("movie",), block=4, progress=False)
    path = js.export_movie(made, tmp_path / "movie.tif")
    np.testing.assert_array_equal(tifffile.imread(path), held)


@pytest.mark.parametrize(
    "name, values, words",
    [
        ("m.avi", np.zeros((2, 4, 4), np.uint16), "sensor.bit_depth = 8"),
        ("m.tif", np.zeros((2, 4, 4), np.float32), "digital ImageSensor"),
        ("m.mp4", np.zeros((2, 4, 4), np.uint8), "writes .avi, .tif, .nwb"),
    ],
)
def test_what_a_format_does_not_hold_is_refused_and_nothing_is_left(
    name, values, words, tmp_path
):
    with pytest.raises(ValueError, match=words):
        js.export_movie(camera(values), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_taken_name_is_refused_and_replaced_when_told(movie, tmp_path):
    path = tmp_path / "movie.tif"
    js.export_movie(camera(movie), path)
    with pytest.raises(FileExistsError, match="exists already"):
        js.export_movie(camera(movie), path)
    js.export_movie(camera(movie[:3]), path, overwrite=True)
    assert len(tifffile.imread(path)) == 3


def test_a_folder_of_other_things_is_never_replaced(movie, tmp_path):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter1.tex").write_text("mine")
    with pytest.raises(FileExistsError, match="not written by jaxsim"):
        js.export_movie(camera(movie), folder, overwrite=True)
    assert (folder / "chapter1.tex").exists()


def test_a_signal_that_is_no_movie_is_refused(getkey, tmp_path):
    recording = js.simulate(process(), getkey(), ("movie", "activity"))
    with pytest.raises(ValueError, match="is no movie"):
        js.export_movie(recording, tmp_path / "a.tif", signal="activity")
    with pytest.raises(KeyError, match="no 'movei'"):
        js.export_movie(recording, tmp_path / "a.tif", signal="movei")


def test_a_missing_package_is_named_with_its_extra(movie, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tifffile", None)
    with pytest.raises(ModuleNotFoundError, match=r"jaxsim-neuro\[movie\]"):
        js.export_movie(camera(movie), tmp_path / "movie.tif")
    assert not list(tmp_path.iterdir())
