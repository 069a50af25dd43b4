"""Illumination, vignette and leakage: light that stands still."""

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.imaging.illumination import Illuminate, Illumination
from jaxsim.imaging.leakage import Leakage
from jaxsim.imaging.vignette import Vignette
from tests.imaging.light import canvas_of, lit, scope


def field(step, name, size=13):
    made = js.simulate(lit(step, 1.0, 2, size), jax.random.key(0), name)
    return np.asarray(made[name].values)


@pytest.mark.parametrize("kind, name", [(Vignette, "vignette"), (Illumination, None)])
def test_one_in_the_centre_and_falloff_in_the_farthest_corner(kind, name):
    canvas = canvas_of(scope(13, margin_px=4))  # 13 x 17: there is a middle pixel
    step = kind(falloff=0.37, exponent=3.0)
    made = step.once(canvas) if name else step(canvas)
    light = np.asarray(made[name or "illumination"])
    assert light.shape == (13, 17)
    assert light[6, 8] == 1.0 and light.max() == 1.0
    corners = light[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.allclose(corners, 0.37, rtol=1e-6) and np.isclose(light.min(), 0.37)


def test_the_field_falls_with_the_power_of_the_distance():
    light = field(Vignette(falloff=0.5, exponent=2.0), "vignette")
    y, x = np.arange(13) - 6.0, np.arange(17) - 8.0
    squared = y[:, None] ** 2 + x[None, :] ** 2
    assert np.allclose(light, 1 - 0.5 * squared / 100.0, atol=1e-6)


def test_a_centre_off_the_axis_makes_the_other_corner_the_darkest():
    light = field(Vignette(falloff=0.2, centre_y_um=2.0, centre_x_um=-3.0), "vignette")
    assert light[8, 5] == 1.0
    assert np.isclose(light[0, -1], 0.2) and light.argmin() == 16


def test_a_single_pixel_is_not_dimmed():
    canvas = canvas_of(scope(1, n_px_width=1))
    assert Vignette(falloff=0.2).once(canvas)["vignette"] == 1.0


def test_leakage_is_a_gaussian_as_wide_as_a_quarter_of_the_shorter_side():
    light = field(Leakage(level=0.08), "leakage")
    assert np.isclose(light[6, 8], 0.08, rtol=1e-6)
    assert np.isclose(light[6, 12], 0.08 * np.exp(-0.5 * (4.0 / 3.25) ** 2), rtol=1e-5)
    even = field(Leakage(level=0.08, profile="uniform"), "leakage")
    assert np.allclose(even, 0.08)


def test_frames_are_multiplied_by_the_fields_and_leakage_is_added():
    light = np.random.default_rng(0).random((5, 12, 16)).astype(np.float32)
    process = js.Pipeline(
        **dict(
            lit(Illumination(), light, name="illumination")._parts(),
            illuminate=Illuminate(),
            vignette=Vignette(),
            leakage=Leakage(),
        )
    )
    made = js.simulate(process, jax.random.key(0))
    fields = {n: np.asarray(made[n].values) for n in ("illumination", "vignette")}
    expected = light * fields["illumination"] * fields["vignette"]
    expected = expected + np.asarray(made["leakage"].values)
    assert np.allclose(made["movie"].values, expected, rtol=1e-6)


def test_the_fields_do_not_depend_on_the_key():
    one, other = (
        js.simulate(lit(Vignette()), jax.random.key(i), "vignette") for i in (0, 1)
    )
    assert np.array_equal(one["vignette"].values, other["vignette"].values)
