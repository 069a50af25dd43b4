"""Detectability: against brute force, and an estimate that reaches the bound."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import imaging as im
from jaxsim.imaging.kinetics import transient
from jaxsim.imaging.signals import FIELD, POSITION, TRACE
from tests.imaging.light import ALIVE, canvas_of, scope, series


N_FRAMES, SIZE = 6, 20
PLACES = np.array([[50.0, 0.3, -0.4], [70.0, -5.0, 6.0]])
SPIKES = np.array([[0, 0], [2, 0], [0, 1], [0, 0], [1, 0], [0, 0]], float)


def scene(places=PLACES, **changes):
    """Two cells, read out as expected electrons."""
    process = js.Pipeline(
        miniscope=im.Miniscope(
            na=0.2,
            magnification=4.0,
            pixel_pitch_um=8.0,
            n_px_height=SIZE,
            n_px_width=SIZE + 2,
            margin_px=5,
            n_frames=N_FRAMES,
        ),
        neurons=im.PlaceNeurons(
            positions_um=places, soma_radius_um=4.0, irregularity=0.0, stamp_px=10
        ),
        spikes=im.GivenSpikes(SPIKES),
        calcium=im.Calcium(brightness_cv=0.0),
        focus=im.GivenFocus(depth_um=55.0),
        optics=im.Optics(),
        render=im.Render(patches=((30, 0),)),
        motion=im.StillTissue(),
        vignette=im.Vignette(),
        leakage=im.Leakage(level=0.01),
        sensor=im.ImageSensor(photons_per_unit=2e4, read_noise_e=3.0, bit_depth=16),
    )
    return js.replace(process, changes) if changes else process


def expected(key, **changes):
    """Expected electrons of every frame."""
    return js.simulate(scene(**changes), key, "movie")["movie"].values


@pytest.fixture
def found(getkey):
    recording = js.simulate(scene(), getkey(), ("trace",))
    return im.detectability(recording)


@pytest.mark.slow
def test_signal_to_noise_is_that_of_the_expected_movie(found, getkey):
    """A cell alone, without leakage, is its signal; all together, the noise."""
    key, exact = getkey(), {"sensor.readout": "expected"}
    alone = scene(PLACES[:1], **exact, **{"leakage.level": 0.0})
    alone = js.replace(alone, {"spikes.counts": SPIKES[:, :1]})
    light = np.asarray(js.simulate(alone, key, "movie")["movie"].values)
    trace = np.asarray(js.simulate(alone, key, "trace")["trace"].values)[:, 0]
    variance = np.asarray(expected(key, **exact)).mean(0) + 9.0
    signal = light[0] / trace[0] * np.ptp(trace)
    peak, matched = (signal / np.sqrt(variance)).max(), (signal**2 / variance).sum()
    np.testing.assert_allclose(found.snr_peak[0], peak, rtol=2e-3)
    np.testing.assert_allclose(found.snr_matched[0], np.sqrt(matched), rtol=2e-3)
    assert found.in_view[0] == pytest.approx(1.0, abs=5e-3)


@pytest.mark.slow
def test_bounds_are_the_inverse_of_brute_force_information(x64, getkey):
    """Derivatives of whole movies by finite differences, on the first cell."""
    key, exact, names = getkey(), {"sensor.readout": "expected"}, ("z", "y", "x")
    found = im.detectability(js.simulate(scene(), key, ("trace",)))
    variance = np.asarray(expected(key, **exact)).mean(0) + 9.0
    slopes = []
    for axis in range(3):
        step = np.zeros_like(PLACES)
        step[0, axis] = 1e-3
        up, down = (
            np.asarray(expected(key, **exact, **{"neurons.positions_um": PLACES + s}))
            for s in (step, -step)
        )
        slopes.append((up - down) / 2e-3)
    alone = scene(PLACES[:1], **exact, **{"leakage.level": 0.0})
    alone = js.replace(alone, {"spikes.counts": SPIKES[:, :1]})
    slopes.append(np.asarray(js.simulate(alone, key, "movie")["movie"].values))
    jacobian = np.stack(slopes).reshape(4, N_FRAMES, -1)
    weighted = jacobian / variance.reshape(1, 1, -1)
    information = np.einsum("itp,jtp->ij", jacobian, weighted)
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    for axis, name in enumerate(names):
        np.testing.assert_allclose(
            found[f"bound_{name}_um"][0], errors[axis], rtol=5e-3
        )


def test_the_best_linear_estimate_of_a_spike_reaches_the_bound(found, getkey):
    """Weighted least squares on noisy frames: its spread is the bound, no less."""
    tau = jnp.asarray(0.05), jnp.asarray(0.5)
    ends = 0.05 * (1.0 + np.arange(N_FRAMES))
    course = lambda when: np.asarray(transient(jnp.asarray(ends - when), 0.05, *tau))  # noqa: E731
    slopes = np.stack([(course(0.026) - course(0.024)) / 0.002, course(0.025)], axis=1)
    matched = float(found.snr_matched[0]) / np.ptp(
        np.asarray(js.simulate(scene(), getkey(), "trace")["trace"].values)[:, 0]
    )
    noise = np.asarray(jax.random.normal(getkey(), (20_000, N_FRAMES))) / matched
    errors = np.linalg.lstsq(slopes, noise.T, rcond=None)[0].std(axis=1)
    np.testing.assert_allclose(found.bound_spike_s[0], errors[0], rtol=0.03)
    np.testing.assert_allclose(found.bound_spike[0], errors[1], rtol=0.03)


def test_a_transient_is_the_kernel_of_a_spike_averaged_over_frames():
    rise, decay, frame = 0.04, 0.6, 0.05
    fine = np.arange(0, 4, 1e-5) + 5e-6
    kernel = np.exp(-fine / decay) - np.exp(-fine / rise)
    kernel /= kernel.max()
    when = 0.013
    ends = frame * (1 + np.arange(60))
    by_hand = [
        kernel[(fine > e - frame - when) & (fine <= e - when)].sum() * 1e-5 / frame
        for e in ends
    ]
    ours = transient(
        jnp.asarray(ends - when), frame, jnp.asarray(rise), jnp.asarray(decay)
    )
    np.testing.assert_allclose(ours, by_hand, atol=2e-4)


@pytest.mark.slow
def test_an_empty_place_is_never_detected(getkey):
    process = js.replace(
        scene(), {"neurons.positions_um": None, "neurons.max_cells": 2}
    )
    process = js.replace(process, {"neurons.density_per_mm3": 1.0})
    found = im.detectability(js.simulate(process, getkey(), ("trace",)))
    assert not found.detectable.any() and np.isinf(found.bound_z_um).all()


def test_what_it_needs_is_said(getkey):
    recording = js.simulate(scene(), getkey(), ("trace",))
    bare = js.Pipeline(**dict(zip(scene().names[:7], scene().steps[:7], strict=True)))
    with pytest.raises(ValueError, match="has no ImageSensor"):
        im.detectability(js.simulate(bare, getkey(), ("trace",)))
    with pytest.raises(ValueError, match="knows its process and key"):
        im.detectability(
            js.core.recording.Recording(recording.series, ("trace",), recording.status)
        )


@pytest.mark.parametrize(
    "electrons, low, high", [(0.0, 69.9, 70.1), (60.0, 74.0, 86.0)]
)
def test_focus_by_yield_lies_where_most_cells_stand_out(electrons, low, high):
    """Half of the cells lie together at 80 um; the median, 70 um, shows no cell."""
    depths = np.array([40.0, 50.0, 60.0, 79.9, 80.0, 80.1])
    canvas = canvas_of(scope(na=0.3))
    trace = np.ones((5, 6))
    trace[2] = 5.0
    made = im.MostDetected(electrons_per_unit=electrons, vignette=1.0)(
        series(np.stack([depths, 0.0 * depths, 0.0 * depths], 1), POSITION),
        series(np.ones(6), ALIVE),
        series(trace, TRACE),
        series(np.ones(canvas.fov), FIELD),
        canvas,
    )
    assert low < float(made["focal_depth"]) < high
