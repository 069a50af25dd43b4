"""Fluorescence after spikes has the published shape and mean."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.imaging.calcium import Calcium, HillCalcium
from jaxsim.imaging.kinetics import kernel_timing, tau_from_kernel_timing
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.spike_train import SpikeTrain
from jaxsim.imaging.spikes import MarkovSpikes
from jaxsim.imaging.spikes_from_outside import GivenSpikes


respond = eqx.filter_jit(lambda step, train, canvas, key: step(train, canvas, key))


def sampled_kernel(rise_s, decay_s, rate_hz, n_taps=None):
    """The kernel at samples, divided by its largest one; 5 decay times by default."""
    n = math.ceil(5 * decay_s * rate_hz) if n_taps is None else n_taps
    t = np.arange(n) / rate_hz
    kernel = np.exp(-t / decay_s) - np.exp(-t / rise_s)
    return kernel / kernel.max()


def canvas_of(n_frames=200, rate_hz=20.0):
    return Miniscope(n_frames=n_frames, frame_rate_hz=rate_hz)()["canvas"]


def train_of(fine, before=0.0, n_lead=0):
    fine = jnp.asarray(fine, jnp.result_type(float))
    each = jnp.ones_like(fine[0, 0])
    return SpikeTrain(fine, before * each, each, n_lead)


def one_spike(n_frames=200, n_bins=15, frame=0, at=0):
    fine = np.zeros((n_frames, n_bins, 1))
    fine[frame, at] = 1.0
    return train_of(fine)


def transient(step, train, key, rate_hz=20.0):
    canvas = canvas_of(len(train.fine) - train.n_lead, rate_hz)
    return np.asarray(respond(step, train, canvas, key)["trace"].values)


def test_the_kernel_has_the_published_timing_and_sum():
    peak, width = kernel_timing(0.05, 0.5)
    assert abs(peak - 0.12792) < 5e-6
    assert abs(width - 0.50177) < 5e-6
    kernel = sampled_kernel(0.05, 0.5, 300.0)
    assert len(kernel) == 750
    assert abs(kernel.sum() - 192.276) < 5e-4
    assert kernel[0] == 0.0


@pytest.mark.parametrize("taus", [(0.05, 0.5), (0.002, 1.0), (0.3, 0.35)])
def test_time_constants_come_back_from_peak_and_width(taus):
    np.testing.assert_allclose(
        tau_from_kernel_timing(*kernel_timing(*taus)), taus, rtol=1e-6
    )


def test_a_peak_too_late_for_its_width_gives_the_nearest_kernel():
    rise, decay = tau_from_kernel_timing(0.45, 1.0)
    peak, width = kernel_timing(rise, decay)
    np.testing.assert_allclose(width, 1.0, rtol=1e-6)
    assert abs(peak / width - 0.409) < 1e-3  # the largest ratio that there is


def test_a_spike_leaves_the_sampled_kernel_averaged_over_frames(getkey):
    step = Calcium(brightness_cv=0.0)
    found = transient(step, one_spike(at=4), getkey())[:, 0] - 1.0
    kernel = sampled_kernel(0.05, 0.5, 300.0, 3000)
    shifted = np.concatenate([np.zeros(4), kernel])[:3000]
    expected = shifted.reshape(200, 15).mean(1)
    np.testing.assert_allclose(found, expected, atol=2e-6)  # float32


def test_a_cut_kernel_is_that_of_programs_that_convolve(getkey):
    step = Calcium(brightness_cv=0.0, kernel_s=2.5)
    found = transient(step, one_spike(), getkey())[:, 0] - 1.0
    kernel = np.zeros(3000)
    kernel[:750] = sampled_kernel(0.05, 0.5, 300.0)
    np.testing.assert_allclose(found, kernel.reshape(200, 15).mean(1), atol=2e-6)


def mean_rate_train(n_frames=20):
    chance = np.full((n_frames, 15, 1), 3.0492 / 300.0)
    return train_of(chance, before=3.0492 / 300.0)


def test_the_mean_of_fluorescence_is_the_published_one(getkey):
    key, train = getkey(), mean_rate_train()
    cut = transient(Calcium(brightness_cv=0.0, kernel_s=2.5), train, key)
    np.testing.assert_allclose(cut, 2.9543, atol=1e-4)
    # the tail beyond 5 decay times, which is kept by default
    whole = transient(Calcium(brightness_cv=0.0), train, key)
    total = sampled_kernel(0.05, 0.5, 300.0, 30_000).sum()
    np.testing.assert_allclose(whole, 1.0 + 3.0492 * total / 300.0, rtol=1e-5)


def test_drawn_cells_glow_at_the_published_mean_from_the_first_frame_on(getkey):
    pipeline = js.Pipeline(
        miniscope=Miniscope(n_frames=600),
        given=AllAlive(),
        spikes=MarkovSpikes(),
        calcium=Calcium(kernel_s=2.5),
    )
    recording = js.simulate(pipeline, getkey())
    trace = recording["trace"].values / recording["expression"].values[None, :]
    for part in (trace, trace[:20]):
        per_cell = np.asarray(part).mean(0)
        error = per_cell.std() / np.sqrt(len(per_cell))
        assert abs(per_cell.mean() - 2.9543) < 4 * error


class AllAlive(js.AbstractStep):
    """A thousand cells."""

    makes = {"alive": js.Signal("cell", "1", "there")}

    def __call__(self):
        return {"alive": jnp.ones(1000, jnp.result_type(float))}


def test_frames_see_the_same_transient_at_any_frame_rate(getkey):
    key, step = getkey(), Calcium(brightness_cv=0.0)
    slow = transient(step, one_spike(40, 30), key, 10.0)
    fast = transient(step, one_spike(240, 5), key, 60.0)
    np.testing.assert_allclose(slow[:, 0], fast[:, 0].reshape(40, 6).mean(1), atol=2e-6)


def test_expression_has_mean_one_and_the_given_spread(getkey):
    train = train_of(np.zeros((1, 1, 20_000)))
    made = respond(Calcium(brightness_cv=0.5), train, canvas_of(1), getkey())
    g = np.asarray(made["expression"])
    error = 0.5 / np.sqrt(len(g))
    assert abs(g.mean() - 1.0) < 4 * error
    assert abs(g.std() - 0.5) < 0.03  # 4 standard errors of a log-normal's spread
    np.testing.assert_allclose(made["trace"].values[0], g, rtol=1e-6)


def test_no_spread_has_a_finite_gradient(getkey):
    train, key = one_spike(10), getkey()

    def light(cv):
        step = js.replace(Calcium(), {"brightness_cv": cv})
        return step(train, canvas_of(10), key)["trace"].values.sum()

    assert np.isfinite(jax.grad(light)(jnp.zeros(())))


def test_a_rise_slower_than_the_decay_is_refused():
    with pytest.raises(ValueError, match="must be shorter than tau_decay_s"):
        Calcium(tau_rise_s=0.6)


def hill(n_spikes, key, **more):
    step = HillCalcium(brightness_cv=0.0, **more)
    return transient(step, train_of(n_spikes * one_spike().fine), key).max() - 1.0


def test_a_saturating_indicator_starts_like_the_other_and_has_a_ceiling(getkey):
    key = getkey()
    linear = transient(Calcium(brightness_cv=0.0), one_spike(), key).max() - 1.0
    # one spike, averaged over frames, stays a little under its peak of 1
    np.testing.assert_allclose(
        hill(1.0, key, cooperativity=1.0), linear * 6.0 / (5.0 + linear), rtol=1e-5
    )
    ceiling = 1.0 + 5.0**2
    assert 0.99 * ceiling < hill(1000.0, key) < ceiling
    np.testing.assert_allclose(hill(5.0 / linear, key), ceiling / 2, rtol=1e-5)


def test_many_spikes_at_once_add_up_without_saturation(getkey):
    key, step = getkey(), Calcium(brightness_cv=0.0)
    one = transient(step, one_spike(), key) - 1.0
    many = transient(step, train_of(70.0 * one_spike().fine), key) - 1.0
    np.testing.assert_allclose(many, 70.0 * one, rtol=1e-4, atol=1e-5)


def test_given_spikes_start_from_rest(getkey):
    counts = np.zeros((10, 2))
    counts[5, 1] = 1.0
    train = GivenSpikes(counts)(canvas_of(10))["fine_spikes"]
    found = transient(Calcium(brightness_cv=0.0), train, getkey())
    np.testing.assert_allclose(found[:, 0], 1.0)
    np.testing.assert_allclose(found[:5, 1], 1.0)
    assert (found[6:, 1] > 1.1).all()


def scaled(jitter, n_cells=4, n_frames=120, **more):
    """One spike in each of some cells; their traces above rest, and their scales."""
    step = Calcium(brightness_cv=0.0, tau_jitter=jitter, **more)
    fine = np.zeros((n_frames, 15, n_cells))
    fine[0, 0] = 1.0
    made = respond(step, train_of(fine), canvas_of(n_frames), jax.random.key(3))
    return np.asarray(made["trace"].values) - 1.0, made


def test_each_cell_has_the_kernel_of_its_own_time_constants(x64):
    found, made = scaled(0.4)
    scale = np.asarray(made["tau_scale"])
    assert scale.std() > 0.1
    for i, by in enumerate(scale):
        kernel = sampled_kernel(0.05 * by, 0.5 * by, 300.0, 1800)
        np.testing.assert_allclose(
            found[:, i], kernel.reshape(120, 15).mean(1), atol=1e-9
        )


def test_without_spread_all_time_constants_are_the_usual_ones():
    found, made = scaled(0.0)
    plain, absent = scaled(None)
    assert np.array_equal(made["tau_scale"], np.ones(4)) and "tau_scale" not in absent
    np.testing.assert_allclose(found, plain, atol=1e-6)


def test_time_constants_spread_log_normally_and_apart_from_expression(getkey):
    """Mean 1 and the given cv: a variance of ln(1 + cv^2) of the logarithms."""
    n, step = 20_000, Calcium(tau_jitter=0.2)
    train = train_of(np.zeros((1, 1, n)))
    made = respond(step, train, canvas_of(1), getkey())
    log = np.log(np.asarray(made["tau_scale"], np.float64))
    variance = np.log(1.0 + 0.2**2)
    assert abs(log.mean() + variance / 2) < 4 * np.sqrt(variance / n)
    assert abs(log.var() / variance - 1) < 4 * np.sqrt(2.0 / n)
    both = np.corrcoef(log, np.log(np.asarray(made["expression"])))[0, 1]
    assert abs(both) < 4 / np.sqrt(n)


def test_another_cell_leaves_the_time_constants_of_the_rest():
    (few, of_few), (more, of_more) = scaled(0.4, 4), scaled(0.4, 9)
    assert np.array_equal(of_more["tau_scale"][:4], of_few["tau_scale"])
    np.testing.assert_allclose(more[:, :4], few, rtol=1e-5, atol=1e-7)
