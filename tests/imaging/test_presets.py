"""Presets: whole recordings whose sizes fit them, and the plan of those sizes."""

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim import imaging as im
from jaxsim.imaging.plan import patch_classes
from jaxsim.imaging.presets import SCOPES, TISSUES
from jaxsim.testing import CompilationCount


@pytest.fixture(scope="module")
def small():
    return im.miniscope_v4(n_frames=12, n_px=48)


def test_the_preset_has_every_step_on(small):
    kinds = {type(step).__name__ for step in small.steps}
    assert kinds >= {
        "PlaceNeurons", "MarkovSpikes", "Calcium", "Bleaching", "Optics", "Render",
        "Neuropil", "Vessels", "OscillatorMotion", "Illuminate", "Vignette", "Leakage",
        "ImageSensor",
    }  # fmt: skip


@pytest.mark.slow
def test_seeds_fit_the_plan_and_nothing_compiles_anew(small):
    keys = [jax.random.key(i) for i in range(6)]
    js.simulate(small, keys[0], ("movie",))
    with CompilationCount() as count:
        recordings = [js.simulate(small, key, ("movie",)) for key in keys]
    for recording in recordings:
        assert recording.ok, recording.result
        movie = np.asarray(recording["movie"].values)
        assert movie.dtype == np.uint8 and movie.shape == (12, 48, 48)
        assert 2 < movie.mean() < 200
    assert count.n == 0


@pytest.fixture(scope="module")
def bare():
    """The same without what takes long to compile."""
    without = ("vessels", "bleaching", "neuropil", "motion")
    return im.build(n_frames=12, n_px=48, without=without)


@pytest.mark.slow
def test_bits_do_not_depend_on_the_block_even_in_the_dark(bare):
    dim = js.replace(bare, {"sensor.photons_per_unit": 40.0})
    key = jax.random.key(3)
    whole = np.asarray(js.simulate(dim, key, ("movie",), block=12)["movie"].values)
    assert whole.mean() < 3  # the exact law of few photons
    for block in (1, 5):
        parts = js.simulate(dim, key, ("movie",), block=block)["movie"].values
        np.testing.assert_array_equal(whole, parts)


@pytest.mark.slow
def test_a_parameter_that_needs_more_room_is_told(bare):
    blurred = js.replace(bare, {"optics.scatter_blur_per_um": 0.5})
    recording = js.simulate(blurred, jax.random.key(0), ("movie", "spilled"))
    assert not recording.ok and "sizes that were planned" in recording.result
    assert recording["spilled"].values > 0.01
    fits = js.simulate(im.planned(blurred), jax.random.key(0), ("movie",))
    assert fits.ok


@pytest.mark.slow
def test_a_plan_follows_a_focus_that_listens_to_the_cells(bare):
    steps = dict(zip(bare.names, bare.steps, strict=True))
    steps["focus"] = im.MostDetected(electrons_per_unit=4000.0)
    process = im.planned(js.Pipeline(**steps))
    assert js.simulate(process, jax.random.key(1), ("movie",)).ok


def test_wide_cells_get_wide_patches():
    reach = np.array([0.0, 7.9, 8.1, 9.0, 30.0])
    classes = patch_classes(reach)
    assert [side for side, _ in classes] == [64, 32]
    assert sum(n for _, n in classes) <= len(reach)
    assert patch_classes(np.zeros(3)) == ((16, 3),)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("tissue", TISSUES)
def test_every_scope_over_every_tissue_is_a_process(scope, tissue, monkeypatch):
    monkeypatch.setattr("jaxsim.imaging.presets.sized", lambda process: process)
    process = im.build(scope, tissue, n_frames=3, n_px=(20, 30))
    canvas = process.steps[0]()["canvas"]
    assert canvas.fov == (20, 30) and canvas.n_frames == 3


def test_a_whole_miniscope_has_about_a_thousand_cells(monkeypatch):
    """970 to 980 are on the canvas of the published recording, whose margin is less."""
    monkeypatch.setattr("jaxsim.imaging.presets.sized", lambda process: process)
    process = im.miniscope_v4()
    neurons = process.steps[process.names.index("neurons")]
    canvas = process.steps[0]()["canvas"]
    assert 950 < float(neurons.n_cells(canvas)) < 1020


def test_steps_are_left_out_by_name(monkeypatch):
    monkeypatch.setattr("jaxsim.imaging.presets.sized", lambda process: process)
    process = im.build(n_px=32, without=("vessels", "motion"))
    assert "vessels" not in process.names
    assert isinstance(process.steps[process.names.index("motion")], im.StillTissue)


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"scope": "miniscope_v5"}, "no scope 'miniscope_v5'.*Did you mean"),
        ({"tissue": "ca9"}, "no tissue 'ca9'; there are ca1, cortex_l23, slab"),
        ({"without": "vesels"}, "no step 'vesels'"),
        ({"changes": {"optics.na": 1.0}}, "optics"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        im.build(**({"n_px": 32} | wrong))
