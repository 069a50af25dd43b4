"""Fits: a toy's parameters come back, and what cannot be fitted is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxsim as js
from jaxsim.study.evaluator import Evaluator
from jaxsim.study.gradient import descend, spread_starts
from jaxsim.study.optimizers import quasi_newton
from tests.study.counting import compiled
from tests.study.toys import StudyLeaky, StudyPower


FREE = {"nodes.leak": (1.0, 60.0), "nodes.drive": (-50.0, 50.0)}
TRUTH = {"nodes.leak": 7.0, "nodes.drive": 30.0}


@pytest.fixture
def process():
    return js.Pipeline(nodes=StudyLeaky())


def distance(process, key, truth=None):
    """A loss: mean squared distance to the activity of another process."""
    there = js.replace(process, TRUTH if truth is None else truth)
    target = js.simulate(there, key)["activity"].values

    def loss(recording):
        return jnp.mean((recording["activity"].values - target) ** 2)

    return loss


def near(fitted, tolerance=0.02):
    for path, value in TRUTH.items():
        np.testing.assert_allclose(js.get(fitted.best, path), value, rtol=tolerance)


def test_descent_brings_parameters_back(process, getkey):
    key = getkey()
    fitted = js.fit(process, distance(process, key), FREE, key, n_updates=30)
    near(fitted)
    assert fitted.mode == "forward" and fitted.losses.shape == (8, 30)
    assert fitted.best_loss == fitted.losses.min() < 1e-3
    assert fitted.values["nodes.leak"].shape == (8,)
    assert fitted.status.tolist() == [1] * 8
    assert fitted.simulations == 8 * 30 * 3
    assert type(fitted.best) is type(process)
    assert js.get(process, "nodes.leak") == 20  # what was given stays
    assert "nodes.leak = 7.0" in repr(fitted)


@pytest.mark.slow
def test_another_noise_in_the_target_gives_the_values_nearly(process, getkey):
    process = js.replace(process, {"nodes.n_samples": 120, "nodes.sigma": 0.5})
    fitted = js.fit(process, distance(process, getkey()), FREE, getkey(), n_updates=30)
    near(fitted, tolerance=0.25)


def test_forward_and_reverse_gradients_agree(process, getkey):
    key, loss = getkey(), distance(process, getkey())
    slopes = []
    for mode in ("forward", "reverse"):
        evaluator = Evaluator(process, loss, FREE, key, mode=mode, n_keys=3)
        z = spread_starts(evaluator, 5, key)
        slopes.append(evaluator.value_and_grad(z))
    np.testing.assert_allclose(slopes[0][0], slopes[1][0], rtol=1e-5)
    np.testing.assert_allclose(slopes[0][1], slopes[1][1], rtol=1e-4, atol=1e-6)


def test_gradients_are_those_of_differences(process, getkey, x64):
    process = js.Pipeline(nodes=StudyLeaky())
    free = {**FREE, "nodes.gain": None, "nodes.offset": None}
    free["nodes.sigma"] = js.log_uniform(0.1, 10.0)
    evaluator = Evaluator(process, distance(process, getkey()), free, getkey())
    z = spread_starts(evaluator, 3, getkey())
    _, slopes = evaluator.value_and_grad(z)
    h = 1e-5
    for i in range(evaluator.space.n):
        step = h * np.eye(evaluator.space.n)[i]
        up, down = (evaluator(z + s, of="free") for s in (step, -step))
        np.testing.assert_allclose(slopes[:, i], (up - down) / (2 * h), rtol=1e-5)


def test_starts_begin_at_the_process_and_span_the_bounds(process, getkey):
    evaluator = Evaluator(process, distance(process, getkey()), FREE, getkey())
    z = spread_starts(evaluator, 8, getkey())
    points = evaluator.bounded(z, "free")
    np.testing.assert_allclose(points[0], [20.0, 10.0], rtol=1e-5)
    for column, (low, high) in zip(points[1:].T, FREE.values(), strict=True):
        quarters = np.floor((column - low) / (high - low) * 4).astype(int)
        assert set(quarters) == {0, 1, 2, 3}


def test_the_best_point_ever_seen_counts_not_the_last(process, getkey):
    key = getkey()
    wild = optax.sgd(200.0)  # jumps away from wherever it is
    loss = distance(process, key)
    fitted = js.fit(process, loss, FREE, key, optimizer=wild, n_updates=15, clip=None)
    again = Evaluator(fitted.best, loss, FREE, key)
    seen = again([[float(js.get(fitted.best, path)) for path in FREE]])[0]
    np.testing.assert_allclose(seen, fitted.best_loss, rtol=1e-3)
    finite = fitted.losses[np.isfinite(fitted.losses)]
    assert fitted.best_loss == finite.min() < fitted.losses[:, -1].max()


def test_the_gradient_norm_is_clipped_for_each_start(process, getkey):
    key = getkey()
    evaluator = Evaluator(process, distance(process, key), FREE, key)
    z = spread_starts(evaluator, 6, key)
    options = dict(optimizer=optax.sgd(1.0), n_updates=2)
    _, slopes = evaluator.value_and_grad(z)
    norms = np.linalg.norm(slopes, axis=1)
    assert (norms > 0.01).any()
    descend(evaluator, z, clip=0.01, **options)
    second = evaluator.value_and_grad(
        z - slopes * np.minimum(1, 0.01 / norms)[:, None].astype(np.float32)
    )[0]
    fitted = descend(evaluator, z, clip=0.01, **options)
    np.testing.assert_allclose(fitted.losses[:, 1], second, rtol=1e-4)


@pytest.mark.slow
def test_the_default_walk_turns_back_where_it_went_uphill():
    def loss(z):
        return jnp.sin(3 * z[0]) + 0.1 * z[0] ** 2 + 20 * (z[1] - z[0]) ** 2

    walk = quasi_newton()
    z = jnp.array([2.0, -1.0])
    state, seen = walk.init(z), []
    for _ in range(25):
        value, slope = jax.value_and_grad(loss)(z)
        with jax.numpy_dtype_promotion("standard"):
            step, state = walk.update(slope, state, z, value=value)
        seen.append(float(value))
        if value > min(seen):  # tried again nearer to the best point so far
            assert jnp.linalg.norm(z + step - state.z) < jnp.linalg.norm(z - state.z)
        z = z + step
    assert max(np.diff(seen)) > 0 and abs(jax.grad(loss)(state.z)).max() < 1e-3


def test_a_start_that_dies_freezes_and_the_others_go_on(process, getkey):
    process = js.replace(process, {"nodes.n_samples": 150, "nodes.leak": 100.0})
    key = getkey()
    loss = distance(process, key, {"nodes.growth": 90.0})
    free = {"nodes.growth": (0.0, 4e4)}
    evaluator = Evaluator(process, loss, free, key)
    tame, wild = evaluator.space.host([[60.0], [3.9e4]], "free")
    both = descend(evaluator, np.stack([tame, wild]), n_updates=10)
    alone = descend(evaluator, np.stack([tame, tame]), n_updates=10)
    assert both.status.tolist() == [1, 2]
    assert np.array_equal(both.losses[0], alone.losses[0])
    assert not np.isfinite(both.losses[1]).any()
    assert both.best_loss == alone.best_loss


def test_all_starts_dying_is_an_error_that_says_so(process, getkey):
    process = js.replace(process, {"nodes.n_samples": 150, "nodes.growth": 4e4})
    with pytest.raises(ValueError, match="is finite at no start"):
        js.fit(process, lambda r: r["activity"].values.sum(), "nodes.leak", getkey())
    with pytest.raises(ValueError, match="gave a finite loss"):
        js.fit(
            process, lambda r: r["activity"].values.sum(), {"nodes.drive": (90, 99)},
            getkey(), method="sobol", budget=4,
        )  # fmt: skip


def test_noise_is_common_unless_keys_are_fresh(process, getkey):
    evaluator = Evaluator(process, distance(process, getkey()), FREE, getkey())
    z = spread_starts(evaluator, 2, getkey())
    still = dict(optimizer=optax.sgd(0.0), n_updates=4)
    common = descend(evaluator, z, **still)
    assert (common.losses == common.losses[:, :1]).all()
    fresh = descend(evaluator, z, fresh_keys=True, **still)
    assert len(np.unique(fresh.losses[0])) == 4  # and judged on common noise:
    np.testing.assert_allclose(fresh.best_loss, common.losses[:, 0].min(), rtol=1e-5)


def test_noise_seeds_are_averaged(process, getkey):
    key, loss = getkey(), distance(process, getkey())
    one = [
        float(loss(js.simulate(process, jax.random.fold_in(key, i)))) for i in range(4)
    ]
    evaluator = Evaluator(process, loss, FREE, key, n_keys=4)
    np.testing.assert_allclose(evaluator([[20.0, 10.0]]), np.mean(one), rtol=1e-5)
    assert evaluator.simulations == 4
    single = Evaluator(process, loss, FREE, key)
    direct = float(loss(js.simulate(process, key)))
    np.testing.assert_allclose(single([[20.0, 10.0]]), direct, rtol=1e-5)


def test_an_evaluator_compiles_once_for_points_processes_and_keys(process, getkey):
    evaluator = Evaluator(process, distance(process, getkey()), FREE, getkey())
    points = np.random.default_rng(0).uniform(5, 40, (50, 2))
    first, values = compiled(lambda: evaluator(points))
    again, _ = compiled(lambda: evaluator(points[:40], getkey()))
    assert first["losses_at"] == 1 and "losses_at" not in again
    single = evaluator(points[7:8])
    np.testing.assert_allclose(single, values[7:8], rtol=1e-5)


def test_terms_of_a_weighted_loss_are_kept(process, getkey):
    key = getkey()
    loss = js.weighted(
        {
            "near": distance(process, key),
            "low": (0.5, lambda r: r["activity"].values.mean()),
        }
    )
    fitted = js.fit(process, loss, FREE, key, n_updates=5, starts=3)
    total = fitted.terms["near"] + 0.5 * fitted.terms["low"]
    np.testing.assert_allclose(total, fitted.losses, rtol=1e-5)
    assert fitted.terms["low"].shape == (3, 5)


def test_a_loss_may_change_its_surroundings_between_fits(process, getkey):
    key = getkey()
    around = {"target": 1.0}

    def loss(recording):
        return (recording["activity"].values.mean() - around["target"]) ** 2

    seen = []
    for target in (1.0, 3.0):
        around["target"] = target
        seen.append(Evaluator(process, loss, FREE, key)([[20.0, 10.0]])[0])
    assert seen[0] != seen[1]


@pytest.mark.slow
def test_arrays_over_nodes_and_weights_can_be_free(process, getkey):
    key = getkey()
    process = js.replace(process, {"nodes.drive": [10.0, 10.0]})
    loss = distance(process, key, {"nodes.drive": [30.0, -20.0]})
    fitted = js.fit(
        process, loss, {"nodes.drive": (-50, 50)}, key, starts=2, n_updates=30
    )
    np.testing.assert_allclose(js.get(fitted.best, "nodes.drive"), [30, -20], atol=0.5)
    loss = distance(process, key, {"nodes.weights": [[0.0, 3.0], [5.0, 0.0]]})
    free = {"nodes.weights": (-10, 10)}
    fitted = js.fit(process, loss, free, key, starts=3, few=0, n_updates=30)
    assert fitted.mode == "reverse" and fitted.best_loss < 1e-3


@pytest.mark.parametrize(
    "free, says",
    [
        (("nodes.leak", "nodes.unused"), "does not feel 'nodes.unused' .does nothing"),
        ("nodes.dt_s", "nodes.dt_s is static"),
        ("nodes.leek", "Did you mean 'leak'"),
    ],
)
def test_paths_without_gradient_are_refused_by_name(process, free, says, getkey):
    with pytest.raises(ValueError, match=says):
        js.fit(process, distance(process, getkey()), free, getkey())


@pytest.mark.parametrize(
    "loss, says",
    [
        (lambda r: r["activity"].values, "must return one number, got an array"),
        (lambda r: None, "must return one number, got NoneType"),
        (lambda r: np.asarray(r["activity"].values).mean(), "NumPy array"),
        (lambda r: float(r["activity"].values.mean()), "nevergrad:CMA"),
        (lambda r: 1.0 if r["activity"].values.mean() > 0 else 0.0, "Python number"),
        (lambda r: r["activty"].values.mean(), "Did you mean 'activity'"),
    ],
)
def test_losses_that_cannot_be_used_are_told(process, loss, says, getkey):
    with pytest.raises((ValueError, TypeError, KeyError), match=says):
        js.fit(process, loss, FREE, getkey())


def test_what_is_not_recorded_cannot_be_in_a_loss(getkey):
    process = js.Pipeline(nodes=StudyLeaky(), power=StudyPower())
    loss = lambda r: r["power"].values.mean()  # noqa: E731
    with pytest.raises(KeyError, match="has no 'power'"):
        js.fit(process, loss, "nodes.leak", getkey(), record=("activity",))


def test_a_diverged_run_counts_as_infinite(process, getkey):
    process = js.replace(process, {"nodes.n_samples": 150})
    loss = lambda r: jnp.zeros(())  # noqa: E731
    evaluator = Evaluator(process, loss, {"nodes.growth": (0.0, 5e4)}, getkey())
    assert evaluator([[0.0], [5e4]]).tolist() == [0.0, np.inf]


def test_the_mode_that_a_step_can_do_is_named(process, getkey):
    @jax.custom_vjp
    def one_way(x):
        return x

    one_way.defvjp(lambda x: (x, None), lambda _, slope: (slope,))

    def backwards_only(recording):
        return one_way(recording["activity"].values.mean())

    def forwards_only(recording):
        mean = recording["activity"].values.mean()
        return jax.lax.while_loop(lambda x: x > 100.0, lambda x: x - 1.0, mean)

    options = dict(n_updates=1, starts=2)
    with pytest.raises(ValueError, match="give mode='reverse'"):
        js.fit(process, backwards_only, FREE, getkey(), **options)
    with pytest.raises(ValueError, match="give mode='forward'"):
        js.fit(process, forwards_only, FREE, getkey(), mode="reverse", **options)
