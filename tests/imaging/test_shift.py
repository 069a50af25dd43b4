"""Shifts between pixels: right place, same sharpness."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.imaging.shift import best_weights, reach, shifted_crops, tap_weights
from tests.imaging.tissue import blobs


def crop_one(image, shift, *more):
    """One frame shifted."""
    return shifted_crops(image[None], shift[None], *more)[0]


def moved(dy, dx, width_px=1.5):
    """Blobs drawn anew at a displaced place."""
    h, w = 64, 60
    centres = ((32 + dy) / h, (30 + dx) / w), ((20 + dy) / h, (37 + dx) / w)
    return blobs((h, w), width_px, centres)


def contrast(frequency, between, interpolation):
    """Modulation transfer of a shift, from its weights."""
    weights = np.asarray(tap_weights(jnp.asarray(between), interpolation), np.float64)
    at = np.arange(len(weights)) - (len(weights) // 2 - 1)
    return np.abs((weights * np.exp(2j * np.pi * frequency * at)).sum())


@pytest.mark.parametrize("shift", [(3.0, -2.0), (0.5, 0.5), (-1.37, 2.81)])
def test_content_moves_down_and_right_by_the_shift(shift):
    found = crop_one(moved(0, 0), jnp.asarray(shift), 10, (44, 40))
    expected = moved(*shift)[10:-10, 10:-10]
    # a blob of 1.5 px has little beyond 0.25 cycles per pixel
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_whole_shift_copies_pixels(getkey):
    image = jax.random.uniform(getkey(), (40, 44))
    found = crop_one(image, jnp.asarray([2.0, -3.0]), 8, (24, 28))
    np.testing.assert_allclose(found, image[6:30, 11:39], atol=1e-6)


@pytest.mark.parametrize("between", np.linspace(0.0, 1.0, 21))
def test_contrast_does_not_depend_on_the_shift(between):
    for frequency in np.linspace(0.0, 0.27, 16):
        assert contrast(frequency, between, "sinc") == pytest.approx(1.0, abs=2e-3)


def test_linear_interpolation_flickers():
    assert contrast(0.25, 0.5, "linear") == pytest.approx(np.cos(np.pi / 4), rel=1e-5)
    # white noise keeps a quarter of its variance at half a pixel along both axes
    weights = np.asarray(tap_weights(jnp.asarray(0.5), "linear"))
    assert (weights**2).sum() ** 2 == pytest.approx(0.25)


def test_weights_sum_to_one_and_follow_the_least_squares_solution():
    for between in np.linspace(0.0, 1.0, 11):
        found = np.asarray(tap_weights(jnp.asarray(between), "sinc"))
        np.testing.assert_allclose(found, best_weights(between, 8), atol=3e-7)
        assert found.sum() == pytest.approx(1.0, abs=1e-6)


def test_margins_of_exactly_the_reach_suffice():
    image = moved(0, 0, 3.0)
    for shift in ((6.0, 6.0), (-6.0, -6.0), (5.5, -5.5)):
        found = crop_one(image, jnp.asarray(shift), 6 + reach("sinc"), (44, 40))
        expected = moved(*shift, 3.0)[10:-10, 10:-10]
        np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.slow
def test_the_slope_along_a_shift_is_that_of_the_picture(x64):
    def light(shift, kind="sinc"):
        out = crop_one(moved(0, 0, 3.0), shift, 10, (44, 40), kind)
        return (out * jnp.linspace(0.0, 1.0, 40)[None, :]).sum()

    def exact(shift):
        out = moved(shift[0], shift[1], 3.0)[10:-10, 10:-10]
        return (out * jnp.linspace(0.0, 1.0, 40)[None, :]).sum()

    at = jnp.asarray([0.3, -1.6])
    np.testing.assert_allclose(
        jax.grad(light)(at), jax.grad(exact)(at), rtol=5e-3, atol=5e-3
    )
