"""ImageSensor: photons, electrons, numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxsim as js
from jaxsim.imaging.image_sensor import ImageSensor
from tests.imaging.light import lit


def counts(sensor, light=1.0, getkey=None, n_frames=20, size=96, block=None):
    key = jax.random.key(0) if getkey is None else getkey()
    process = lit(sensor, light, n_frames, size, "sensor")
    values = js.simulate(process, key, "movie", block=block)["movie"].values
    return np.asarray(values)


QUIET = {"read_noise_e": 0.0, "bit_depth": 16}
N_PIXELS = 20 * 96 * 100


def standard_error(photons):
    return np.sqrt(photons / N_PIXELS)


def test_a_hundred_photons_at_an_efficiency_of_0_7():
    """Published: 69.5 +- 1 with the Gaussian shortcut, half a count lost to floor."""
    gaussian = counts(ImageSensor(shot_noise="gaussian", **QUIET))
    assert abs(gaussian.mean() - 69.5) < 4 * standard_error(70)
    poisson = counts(ImageSensor(**QUIET))  # whole electrons lose nothing to floor
    assert abs(poisson.mean() - 70.0) < 4 * standard_error(70)
    assert abs(poisson.var() / 70.0 - 1) < 4 * np.sqrt(2 / N_PIXELS)


def test_gain_multiplies_and_offset_adds():
    one = counts(ImageSensor(**QUIET)).mean()
    four = counts(ImageSensor(gain_adu_per_e=4.0, **QUIET)).mean()
    raised = counts(ImageSensor(offset_adu=12.0, **QUIET)).mean()
    assert np.isclose(four, 4.0 * one, rtol=1e-6) and np.isclose(raised, one + 12.0)


def test_read_noise_adds_its_variance():
    noisy = counts(ImageSensor(read_noise_e=5.0, bit_depth=16))
    expected = 70.0 + 25.0 + 1.0 / 12.0  # floor is a uniform of one count
    assert abs(noisy.var() / expected - 1) < 4 * np.sqrt(2 / N_PIXELS)


def test_floor_and_clipping_lift_dim_pixels_as_published():
    """Published for half a photon: a mean of 0.84."""
    sensor = ImageSensor(shot_noise="gaussian", photons_per_unit=0.5 / 0.7)
    exact = stats.norm.sf(np.arange(1, 30), 0.5, np.sqrt(0.5 + 4.0)).sum()
    assert np.isclose(exact, 0.84, atol=0.005)
    assert abs(counts(sensor).mean() - exact) < 4 * 1.3 / np.sqrt(N_PIXELS)


def test_a_full_well_and_the_bit_depth_limit_what_is_written():
    well = counts(ImageSensor(full_well_e=40.0, **QUIET))
    assert well.max() == 40 and well.dtype == np.uint16
    eight = counts(ImageSensor(gain_adu_per_e=10.0))
    assert eight.max() == 255 and eight.dtype == np.uint8
    two = counts(ImageSensor(bit_depth=2))
    assert two.max() == 3 and two.dtype == np.uint8


def test_negative_light_is_no_light():
    assert not counts(ImageSensor(**QUIET), light=-1.0).any()


def test_frames_and_pixels_are_independent():
    x = counts(ImageSensor(**QUIET)).astype(float) - 70.0
    four = 4 * 70.0 / np.sqrt(N_PIXELS)
    assert abs((x[1:] * x[:-1]).mean()) < four
    assert abs((x[:, 1:] * x[:, :-1]).mean()) < four
    assert abs((x[:, :, 1:] * x[:, :, :-1]).mean()) < four


@pytest.mark.parametrize("light", [0.02, 1.0])
def test_blocks_and_single_frames_have_the_same_bits(light):
    whole = counts(ImageSensor(), light)
    assert np.array_equal(whole, counts(ImageSensor(), light, block=7))
    assert np.array_equal(whole, counts(ImageSensor(), light, block=1))


def test_other_light_elsewhere_leaves_a_pixel_as_it_is():
    light = np.ones((20, 96, 100), np.float32)
    changed = light.copy()
    changed[:, 40:, :] = 0.01  # so dim that another branch is taken
    one, other = counts(ImageSensor(), light), counts(ImageSensor(), changed)
    assert np.array_equal(one[:, :40], other[:, :40])


def test_relaxed_numbers_follow_the_digital_ones():
    hard = counts(ImageSensor(bit_depth=16)).astype(float)
    soft = counts(ImageSensor(readout="relaxed"))
    assert soft.dtype == np.float32
    assert np.abs(soft - hard).max() < 2.1  # a count from each floor, and the lean
    assert abs((soft - hard).mean() - 0.5) < 0.01  # what the second floor takes


def test_straight_through_has_digital_values_and_relaxed_slopes(x64):
    light = jnp.linspace(0.2, 6.0, 12 * 16).reshape(1, 12, 16)

    def made(photons, readout):
        sensor = ImageSensor(photons_per_unit=photons, readout=readout, bit_depth=7)
        run = lit(sensor, light, 1, 12, "sensor")(jax.random.key(0))
        return run["movie"].values.astype(float)

    at = jnp.asarray(60.0)

    def value_and_slope(photons):
        for readout in ("digital", "straight_through", "relaxed"):
            of = lambda p, r=readout: made(p, r)  # noqa: E731
            yield jax.jvp(of, (photons,), (jnp.ones(()),))

    digital, through, relaxed = jax.jit(lambda p: tuple(value_and_slope(p)))(at)
    assert np.array_equal(through[0], digital[0])
    inside = (digital[0] > 0) & (digital[0] < 127)
    assert 20 < inside.sum() < inside.size - 20
    assert np.allclose(through[1][inside], relaxed[1][inside], rtol=1e-12)
    assert not through[1][relaxed[0] > 130].any()


@pytest.mark.parametrize("noise", ["poisson", "gaussian"])
def test_gradient_with_respect_to_photons_equals_finite_differences(x64, noise):
    weights = jax.random.normal(jax.random.key(3), (2, 12, 16))
    light = jnp.linspace(0.05, 2.0, 12 * 16).reshape(1, 12, 16)

    @jax.jit
    def value(photons, read):
        sensor = ImageSensor(
            photons_per_unit=photons,
            read_noise_e=read,
            readout="relaxed",
            shot_noise=noise,
        )
        movie = lit(sensor, light, 2, 12, "sensor")(jax.random.key(0))["movie"]
        return jnp.sum(weights * movie.values)

    at = (jnp.asarray(50.0), jnp.asarray(2.0))
    slopes = jax.grad(value, (0, 1))(*at)
    h = 1e-4
    by_photons = (value(at[0] + h, at[1]) - value(at[0] - h, at[1])) / (2 * h)
    by_read = (value(at[0], at[1] + h) - value(at[0], at[1] - h)) / (2 * h)
    assert np.allclose(slopes, (by_photons, by_read), rtol=1e-4)
