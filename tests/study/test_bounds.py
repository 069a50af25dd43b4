"""Free numbers between their bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.study.bounds import space_of
from tests.study.toys import StudyLeaky


@pytest.fixture
def process():
    return StudyLeaky()


def walk(process, free, z):
    """Values of one free path at unbounded numbers."""
    space = space_of(process, free)
    z = jnp.asarray(z, jnp.result_type(float))
    return np.asarray(jax.vmap(lambda x: space.bounded(x[None], "free")[0])(z))


def test_the_start_is_the_process_and_the_map_inverts(process, x64):
    process = StudyLeaky()
    free = {
        "leak": None,
        "drive": (-50.0, 50.0),
        "gain": None,
        "offset": None,
        "sigma": js.log_uniform(0.1, 20.0),
    }
    space = space_of(process, free)
    kinds = [r.kind for r in space.ranges]
    assert kinds == ["log_interval", "interval", "above", "anywhere", "log_interval"]
    points = np.array([[20.0, 10.0, 1.0, 0.0, 1.0], [3.0, -7.0, 0.3, -4.0, 19.0]])
    z = space.host(points, "free")
    back = np.stack([np.asarray(space.bounded(jnp.asarray(row), "free")) for row in z])
    np.testing.assert_allclose(back, points, rtol=1e-10, atol=1e-12)
    given = np.concatenate([np.ravel(r.centre) for r in space.ranges])
    np.testing.assert_allclose(given, points[0])


@pytest.mark.parametrize("free", [{"leak": None}, {"drive": (3, 40)}, {"sigma": None}])
def test_no_number_leaves_its_bounds(process, free):
    values = walk(process, free, [-1e6, -50.0, -1.0, 0.0, 1.0, 50.0, 1e6])
    path, limits = next(iter(free.items()))
    low, high = limits or js.card(process, path).bounds
    assert (values >= np.float32(low)).all() and (values <= np.float32(high)).all()
    assert (np.diff(values) >= 0).all()
    js.replace(process, {path: values[0]})
    js.replace(process, {path: values[-1]})


def test_one_sided_bounds_hold_and_free_ones_scale(process):
    assert (walk(process, ("gain",), [-100.0, 0.0, 100.0]) >= 0).all()
    moved = walk(js.replace(process, {"offset": -50.0}), ("offset",), [0.0, 1.0])
    assert moved.tolist() == [-50.0, 0.0]  # a step of one moves by its own size


def test_wide_positive_bounds_are_walked_by_ratios(process):
    middle = walk(process, {"leak": (1.0, 10000.0 / 10)}, [0.0])[0]
    np.testing.assert_allclose(middle, np.sqrt(1000.0), rtol=1e-5)
    assert walk(process, {"leak": (10.0, 30.0)}, [0.0])[0] == 20.0
    by_ratio = walk(process, {"leak": js.log_uniform(10.0, 40.0)}, [0.0])[0]
    np.testing.assert_allclose(by_ratio, 20.0, rtol=1e-5)
    by_difference = walk(process, {"leak": js.uniform(1.0, 1999.0)}, [0.0])[0]
    np.testing.assert_allclose(by_difference, 1000.0, rtol=1e-5)


def test_arrays_over_nodes_are_many_numbers(process):
    process = js.replace(process, {"leak": [3.0, 5.0]})
    space = space_of(process, ("leak", "weights", "drive"))
    assert space.n == 7
    assert space.names[:3] == ("leak[0]", "leak[1]", "weights[0, 0]")
    values = space.values(jnp.arange(7.0))
    assert values["weights"].tolist() == [[2.0, 3.0], [4.0, 5.0]]
    assert space.flat(values).tolist() == list(range(7))


def test_paths_keep_the_order_in_which_they_were_given(process):
    space = space_of(process, ("sigma", "leak", "drive"))
    assert list(space.values(jnp.arange(3.0))) == ["sigma", "leak", "drive"]


@pytest.mark.parametrize(
    "free, says",
    [
        ("leek", "Did you mean 'leak'"),
        ((), "at least one free path"),
        ("dt_s", "dt_s is static"),
        ({"leak": (0, 1)}, r"outside \[0.1, 2000\]"),
        ({"leak": (5, 2)}, "the lower one first"),
        ({"leak": (1, np.inf)}, "must be finite"),
        ({"leak": 3}, r"limits are \(low, high\)"),
        ({"leak": js.normal(5, 1)}, "limits are"),
    ],
)
def test_free_paths_are_refused(process, free, says):
    with pytest.raises(ValueError, match=says):
        space_of(process, free)


def test_whole_numbers_are_no_free_path(process):
    counted = js.replace(process, {"weights": np.eye(2, dtype=int)})
    with pytest.raises(ValueError, match="weights holds int32 numbers"):
        space_of(counted, "weights")
