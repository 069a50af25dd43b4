"""Fixed points, their stability, and the spectrum around them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.core.declared import leaves


FREQS = np.arange(1.0, 51.0)

# A, B, G; then (activity in mV, largest real part in 1/s, or None where the source does
# not say) of every fixed point. From an independent NumPy calculation.
TYPES = {
    "Type1": ((5, 50, 15), ((-0.577, -26.0), (2.798, None), (4.866, None))),
    "Type2": ((5, 40, 15), ((0.866, -15.0), (1.945, None), (5.319, None))),
    "Type3": ((5, 25, 15), ((6.218, 18.4),)),
    "Type4": ((5, 10, 15), ((9.017, -14.0),)),
    "Type5": ((5, 5, 25), ((10.870, -31.9),)),
    "Type6": ((5, 15, 0), ((7.431, 8.7),)),
}


@pytest.mark.parametrize("name", TYPES)
def test_all_fixed_points_of_a_type_are_found(name):
    _, expected = TYPES[name]
    found = js.fixed_points(js.Wendling.preset(name))
    n = len(expected)
    assert bool(jnp.isnan(found.activity[n:]).all())
    assert not bool(found.stable[n:].any())
    for i, (activity, growth) in enumerate(expected):
        assert float(found.activity[i]) == pytest.approx(activity, abs=6e-4)
        if growth is None:
            assert float(found.growth[i]) > 0  # "unstable"
        else:
            assert float(found.growth[i]) == pytest.approx(growth, abs=0.06)


@pytest.mark.slow
def test_nothing_changes_at_a_fixed_point(x64):
    model = js.Wendling.preset("Type1")
    found = js.fixed_points(model)
    for i in range(3):
        state = type(found.state)(*(value[i][None] for value in found.state))
        drift = jnp.stack(model.drift(state, {}))
        assert float(jnp.abs(drift).max()) < 1e-8  # of terms near 1e4


@pytest.mark.slow
def test_jansen_rit_oscillates_between_its_two_hopf_points():
    # on its upper branch it rests above p = 315.7 and below 89.8
    def upper(p):
        found = js.fixed_points(js.JansenRit(p_mean=p))
        return float(found.growth[int((~jnp.isnan(found.growth)).sum()) - 1])

    assert upper(89.0) < 0 < upper(91.0)
    assert upper(315.0) > 0 > upper(317.0)


@pytest.mark.slow
def test_nodes_with_their_own_parameters_have_their_own_fixed_points():
    found = js.fixed_points(js.Wendling(A=5.0, B=jnp.asarray([50.0, 10.0]), G=15.0))
    assert found.activity.shape == (2, 5)
    assert found.activity[:, 0] == pytest.approx([-0.577, 9.017], abs=6e-4)


@pytest.mark.slow
def test_a_constant_drive_is_more_input():
    driven = js.fixed_points(js.Wendling(p_mean=70.0), {"pyramidal_input": 20.0})
    plain = js.fixed_points(js.Wendling(p_mean=90.0))
    np.testing.assert_allclose(driven.activity, plain.activity, rtol=1e-5)


def test_the_gradient_of_a_fixed_point_is_that_of_the_implicit_function(x64):
    def at(B):
        return js.fixed_points(js.Wendling.preset("Type4", B=B)).activity[0]

    h = 1e-4
    expected = (at(10.0 + h) - at(10.0 - h)) / (2 * h)
    assert float(jax.grad(at)(10.0)) == pytest.approx(float(expected), rel=1e-6)


def transfer(A, B, G, v):
    """The transfer function of the loop, multiplied out by hand from the equations."""
    a, b, g, e0, v0, r = 100.0, 50.0, 500.0, 2.5, 6.0, 0.56
    C1, C2, C3, C4, C5, C6, C7 = 135 * np.array([1, 0.8, 0.25, 0.25, 0.3, 0.1, 0.8])

    def rate(x):
        return 2 * e0 / (1 + np.exp(r * (v0 - x)))

    def slope(x):
        return r * rate(x) * (1 - rate(x) / (2 * e0))

    def synapse(gain, k):
        return gain * k / (2j * np.pi * FREQS + k) ** 2

    excite, slow, fast = synapse(A, a), synapse(B, b), synapse(G, g)
    y0 = A / a * rate(v)
    y4 = B / b * rate(C3 * y0)
    onto_slow = C3 * slope(C3 * y0) * slow
    inner = C7 * slope(C5 * y0 - C6 * y4) * (C5 - C6 * onto_slow) * fast
    loop = C2 * C1 * slope(C1 * y0) * excite - C4 * onto_slow - inner
    return excite / (1 - loop * excite * slope(v))


@pytest.mark.parametrize("name", ["Type1", "Type2", "Type4", "Type5"])
def test_the_spectrum_is_that_of_the_transfer_function(name):
    found = js.linear_psd(js.Wendling.preset(name, p_sigma=30.0), FREQS)
    gain = np.abs(transfer(*TYPES[name][0], float(found.activity))) ** 2
    np.testing.assert_allclose(found.psd, 2 * 30.0**2 * 1e-4 * gain, rtol=2e-5)


@pytest.mark.parametrize("name", ["Type1", "Type2", "Type4", "Type5"])
def test_the_spectrum_agrees_with_a_simulation(name, getkey):
    # 32 uncoupled nodes of 20 s: the simulated spectrum is known to 0.01 decades
    network = js.Network(
        model=js.Wendling.preset(name, p_sigma=30.0),
        connectome=js.Connectome(np.zeros((32, 32))),
        solver=js.RungeKutta4(),
        dt_s=1e-3,
        duration_s=20.0,
        burn_in_s=2.0,
    )
    recording = js.simulate(network, getkey())
    freqs, psd = js.measure.welch(recording["activity"], segment_s=1.0)
    seen = np.asarray(js.measure.crop(freqs, psd, (1, 50))[1]).mean(axis=1)
    expected = np.asarray(js.linear_psd(network.model, FREQS).psd)
    apart = np.log10(seen / expected)
    assert np.median(np.abs(apart)) < 0.02
    assert abs(apart.mean()) < 0.015


@pytest.mark.slow
def test_its_gradient_is_the_finite_difference_for_every_parameter(x64):
    model = js.Wendling.preset("Type4", p_sigma=30.0)

    @jax.jit
    def loss(model):
        return jnp.log10(js.linear_psd(model, FREQS[::7]).psd).mean()

    slopes = jax.jit(jax.grad(loss))(model)
    names = [n for n, (_, card) in leaves(model).items() if card.role == "param"]
    for name in names:
        value = float(js.get(model, name))
        h = 1e-5 * max(1.0, abs(value))
        ends = [float(loss(js.replace(model, {name: value + s * h}))) for s in (1, -1)]
        expected = (ends[0] - ends[1]) / (2 * h)
        found = float(js.get(slopes, name))
        assert found == pytest.approx(expected, rel=2e-5, abs=1e-7), name


def test_without_a_stable_fixed_point_a_sentence_says_so():
    with pytest.raises(ValueError, match=r"7\.431 mV is unstable .*\+8\.67 1/s.*simul"):
        js.linear_psd(js.Wendling.preset("Type6"), FREQS)


@pytest.mark.slow
def test_without_a_stable_fixed_point_traced_code_gets_nan_and_no_gradient():
    @jax.jit
    def power(model):
        found = js.linear_psd(model, FREQS)
        return jnp.nansum(found.psd), found.valid

    model = js.Wendling.preset("Type6")
    (total, valid), slopes = jax.value_and_grad(power, has_aux=True)(model)
    assert float(total) == 0.0 and not bool(valid)
    assert all(bool((leaf == 0).all()) for leaf in jax.tree.leaves(slopes))


def test_extended_it_has_a_value_at_an_unstable_point_and_says_that_it_is_none():
    found = js.linear_psd(js.Wendling.preset("Type6"), FREQS, extend=True)
    assert bool(jnp.isfinite(found.psd).all()) and not bool(found.valid)


def test_noise_per_step_depends_on_the_step_and_intensity_does_not():
    model = js.Wendling.preset("Type4")
    per_step = js.WhiteNoise(sigma=30.0, scaling="per_step")
    intensity = js.WhiteNoise(sigma=30.0)

    def power(noise, dt_s):
        return js.linear_psd(model, FREQS, noise=noise, dt_s=dt_s).psd

    same = power(intensity, 1e-4)
    np.testing.assert_allclose(power(intensity, 1e-3), same, rtol=1e-6)
    np.testing.assert_allclose(power(per_step, 1e-4), same, rtol=1e-6)
    np.testing.assert_allclose(power(per_step, 1e-3), 10 * same, rtol=1e-5)


def test_silence_has_no_spectrum():
    with pytest.raises(ValueError, match="needs white noise, got NoNoise"):
        js.linear_psd(js.Wendling(), FREQS, noise=js.NoNoise())


@pytest.mark.slow
def test_as_a_process_it_is_swept_and_tells_which_runs_mean_nothing(getkey):
    process = js.LinearSpectrum(model=js.Wendling.preset("Type4"))
    design = js.zipped({"model.B": [10.0, 15.0], "model.G": [15.0, 0.0]})
    runs = js.sweep(process, design, getkey(), progress=False)
    assert np.asarray(runs.status).tolist() == [1, 5]
    assert np.isfinite(np.asarray(runs["psd"].values)[0]).all()
    assert np.isnan(np.asarray(runs["psd"].values)[1]).all()


@pytest.mark.slow
def test_type4_is_recovered_from_a_simulated_spectrum(getkey):
    import optax

    # 320 s in all, as 16 uncoupled nodes: 80 s leave G uncertain by 2 of 15
    network = js.Network(
        model=js.Wendling.preset("Type4", p_sigma=30.0),
        connectome=js.Connectome(np.zeros((16, 16))),
        solver=js.RungeKutta4(),
        dt_s=1e-3,
        duration_s=20.0,
        burn_in_s=2.0,
    )
    recording = js.simulate(network, getkey())
    freqs, psd = js.measure.welch(recording["activity"], segment_s=1.0)
    target = js.measure.crop(freqs, psd, (1, 50))[1].mean(axis=1, keepdims=True)

    def loss(recording):
        return js.measure.log_psd_mse(recording["psd"].values, target, floor=0.0)

    box = {"model.A": (2.0, 8.0), "model.B": (3.0, 60.0), "model.G": (0.0, 30.0)}
    start = js.LinearSpectrum(model=js.Wendling(A=5.0, p_sigma=30.0), extend=True)
    found = js.fit(
        start, loss, box, getkey(), starts=16, n_updates=600,
        optimizer=optax.adam(optax.cosine_decay_schedule(0.1, 600, 0.02)),
        progress=False,
    )  # fmt: skip
    truth = {"model.A": 5.0, "model.B": 10.0, "model.G": 15.0}
    apart = [
        np.abs(found.values[path] - value) / (box[path][1] - box[path][0])
        for path, value in truth.items()
    ]
    within = np.max(apart, axis=0) < 0.05
    assert within[np.argmin(found.best_losses)]
    assert within.sum() >= 2  # others end where B = 60, or where G = 0
    at_truth = js.simulate(js.replace(start, truth), getkey())
    assert found.best_loss <= float(loss(at_truth))
