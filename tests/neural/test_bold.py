"""BOLD: the haemodynamics alone, as a monitor, and as a step on recorded activity."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js


# scipy's DOP853 at rtol 1e-12 on the equations in plain (not logarithmic) variables;
# response to a drive of 1 for the first 100 ms, 2003 set: time (s) -> BOLD
PULSE = {1.0: 0.0009860755615, 3.0: 0.003540630762, 5.0: 0.002153849926}
PEAK, PEAK_S = 0.0035480404, 3.114
UNDERSHOOT, UNDERSHOOT_S = -0.0005318588, 9.106


def pulse(seconds, dt_s=1e-3):
    steps = round(seconds / dt_s)
    return jnp.zeros((steps, 1)).at[: round(0.1 / dt_s)].set(1.0)


def test_response_to_a_pulse(x64):
    y = np.asarray(js.balloon(pulse(12.0), 1e-3))[:, 0]
    for time, expected in PULSE.items():
        assert abs(y[round(time * 1000) - 1] / expected - 1) < 1e-5
    assert abs(y.max() / PEAK - 1) < 1e-5
    assert abs((y.argmax() + 1) * 1e-3 - PEAK_S) < 2e-3
    assert abs(y.min() / UNDERSHOOT - 1) < 1e-5
    assert abs((y.argmin() + 1) * 1e-3 - UNDERSHOOT_S) < 2e-3


def test_a_step_of_10_ms_is_fine_enough(x64):
    y = np.asarray(js.balloon(pulse(6.0, 0.01), 0.01))[:, 0]
    for time, expected in PULSE.items():
        assert abs(y[round(time * 100) - 1] / expected - 1) < 2e-3


@pytest.mark.parametrize(
    "name, q, bold",
    [("2003", 0.8956423060, 0.010864022259), ("2007", 0.9028818825, 0.010405826691)],
)
def test_steady_state_under_a_constant_drive(x64, name, q, bold):
    parameters = js.Balloon.preset(name)
    drive = jnp.full((40_000, 1), 0.1)
    state = parameters.rest(drive[0])
    state, _ = jax.lax.scan(
        lambda y, z: (parameters.step(y, z, 2e-3), None), state, drive
    )
    assert np.allclose(jnp.exp(state.log_f), 1.2439024390, rtol=1e-5)
    assert np.allclose(jnp.exp(state.log_v), 1.0723378173, rtol=1e-5)
    assert np.allclose(jnp.exp(state.log_q), q, rtol=1e-5)
    assert np.allclose(parameters.bold(state), bold, rtol=1e-5)


def test_in_float32_too():
    y = np.asarray(js.balloon(pulse(6.0), 1e-3))[:, 0]
    assert y.dtype == np.float32
    for time, expected in PULSE.items():
        assert abs(y[round(time * 1000) - 1] / expected - 1) < 1e-3


def test_flow_stays_positive_under_a_strong_negative_drive():
    y = js.balloon(jnp.full((4000, 1), -5.0), 1e-3)
    assert bool(jnp.isfinite(y).all())


@pytest.mark.slow
def test_every_parameter_of_the_haemodynamics_has_its_gradient(x64):
    drive = pulse(4.0, 5e-3)
    value = jax.jit(lambda parameters: js.balloon(drive, 5e-3, parameters, 800)[0, 0])
    for name in ("2003", "2007"):
        parameters = js.Balloon.preset(name)
        found = jax.grad(value)(parameters)
        for path, (at, _) in js.core.declared.leaves(parameters).items():
            h = 1e-5 * at
            up, down = (
                value(js.replace(parameters, {path: at + s * h})) for s in (1, -1)
            )
            difference = (up - down) / (2 * h)
            assert np.allclose(js.get(found, path), difference, rtol=1e-5, atol=1e-12)


def net(**more):
    more = {"duration_s": 4.0, "dt_s": 1e-3} | more
    return js.Network(model=js.Wendling.preset("Type3"), **more)


def test_the_monitor_equals_the_function_on_the_recorded_drive(x64, getkey):
    key = getkey()
    monitor = js.Bold(period_s=0.8, source="activity", gain=0.03, baseline=-1.0)
    bold = js.simulate(net(monitor=monitor), key)["bold"]
    lfp = js.simulate(net(), key)["activity"].values
    expected = js.balloon(0.03 * (lfp + 1.0), 1e-3, every=800)
    assert np.allclose(bold.values, expected, rtol=1e-10)
    assert np.allclose(bold.clock.times(5), [0.8, 1.6, 2.4, 3.2, 4.0])


def test_the_internal_step_averages_fast_ticks(x64, getkey):
    key = getkey()
    fast = {"dt_s": 2e-4, "duration_s": 1.2}
    monitor = js.Bold(period_s=0.6, source="activity", gain=0.03)
    bold = js.simulate(net(monitor=monitor, **fast), key)["bold"].values
    lfp = js.simulate(net(**fast), key)["activity"].values
    drive = 0.03 * lfp.reshape(-1, 5, 1).mean(1)
    assert np.allclose(bold, js.balloon(drive, 1e-3, every=600), rtol=1e-9)


def test_lfp_and_bold_come_from_one_run(getkey):
    process = js.Pipeline(
        network=net(monitor=js.TemporalAverage(period_s=2e-3)),
        haemodynamics=js.Haemodynamics(period_s=0.8, gain=0.03),
    )
    recording = js.simulate(process, getkey())
    bold, lfp = recording["bold"], recording["activity"]
    assert lfp.values.shape == (2000, 1) and bold.values.shape == (5, 1)
    expected = js.balloon(0.03 * lfp.values, 2e-3, every=400)
    assert np.allclose(bold.values, expected, rtol=1e-4)
    assert np.allclose(bold.clock.times(5), [0.8, 1.6, 2.4, 3.2, 4.0])
    assert bold.card.observed


def test_the_balloon_runs_through_the_burn_in(getkey):
    settled = net(monitor=js.Bold(period_s=0.4), burn_in_s=2.0, duration_s=0.4)
    straight = net(monitor=js.Bold(period_s=0.4), duration_s=2.4)
    model = {"model.p_sigma": 0.0}
    a = js.simulate(js.replace(settled, model), getkey())["bold"].values
    b = js.simulate(js.replace(straight, model), getkey())["bold"].values
    assert np.allclose(a[-1], b[-1], rtol=1e-4)


def test_what_cannot_be_is_refused(getkey):
    with pytest.raises(ValueError, match="no set '2005'"):
        js.Balloon.preset("2005")
    with pytest.raises(ValueError, match="variables must be empty"):
        js.check(net(monitor=js.Bold(), variables=("y0",)))
    with pytest.raises(ValueError, match="100 Hz or more"):
        js.check(
            js.Pipeline(
                network=net(monitor=js.TemporalAverage(period_s=0.02)),
                haemodynamics=js.Haemodynamics(),
            )
        )
    with pytest.raises(ValueError, match="does not divide"):
        js.balloon(pulse(1.0), 1e-3, every=300)
