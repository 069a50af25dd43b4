"""Cells bleach and recover as published, also over half an hour in float32."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.imaging.bleaching import Bleaching, GlobalBleaching, light_at, remaining
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.signals import EXPRESSION, FIELD, POSITION, TRACE


run = eqx.filter_jit(lambda step, *needs: step(*needs))


def canvas_of(n_frames, rate_hz=20.0, size=8):
    return Miniscope(
        n_frames=n_frames,
        frame_rate_hz=rate_hz,
        n_px_height=size,
        n_px_width=size,
        magnification=1.0,
        pixel_pitch_um=2.0,
        margin_px=3,
    )()["canvas"]


def bleached(step, brightness, canvas, expression=None, position=None, field=None):
    """What is left of cells of constant brightness."""
    f = jnp.result_type(float)
    n = len(brightness)
    g = jnp.ones(n, f) if expression is None else jnp.asarray(expression, f)
    trace = jnp.broadcast_to(jnp.asarray(brightness, f) * g, (canvas.n_frames, n))
    position = jnp.zeros((n, 3), f) if position is None else jnp.asarray(position, f)
    field = jnp.ones(canvas.fov, f) if field is None else jnp.asarray(field, f)
    return run(
        step,
        canvas.series(trace, TRACE),
        js.Series(g, None, EXPRESSION),
        js.Series(position, None, POSITION),
        js.Series(field, None, FIELD),
        canvas,
    )


def left(*args, **more):
    return np.asarray(bleached(*args, **more)["bleaching"].values)


BRIGHTNESS = (1.0, 1.6, 5.0)


def test_half_an_hour_bleaches_as_published():
    # the value at 30 min is the one before frame 36000
    found = left(Bleaching(), BRIGHTNESS, canvas_of(36_001))[-1]
    np.testing.assert_allclose(found, [0.98922, 0.98280, 0.94726], atol=5e-6)


def test_constant_light_ends_at_the_published_floors():
    # 2e6 s are a hundred turnovers
    found = left(Bleaching(), BRIGHTNESS, canvas_of(2000, 0.01))[-1]
    np.testing.assert_allclose(found, [0.88810, 0.83222, 0.61350], atol=5e-6)


def test_in_the_dark_the_indicator_recovers():
    canvas = canvas_of(400, 0.01)
    found = left(Bleaching(excitation=0.0, start=0.6), (1.0,), canvas)[:, 0]
    t = np.arange(400) * 100.0
    np.testing.assert_allclose(found, 1.0 - 0.4 * np.exp(-t / 20_000.0), atol=1e-6)


def test_sessions_chain():
    step = Bleaching(susceptibility_per_s=1e-3)
    whole = left(step, BRIGHTNESS, canvas_of(200, 1.0))
    first = whole[100]  # what the second session starts with
    rest = left(js.replace(step, {"start": first}), BRIGHTNESS, canvas_of(100, 1.0))
    np.testing.assert_allclose(rest, whole[100:], atol=1e-6)


def test_the_first_frame_is_not_yet_bleached_and_the_trace_is_what_is_left():
    made = bleached(Bleaching(), BRIGHTNESS, canvas_of(5))
    np.testing.assert_array_equal(made["bleaching"].values[0], [1.0, 1.0, 1.0])
    np.testing.assert_allclose(
        made["trace"].values, made["bleaching"].values * jnp.asarray(BRIGHTNESS)[None]
    )


def test_a_cell_that_expresses_more_does_not_bleach_faster():
    step, canvas = Bleaching(susceptibility_per_s=0.01), canvas_of(100, 1.0)
    found = left(step, (1.0, 1.0), canvas, expression=(1.0, 3.0))
    np.testing.assert_allclose(found[:, 0], found[:, 1], rtol=1e-6)
    assert found[-1, 0] < 0.5


def test_cells_bleach_by_the_light_at_their_place():
    step, canvas = Bleaching(susceptibility_per_s=0.01), canvas_of(50, 1.0)
    field = np.broadcast_to(np.linspace(0.0, 1.4, 8), (8, 8))  # grows along x
    places = [[9.0, 0.0, -7.0], [9.0, 0.0, 1.0], [9.0, 0.0, 7.0], [9.0, 0.0, 11.0]]
    found = left(step, np.ones(4), canvas, position=places, field=field)
    dose = np.array([0.0, 0.8, 1.4, 1.4])  # the margin has the light of the rim
    rate = 1 / 20_000.0 + 0.01 * dose
    floor = 1 / 20_000.0 / rate
    expected = floor + (1.0 - floor) * np.exp(-49 * rate)
    np.testing.assert_allclose(found[-1], expected, atol=1e-6)


def test_light_between_pixels_is_linear():
    canvas = canvas_of(2)
    y, x = canvas.grid_um(canvas.fov)
    field = 1.0 + 0.1 * y - 0.03 * x
    places = jnp.asarray([[0.3, -2.2], [5.9, 6.1], [-6.99, 0.0]])
    expected = 1.0 + 0.1 * places[:, 0] - 0.03 * places[:, 1]
    np.testing.assert_allclose(light_at(field, places, canvas), expected, rtol=1e-5)


@pytest.mark.slow
def test_a_fast_bleaching_cell_follows_the_equation(x64):
    dose = jnp.asarray(np.random.default_rng(0).uniform(0.5, 2.0, (40, 3)))
    q, k, b0 = 0.4, 0.1, 0.7
    found = remaining(dose, jnp.asarray(q), jnp.asarray(k), jnp.asarray(b0))
    b, n = np.full(3, b0), 2000
    for row, light in zip(np.asarray(found), np.asarray(dose), strict=True):
        np.testing.assert_allclose(row, b, atol=1e-6)
        for _ in range(n):  # midpoint steps
            half = b + 0.5 / n * (k * (1 - b) - q * light * b)
            b = b + (k * (1 - half) - q * light * half) / n


@pytest.mark.parametrize("n_frames", [1, 2, 60])
def test_global_bleaching_reaches_its_fraction_in_the_last_frame(n_frames):
    canvas = canvas_of(n_frames)
    trace = canvas.series(jnp.ones((n_frames, 2)), TRACE)
    found = np.asarray(GlobalBleaching()(trace, canvas)["bleaching"].values)
    expected = 0.65 ** (np.arange(n_frames) / max(n_frames - 1, 1))
    np.testing.assert_allclose(found, np.stack([expected] * 2, 1), rtol=1e-6)
