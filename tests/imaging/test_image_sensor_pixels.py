"""ImageSensor: dark current, unequal pixels, rows that share their noise."""

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.imaging.cautions import refuse
from jaxsim.imaging.image_sensor import ImageSensor
from tests.imaging.light import canvas_of, lit


RATE_HZ, ELECTRONS = 20.0, 70.0  # of the camera; of unit light
QUIET = {"read_noise_e": 0.0, "bit_depth": 16}
PLAIN = {"shot_noise": "gaussian", "readout": "relaxed", "read_noise_e": 0.0}


def recorded(sensor, light=1.0, n_frames=20, size=96, block=None, **asked):
    process = lit(sensor, light, n_frames, size, "sensor")
    return js.simulate(process, jax.random.key(0), block=block, **asked)


def counts(sensor, light=1.0, **how):
    movie = recorded(sensor, light, record="movie", **how)["movie"].values
    return np.asarray(movie, np.float64)


@pytest.mark.parametrize("exposure_s", [None, 0.02])
def test_dark_current_has_the_mean_and_variance_of_a_poisson_law(exposure_s):
    sensor = ImageSensor(
        dark_current_e_per_s=900.0, exposure_s=exposure_s, offset_adu=5.0, **QUIET
    )
    dark = counts(sensor, light=0.0) - 5.0
    expected = 900.0 * (exposure_s or 1.0 / RATE_HZ)
    assert abs(dark.mean() - expected) < 4 * np.sqrt(expected / dark.size)
    spread = np.sqrt((2.0 + 1.0 / expected) / dark.size)
    assert abs(dark.var() / expected - 1) < 4 * spread


def test_the_mean_of_a_flat_field_varies_between_pixels_by_prnu():
    """EMVA 1288: s^2(lit) - s^2(dark) of the mean image is (prnu mean)^2."""
    flat = counts(ImageSensor(prnu=0.05, **QUIET)).mean(0)
    expected = (0.05 * ELECTRONS) ** 2 + ELECTRONS / 20
    assert abs(flat.mean() - ELECTRONS) < 4 * np.sqrt(expected / flat.size)
    assert abs(flat.var() / expected - 1) < 4 * np.sqrt(2.0 / flat.size)


def test_variances_of_dark_and_of_rows_are_the_squares_of_their_spreads():
    sensor = ImageSensor(
        dsnu_e=4.0, row_noise_e=3.0, **{**PLAIN, "read_noise_e": 2.0, "offset_adu": 9.0}
    )
    dark = counts(sensor, light=0.0) - 9.0
    n_frames, height, width = dark.shape
    level = dark.mean(0)  # of pixels, with what is left of rows and of reading
    rows, left = np.sqrt(2.0 / (n_frames * height)), (9.0 + 4.0) / n_frames
    error = np.sqrt(2.0 / level.size) + 9.0 / n_frames / 16.0 * np.sqrt(2.0 / height)
    assert abs(level.var() / (16.0 + left) - 1) < 4 * error
    moving = dark - level[None]
    shared = moving.mean(2)
    expected = (9.0 + 4.0 / width) * (1.0 - 1.0 / n_frames)
    assert abs(shared.var() / expected - 1) < 4 * rows
    assert abs((shared[:, 1:] * shared[:, :-1]).mean()) < 4 * 9.0 / np.sqrt(
        n_frames * height
    )
    alone = moving - shared[:, :, None]
    expected = 4.0 * (1.0 - 1.0 / width) * (1.0 - 1.0 / n_frames)
    assert abs(alone.var() / expected - 1) < 4 * np.sqrt(2.0 / alone.size)


def test_the_pattern_is_the_same_in_every_frame_and_for_any_number_of_them():
    sensor = ImageSensor(prnu=0.1, dsnu_e=3.0, **{**PLAIN, "photons_per_unit": 1e-9})
    two = recorded(sensor, n_frames=2, size=24)
    nine = recorded(sensor, n_frames=9, size=24, block=4)
    for name in ("pixel_gain", "pixel_offset_e"):
        assert np.array_equal(two[name].values, nine[name].values)
    for frame in nine["movie"].values:  # nothing but the offsets
        assert np.allclose(frame, two["pixel_offset_e"].values, atol=1e-4)
    gain, offset = (two[n].values for n in ("pixel_gain", "pixel_offset_e"))
    four = 4 / np.sqrt(gain.size)
    assert abs(np.corrcoef(np.ravel(gain), np.ravel(offset))[0, 1]) < four


@pytest.mark.slow
def test_every_frame_can_be_made_alone():
    sensor = ImageSensor(
        prnu=0.1, dsnu_e=3.0, row_noise_e=2.0, dark_current_e_per_s=99.0, offset_adu=20
    )
    whole = counts(sensor, size=24, n_frames=9)
    assert np.array_equal(whole, counts(sensor, size=24, n_frames=9, block=2))
    assert np.array_equal(whole[:5], counts(sensor, size=24, n_frames=5))


@pytest.mark.slow
def test_one_part_leaves_the_draws_of_the_others():
    plain = counts(ImageSensor(**PLAIN), size=24, n_frames=3)
    rows = counts(ImageSensor(row_noise_e=3.0, **PLAIN), size=24, n_frames=3)
    more = rows - plain
    assert np.abs(more - more[:, :, :1]).max() < 1e-4 and more.std() > 1.0
    levels = counts(ImageSensor(dsnu_e=3.0, **PLAIN), size=24, n_frames=3) - plain
    both = counts(ImageSensor(dsnu_e=3.0, row_noise_e=3.0, **PLAIN), size=24)[:3]
    assert np.allclose(both, plain + more + levels, atol=1e-3)


def test_the_expected_movie_knows_pattern_and_dark_current_but_no_rows():
    sensor = ImageSensor(
        readout="expected",
        prnu=0.1,
        dsnu_e=3.0,
        row_noise_e=5.0,
        dark_current_e_per_s=100.0,
    )
    made = recorded(sensor, size=24, n_frames=2)
    gain, offset = (
        np.asarray(made[n].values) for n in ("pixel_gain", "pixel_offset_e")
    )
    expected = ELECTRONS * gain + 5.0 + offset
    assert np.allclose(made["movie"].values, expected[None], rtol=1e-5)


def test_what_is_absent_leaves_no_trace():
    made = recorded(ImageSensor(), size=12, n_frames=2)
    assert "pixel_gain" not in made and "pixel_offset_e" not in made


def test_an_exposure_longer_than_a_frame_is_degenerate_and_refused_by_plans():
    sensor = ImageSensor(dark_current_e_per_s=1.0, exposure_s=0.06)
    process = lit(sensor, 1.0, 2, 12, "sensor")
    assert "leaves nothing" in js.simulate(process, jax.random.key(0)).result
    assert js.simulate(
        js.replace(process, {"sensor.exposure_s": 0.05}), jax.random.key(0)
    ).ok
    scope = process.steps[0]
    with pytest.raises(ValueError, match=r"sensor.exposure_s = 0.06 s is longer than"):
        refuse(process, canvas_of(scope))
