"""Wendling against check values computed by an independent NumPy program (float64).

The numbers are those of an explicit integration of the ten equations, written from the
paper, with dt = 0.1 ms, zero start and no noise (p = 90 per second).
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js


TYPES = ("Type1", "Type2", "Type3", "Type4", "Type5", "Type6")
SOLVERS = {"euler": js.Euler, "heun": js.Heun, "rk4": js.RungeKutta4}
# field potential (mV) at 0.1 s and at 0.5 s, i.e. after steps 1000 and 5000
CHECKS = {
    "Type1": {
        "euler": (-0.20185044, -0.57678399),
        "heun": (-0.20099724, -0.57678482),
        "rk4": (-0.20099474, -0.57678482),
    },
    "Type2": {
        "euler": (10.03690722, 0.86507552),
        "heun": (10.01612104, 0.86531927),
        "rk4": (10.01622093, 0.86531899),
    },
    "Type3": {
        "euler": (5.70434207, 5.62146561),
        "heun": (5.65697212, 5.66742131),
        "rk4": (5.65704156, 5.66740797),
    },
    "Type4": {
        "euler": (11.97031110, 9.02577780),
        "heun": (11.97132955, 9.02497841),
        "rk4": (11.97132426, 9.02497874),
    },
    "Type5": {
        "euler": (10.09979044, 10.86968397),
        "heun": (10.07732801, 10.86968390),
        "rk4": (10.07733016, 10.86968390),
    },
    "Type6": {
        "euler": (8.28973780, 3.78146746),
        "heun": (8.26548633, 4.27647763),
        "rk4": (8.26545091, 4.27581015),
    },
}
# fixed points: potential (mV), largest real part of an eigenvalue (1/s; None: > 0)
FIXED = {
    "Type1": ((-0.577, -26.0), (2.798, None), (4.866, None)),
    "Type2": ((0.866, -15.0), (1.945, None), (5.319, None)),
    "Type3": ((6.218, 18.4),),
    "Type4": ((9.017, -14.0),),
    "Type5": ((10.870, -31.9),),
    "Type6": ((7.431, 8.7),),
}


def all_types():
    """The six types as six unconnected nodes of one network."""
    kinds = [js.Wendling.preset(name) for name in TYPES]
    A, B, G = (jnp.stack([getattr(k, name) for k in kinds]) for name in "ABG")
    return js.Wendling(A=A, B=B, G=G)


def network(model, n=6, **more):
    connectome = js.Connectome(weights=np.zeros((n, n)))
    more = {"noise": js.NoNoise(), "duration_s": 0.5} | more
    return js.Network(model=model, connectome=connectome, **more)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_six_types_meet_their_check_values(x64, getkey, solver):
    net = network(all_types(), solver=SOLVERS[solver]())
    lfp = js.simulate(net, getkey())["activity"].values
    expected = np.array([CHECKS[name][solver] for name in TYPES]).T
    assert np.allclose(lfp[jnp.array([999, 4999])], expected, rtol=0, atol=1e-6)


def test_one_node_is_what_it_is_in_a_network(x64, getkey):
    one = js.Network(
        model=js.Wendling.preset("Type3"), noise=js.NoNoise(), duration_s=0.1
    )
    lfp = js.simulate(one, getkey())["activity"].values
    assert lfp.shape == (1000, 1)
    assert abs(float(lfp[-1, 0]) - 5.65697212) < 1e-6


@pytest.mark.parametrize(
    "site, expected",
    [
        ("pyramidal_input", (0.94271928, 0.56925101, -0.05919532)),
        ("y0", (-0.15793811, -0.32494318, -3.63847673)),
    ],
)
def test_three_coupled_nodes_meet_their_check_values(x64, getkey, site, expected):
    weights = np.zeros((3, 3))
    weights[1, 0] = weights[2, 1] = weights[0, 2] = 1.0
    weights[0, 1] = 0.5
    net = js.Network(
        model=js.Wendling(B=np.array([22.0, 25.0, 30.0])),
        connectome=js.Connectome(weights=weights).normalised("row_sum"),
        coupling=js.LinearCoupling(G=10.0, site=site),
        noise=js.NoNoise(),
        solver=js.Euler(),
        duration_s=0.5,
    )
    lfp = js.simulate(net, getkey())["activity"].values
    assert np.allclose(lfp[-1], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", TYPES)
def test_fixed_points_and_their_stability(x64, name):
    model = js.Wendling.preset(name)

    def drift(y):
        state = model.State(*y[:, None])
        return jnp.concatenate(model.drift(state, {}))

    def at(v):
        """The state in which all but v = y1 - y2 - y3 is at rest, and what is left."""
        y0 = model.A / model.a * model.rate(v)
        y4 = model.B / model.b * model.rate(model.C3 * model.C * y0)
        inner = model.C5 * model.C * y0 - model.C6 * model.C * y4
        y3 = model.G / model.g * model.C7 * model.C * model.rate(inner)
        excitation = model.C2 * model.C * model.rate(model.C1 * model.C * y0)
        y1 = model.A / model.a * (model.p_mean + excitation)
        zero = jnp.zeros_like(v)
        state = jnp.stack([y0, y1, y3, y4, zero, zero, zero, zero])
        return state, y1 - model.C4 * model.C * y4 - y3 - v

    grid = jnp.linspace(-3.0, 15.0, 2001)
    signs = jnp.sign(jax.vmap(lambda v: at(v)[1])(grid))
    roots = np.flatnonzero(np.diff(signs) != 0)
    assert len(roots) == len(FIXED[name])
    for i, (v_expected, growth) in zip(roots, FIXED[name], strict=True):
        v = grid[i]
        for _ in range(20):
            left, slope = jax.jvp(lambda v: at(v)[1], (v,), (jnp.ones_like(v),))
            v = v - left / slope
        assert abs(float(v) - v_expected) < 1e-3
        state = at(v)[0]
        assert float(jnp.abs(drift(state)).max()) < 1e-6
        largest = float(jnp.linalg.eigvals(jax.jacobian(drift)(state)).real.max())
        if growth is None:
            assert largest > 0
        else:
            assert abs(largest - growth) < 0.1


def test_ten_variables_are_exposed_and_obey_their_definitions(getkey):
    net = js.Network(
        model=js.Wendling.preset("Type3"),
        duration_s=0.2,
        variables=tuple(f"y{i}" for i in range(10)),
    )
    recording = js.simulate(net, getkey())
    states = recording["states"]
    assert states.values.shape == (2000, 10, 1)
    assert states.labels_of("variable") == tuple(f"y{i}" for i in range(10))
    y = np.asarray(states.values)[..., 0].T
    lfp = np.asarray(recording["activity"].values)[:, 0]
    assert np.allclose(lfp, y[1] - y[2] - y[3], atol=1e-5)
    assert np.allclose(y[2], 0.25 * 135 * y[4])
    assert np.allclose(np.diff(y[4]) / 1e-4, (y[9, 1:] + y[9, :-1]) / 2, atol=0.05)


def test_presets_go_by_type_or_by_name_and_take_changes():
    assert float(js.Wendling.preset("alpha").B) == 10.0
    assert float(js.Wendling.preset("Type4").p_sigma) == 190.0
    assert float(js.Wendling.preset("Type4", p_sigma=2.0).p_sigma) == 2.0
    with pytest.raises(ValueError, match="Did you mean 'Type4'"):
        js.Wendling.preset("type4")


def test_parameters_may_differ_between_nodes(getkey):
    model = js.Wendling(B=np.array([50.0, 5.0]), p_sigma=np.array([0.0, 190.0]))
    lfp = js.simulate(network(model, 2, noise=None), getkey())["activity"].values
    tail = np.asarray(lfp)[2500:]
    assert tail[:, 0].std() < 0.02 < tail[:, 1].std()
    with pytest.raises(ValueError, match=r"model\.B has shape \(2,\).*3 node"):
        network(js.Wendling(B=np.array([50.0, 5.0])), 3)
