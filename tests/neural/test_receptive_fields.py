"""Screens, and rates that follow them, against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import gammainc

import jaxsim as js


def rates(frames, rate_hz=30.0, **given):
    """Activity and fields of cells that see given frames."""
    process = js.Pipeline(
        screen=js.GivenScreen(frames, rate_hz), cells=js.ReceptiveFields(**given)
    )
    return js.simulate(process, jax.random.key(0), ("activity", "receptive_field"))


def test_a_flash_gives_the_gamma_kernel_in_time(x64):
    grey, order, tau, n = 127.5, 3, 0.017, 6
    frames = np.full((12, 7, 7), grey)
    frames[2] = 2 * grey  # contrast 1 for one frame
    given = {"sigma_px": 1.5, "bias": 0.3, "weight": 0.8, "gain_hz": 4.0, "tau_s": tau}
    found = rates(frames, n_filters=order, samples_per_frame=n, **given)
    activity = found["activity"]
    assert activity.clock.rate_hz == 180.0 and activity.values.shape == (72, 1)
    weight = 0.8 * float(found["receptive_field"].values.sum())
    t = (np.arange(72 * 200) + 0.5) / (180.0 * 200)  # by quadrature

    def step(since):
        return gammainc(order, np.maximum(since, 0.0) / tau)

    late = (step(t - 2 / 30) - step(t - 3 / 30)).reshape(72, 200).mean(1)
    expected = 4.0 * np.log1p(np.exp(0.3 + weight * late))
    np.testing.assert_allclose(activity.values[:, 0], expected, rtol=1e-5)
    peak = activity.clock.times(72)[np.argmax(activity.values[:, 0])]
    assert 2 / 30 < peak < 3 / 30 + (order - 1) * tau


def test_nothing_is_felt_before_a_frame_changes():
    frames = np.full((10, 6, 6), 127.5)
    other = frames.copy()
    other[4:, 3, 3] = 255.0
    one, two = (rates(f)["activity"] for f in (frames, other))
    differs = (one.values != two.values)[:, 0]
    assert one.clock.times(100)[differs.argmax()] == pytest.approx(4 / 30 + 1 / 300)


def test_fields_have_unit_norm_and_lie_where_they_are_said_to():
    fields = rates(
        np.zeros((1, 25, 31)),
        centre_y_px=[-6.0, 3.0],
        centre_x_px=[4.0, -8.0],
        sigma_px=2.0,
        aspect=[1.0, 0.5],
    )["receptive_field"].values
    np.testing.assert_allclose(jnp.sum(fields**2, axis=(1, 2)), 1.0, rtol=1e-5)
    y, x = np.mgrid[-12:13, -15:16]
    for field, at in zip(np.asarray(fields**2), ((-6, 4), (3, -8)), strict=True):
        middle = (field * y).sum(), (field * x).sum()
        np.testing.assert_allclose(middle, at, atol=1e-2)
    # the square of a Gaussian has half its variance; here it is twice as long as wide
    wide, long = ((np.asarray(fields[1]) ** 2 * (c - m) ** 2).sum()
                  for c, m in ((x, -8), (y, 3)))  # fmt: skip
    np.testing.assert_allclose((wide, long), (2.0, 8.0), rtol=2e-2)


def test_a_grating_along_the_carrier_drives_most():
    x = np.arange(31) - 15
    y = np.arange(31)[:, None] - 15
    frames = [
        127.5 * (1 + np.cos(2 * np.pi * (x * np.cos(a) + y * np.sin(a)) / 6.0))
        for a in np.deg2rad([0, 30, 60, 90, 120, 150])
    ]
    given = {"wavelength_px": 6.0, "orientation_deg": 60.0, "sigma_px": 4.0}
    # each frame is shown for longer than the filters remember
    found = rates(np.stack(frames), rate_hz=1.0, samples_per_frame=2, **given)
    assert np.asarray(found["activity"].values)[1::2, 0].argmax() == 2


def test_parameters_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match=r"sigma_px \(3,\), tau_s \(2,\)"):
        js.ReceptiveFields(sigma_px=[1.0, 2.0, 3.0], tau_s=[0.1, 0.2])
    with pytest.raises(ValueError, match=r"GivenScreen.frames has shape \(4, 5\)"):
        js.GivenScreen(np.zeros((4, 5)))


def test_noise_has_its_variance_whatever_the_blur_and_the_number_of_frames():
    size = {"contrast": 0.01, "n_px_height": 32, "n_px_width": 24}
    sharp = js.NoiseScreen(n_frames=60, **size)
    long, key = js.NoiseScreen(n_frames=90, **size), jax.random.key(1)
    frames = js.simulate(sharp, key)["screen"].values
    np.testing.assert_array_equal(js.simulate(long, key)["screen"].values[:60], frames)
    blurred = js.replace(sharp, {"blur_px": 2.0})
    z = np.asarray(js.simulate(blurred, key)["screen"].values) / 1.275 - 100.0
    for found in (np.asarray(frames) / 1.275 - 100.0, z):
        np.testing.assert_allclose(found.std(), 1.0, rtol=0.05)
    # of noise blurred twice by sigma: exp(-d^2 / 4 sigma^2) at a distance d
    near = (z[:, :, :-2] * z[:, :, 2:]).mean()
    np.testing.assert_allclose(near, np.exp(-(2.0**2) / (4 * 2.0**2)), atol=0.05)
