"""Designs: points in parameter space."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js


def test_a_grid_has_an_axis_for_each_path_and_the_first_varies_slowest():
    design = js.grid({"a": [1.0, 2.0], "b": ["x", "y", None]})
    assert design.shape == (2, 3) and len(design) == 6
    assert [axis.name for axis in design.axes] == ["a", "b"]
    assert [design.point(i)["b"] for i in range(3)] == ["x", "y", None]
    assert design.point(5) == {"a": 2.0, "b": None}
    assert design.columns[0].tolist() == [1, 1, 1, 2, 2, 2]


def test_zipped_values_move_together_along_run():
    design = js.zipped({"a": (1, 2), "b": jnp.array([3.0, 4.0])})
    assert design.axes == (("run", 2),)
    assert design.point(1) == {"a": 2, "b": 4.0}


def test_an_array_per_point_is_one_value():
    design = js.zipped({"w": np.arange(12.0).reshape(3, 2, 2), "a": [1, 2, 3]})
    assert len(design) == 3 and design.point(2)["w"].tolist() == [[8, 9], [10, 11]]


def test_designs_multiply_and_repeat(getkey):
    drawn = js.draws({"c": js.uniform(0, 1)}, 4, getkey())
    design = (js.grid({"a": [1, 2]}) * drawn).repeated(3)
    assert design.shape == (2, 4, 3)
    assert [axis.name for axis in design.axes] == ["a", "run", "repeat"]
    assert design.point(23) == {"a": 2, "c": drawn.point(3)["c"]}
    assert "24 runs (2 x 4 x 3)" in repr(design)


def test_a_design_says_itself_as_json(getkey):
    design = js.grid({"a": np.float32([0.1, 0.2]), "m": ["x", "y"]})
    text = json.dumps(design.document())
    assert json.loads(text)["values"]["a"] == {"axis": "a", "values": [0.1, 0.2]}
    assert design == js.grid({"a": np.float32([0.1, 0.2]), "m": ["x", "y"]})
    assert design != js.grid({"a": np.float32([0.1, 0.3]), "m": ["x", "y"]})


@pytest.mark.parametrize("method", ["random", "latin_hypercube", "sobol"])
def test_draws_lie_in_their_range_and_come_again(method, getkey):
    prior = {"a": js.uniform(-1, 3), "b": js.log_uniform(1e-3, 1e3)}
    key = getkey()
    one, same = (js.draws(prior, 200, key, method) for _ in range(2))
    other = js.draws(prior, 200, getkey(), method)
    assert one == same and one != other
    a, b = one.columns
    assert (a >= -1).all() and (a <= 3).all() and abs(a.mean() - 1) < 0.3
    assert (b >= 1e-3).all() and (b <= 1e3).all() and abs(np.log(b).mean()) < 1.5


def test_a_latin_hypercube_has_one_value_in_every_slice(getkey):
    design = js.draws({"a": js.uniform(0, 1)}, 50, getkey(), "latin_hypercube")
    assert sorted((design.columns[0] * 50).astype(int)) == list(range(50))


def test_sobol_points_fill_space_more_evenly_than_random_ones(getkey):
    from scipy.stats import qmc

    prior = {name: js.uniform(0, 1) for name in "abcd"}
    key = getkey()
    uneven = {}
    for method in ("random", "sobol", "latin_hypercube"):
        points = np.stack(js.draws(prior, 256, key, method).columns, axis=1)
        uneven[method] = qmc.discrepancy(points)
    assert uneven["sobol"] < uneven["latin_hypercube"] < uneven["random"]


def test_another_path_leaves_independent_draws_alone(getkey):
    key = getkey()
    one = js.draws({"a": js.uniform(0, 1)}, 20, key)
    two = js.draws({"b": js.normal(0, 1), "a": js.uniform(0, 1)}, 20, key)
    assert np.array_equal(one.columns[0], two.columns[1])


def test_a_normal_prior_has_its_mean_and_spread(getkey):
    design = js.draws({"a": js.normal(5.0, 2.0)}, 1024, getkey(), "sobol")
    assert abs(design.columns[0].mean() - 5) < 0.02
    assert abs(design.columns[0].std() - 2) < 0.05


def test_a_prior_may_give_a_value_per_node(getkey):
    design = js.draws({"a": js.uniform(0, 1, shape=(7,))}, 5, getkey())
    assert design.columns[0].shape == (5, 7)
    assert len(np.unique(design.columns[0])) == 35


def test_quantiles_agree_between_numpy_and_jax():
    u = np.linspace(0.01, 0.99, 9)
    for prior in (js.uniform(2, 5), js.log_uniform(2, 500), js.normal(1, 3)):
        ours = prior.quantile(jnp.asarray(u, jnp.float32))
        np.testing.assert_allclose(ours, prior.quantile(u), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "build, says",
    [
        (lambda: js.zipped({"a": [1, 2], "b": [1]}), "a has 2, b has 1"),
        (lambda: js.zipped({}), "names no path"),
        (lambda: js.grid({"a": []}), "a: the design has no values"),
        (lambda: js.grid({"a": 3.0}), r"For one value write \[3.0\]"),
        (lambda: js.grid({"a": "rk4"}), r"For one value write \['rk4'\]"),
        (lambda: js.grid({"a": [1, np.nan]}), r"a = nan in the design \(value 1\)"),
        (lambda: js.grid({"a": [np.ones(2), np.ones(3)]}), "differ in shape"),
        (lambda: js.grid({"a": [1]}) * js.grid({"a": [2]}), "'a' stands twice"),
        (lambda: js.uniform(2, 1), "the lower one first"),
        (lambda: js.log_uniform(0, 1), "both ends must be positive"),
        (lambda: js.normal(0, -1), "standard deviation positive"),
        (lambda: js.grid({"a": [1]}).repeated(0), "repeats = 0"),
    ],
)
def test_a_design_refuses(build, says):
    with pytest.raises((ValueError, TypeError), match=says):
        build()


def test_draws_refuse_what_is_no_prior(getkey):
    with pytest.raises(TypeError, match="a: a prior is js.uniform"):
        js.draws({"a": (0, 1)}, 3, getkey())
    with pytest.raises(ValueError, match="'sobolo' is not one of"):
        js.draws({"a": js.uniform(0, 1)}, 3, getkey(), "sobolo")
    with pytest.raises(TypeError, match="key must be a JAX random key"):
        js.draws({"a": js.uniform(0, 1)}, 3, 0)
    assert len(js.draws({"a": js.uniform(0, 1)}, 3, jax.random.key(0), "sobol")) == 3
