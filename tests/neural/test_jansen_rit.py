"""Jansen-Rit against its known bifurcations and limit cycles (scipy, rtol 1e-8)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js


def frequency(t, x):
    """Rate of upward crossings of the mean, Hz."""
    x = x - x.mean()
    up = np.flatnonzero((x[:-1] < 0) & (x[1:] >= 0))
    cross = t[up] - x[up] * (t[up + 1] - t[up]) / (x[up + 1] - x[up])
    return (len(cross) - 1) / (cross[-1] - cross[0])


@pytest.mark.parametrize(
    "p, mean, peak_to_peak, hertz",
    [(120.0, 6.917, 2.174, 10.455), (220.0, 7.560, 2.955, 10.940)],
)
def test_limit_cycles(x64, getkey, p, mean, peak_to_peak, hertz):
    net = js.Network(
        model=js.JansenRit(p_mean=p),
        initial=js.GivenState(names=("y0", "y1", "y2"), values=(0.1, 15.0, 10.0)),
        noise=js.NoNoise(),
        solver=js.RungeKutta4(),
        dt_s=1e-3,
        burn_in_s=3.0,
        duration_s=3.0,
    )
    recording = js.simulate(net, getkey())
    v = np.asarray(recording["activity"].values)[:, 0]
    t = recording["activity"].clock.times(len(v))
    assert abs(np.ptp(v) - peak_to_peak) < 2e-3
    assert abs(frequency(t, v) - hertz) < 5e-3
    assert abs(v.mean() - mean) < 3e-3


def branch(model, y0):
    """The fixed point with this y0: its p, and the drift there."""
    s = model.a * y0 / model.A
    v = model.v0 - jnp.log(2.0 * model.e0 / s - 1.0) / model.r
    C = model.C
    y2 = model.B / model.b * model.C4 * C * model.rate(model.C3 * C * y0)
    y1 = v + y2
    p = model.a * y1 / model.A - model.C2 * C * model.rate(model.C1 * C * y0)
    zero = jnp.zeros_like(y0)
    return p, jnp.stack([y0, y1, y2, zero, zero, zero])


def test_bifurcations_along_the_branch_of_fixed_points(x64):
    model = js.JansenRit()

    @jax.jit
    def jacobian(y0):
        p, state = branch(model, y0)

        def drift(y):
            drive = {"pyramidal_input": p - model.p_mean}
            return jnp.concatenate(model.drift(model.State(*y[:, None]), drive))

        return p, jnp.abs(drift(state)).max(), jax.jacobian(drift)(state)

    grid = jnp.linspace(0.002, 0.16, 16_000)
    p, left, jacobians = jax.vmap(jacobian)(grid)
    assert float(left.max()) < 1e-6
    eigenvalues = np.linalg.eigvals(np.asarray(jacobians))
    unstable = (eigenvalues.real > 0).sum(1)
    changes = {}
    for i in np.flatnonzero(np.diff(unstable)):
        leading = eigenvalues[i + 1][np.argmin(abs(eigenvalues[i + 1].real))]
        changes[round(float(p[i]), 1)] = abs(leading.imag) / 2 / np.pi
    found = sorted(changes)
    for expected in (-41.30, -12.11, 89.83, 113.59, 315.8):
        assert min(abs(np.array(found) - expected)) < 0.3, (expected, found)
    hertz = {p: f for p, f in changes.items() if f > 1}
    assert abs(hertz[min(hertz, key=lambda p: abs(p - 89.83))] - 10.38) < 0.05
    assert abs(hertz[min(hertz, key=lambda p: abs(p - 315.8))] - 11.16) < 0.05


def test_beyond_the_last_hopf_point_oscillations_decay(x64, getkey):
    net = js.Network(
        model=js.JansenRit(p_mean=320.0),
        initial=js.GivenState(names=("y0", "y1", "y2"), values=(0.1, 15.0, 10.0)),
        noise=js.NoNoise(),
        solver=js.RungeKutta4(),
        dt_s=1e-3,
        duration_s=12.0,
    )
    v = np.asarray(js.simulate(net, getkey())["activity"].values)[:, 0]
    swings = [np.ptp(v[a : a + 1000]) for a in (1000, 5000, 11000)]
    assert swings[0] > swings[1] > swings[2]
