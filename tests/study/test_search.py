"""Fits without gradients, and how sure a fit is."""

import sys

import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.study.ask_tell import search, searcher
from jaxsim.study.evaluator import Evaluator
from jaxsim.study.evolution import evolve
from tests.study.test_fit import FREE, distance, near
from tests.study.toys import StudyLeaky


@pytest.fixture
def process():
    return js.Pipeline(nodes=StudyLeaky())


def test_a_screen_and_its_polish_find_the_values(process, getkey):
    key = getkey()
    options = dict(method="screen", n_candidates=64, keep=4, n_updates=20)
    fitted = js.fit(process, distance(process, key), FREE, key, **options)
    near(fitted)
    seen = fitted.details["screen"]
    assert seen["points"].shape == (64, 2) and fitted.losses.shape == (4, 20)
    np.testing.assert_allclose(seen["points"][0], [20.0, 10.0], rtol=1e-5)
    best = np.sort(seen["losses"])[:4]
    np.testing.assert_allclose(fitted.losses[:, 0], best, rtol=2e-2)
    assert fitted.simulations == 64 + 4 * 20 * 3


def test_evolution_finds_the_values(process, getkey):
    key = getkey()
    evaluator = Evaluator(process, distance(process, key), FREE, key)
    fitted = evolve(evaluator, 32, 25, progress=lambda *a: None)
    near(fitted, tolerance=0.1)
    assert fitted.losses.shape == (32, 25)
    assert (np.diff(fitted.losses.min(0)) <= 0).all()  # never forgets the best
    assert fitted.simulations == 32 * 25
    again = evolve(evaluator, 32, 25, progress=lambda *a: None)
    assert np.array_equal(again.losses, fitted.losses)
    in_one = evolve(evaluator, 32, 25)
    np.testing.assert_allclose(in_one.losses[:, :9], fitted.losses[:, :9], rtol=1e-3)


@pytest.mark.slow
def test_evolution_and_screens_survive_runs_that_diverge(process, getkey):
    process = js.replace(process, {"nodes.n_samples": 150, "nodes.leak": 100.0})
    key = getkey()
    loss = distance(process, key, {"nodes.growth": 90.0})
    free = {"nodes.growth": (0.0, 4e4)}
    for method in ("evolution", "screen"):
        fitted = js.fit(
            process, loss, free, key, method=method, population=16, n_candidates=32,
            keep=8, n_updates=5, generations=5,
        )  # fmt: skip
        assert np.isfinite(fitted.best_loss)
        seen = fitted.details.get("screen", {"losses": fitted.losses[:, 0]})
        assert not np.isfinite(seen["losses"]).all()


@pytest.mark.slow
def test_searches_ask_and_tell(process, getkey):
    key = getkey()
    evaluator = Evaluator(process, distance(process, key), FREE, key)
    found = {}
    for method in ("cma", "nevergrad:CMA", "nevergrad:TwoPointsDE", "random", "sobol"):
        before = evaluator.simulations
        fitted = search(evaluator, method, 120, workers=8)
        assert evaluator.simulations - before == 120
        assert fitted.losses.shape == (1, 120)
        assert fitted.details["points"].shape == (120, 2)
        assert fitted.best_loss == fitted.losses.min()
        again = search(evaluator, method, 120, workers=8)
        assert np.array_equal(again.losses, fitted.losses), method
        found[method] = fitted.best_loss
    assert found["cma"] < 0.2 and found["nevergrad:CMA"] < 0.3
    assert max(found.values()) < 3.0


def test_losses_in_numpy_go_through_searches(process, getkey):
    from scipy.signal import welch

    key = getkey()
    truth = js.replace(process, {"nodes.leak": 7.0})
    target = np.asarray(js.simulate(truth, key)["activity"].values)

    def loss(recording):
        values = np.asarray(recording["activity"].values)
        assert values.shape == target.shape
        spectra = (welch(x, nperseg=20, axis=0)[1] for x in (values, target))
        return float(np.mean((np.log(next(spectra)) - np.log(next(spectra))) ** 2))

    free = {"nodes.leak": (1.0, 60.0)}
    fitted = js.fit(process, loss, free, key, method="cma", budget=60)
    np.testing.assert_allclose(js.get(fitted.best, "nodes.leak"), 7.0, rtol=0.05)
    assert fitted.mode == "host"
    averaged = js.fit(process, loss, free, key, method="sobol", budget=8, n_keys=2)
    assert averaged.losses.shape == (1, 4) and averaged.simulations == 8
    with pytest.raises(ValueError, match="js.measure has spectra"):
        js.fit(process, loss, free, key)


def test_a_search_can_be_driven_by_hand(process, getkey):
    key = getkey()
    evaluator = Evaluator(process, distance(process, key), FREE, key)
    hunt = searcher("cma", evaluator, 100, population=10)
    best = []
    for _ in range(8):
        points = hunt.ask()
        assert points.shape == (10, 2) and (points >= 0).all() and (points <= 1).all()
        losses = evaluator(points, of="unit")
        hunt.tell(points, losses)
        best.append(losses.min())
    assert min(best[4:]) < best[0]


def test_nevergrads_own_fault_is_survived(process, getkey, monkeypatch):
    key = getkey()
    evaluator = Evaluator(process, distance(process, key), FREE, key)
    hunt = searcher("nevergrad:NGOpt", evaluator, 60)

    def broken():
        raise TypeError("only 0-dimensional arrays can be converted")

    for _ in range(10):
        points = hunt.ask()
        hunt.tell(points, evaluator(points, of="unit"))
    monkeypatch.setattr(hunt.search, "ask", broken)
    with pytest.warns(RuntimeWarning, match="NGOpt failed after 10 evaluations"):
        points = hunt.ask()
    hunt.tell(points, evaluator(points, of="unit"))
    assert hunt.name == "CMA" and points.shape == (1, 2)


def test_searches_refuse(process, getkey, monkeypatch):
    key, loss = getkey(), distance(process, getkey())
    with pytest.raises(ValueError, match="nodes.gain has no two finite bounds"):
        js.fit(process, loss, "nodes.gain", key, method="evolution")
    with pytest.raises(ValueError, match="method = 'adam' is not one of"):
        js.fit(process, loss, FREE, key, method="adam")
    with pytest.raises(ValueError, match="nevergrad has no optimizer 'CMAA'"):
        js.fit(process, loss, FREE, key, method="nevergrad:CMAA")
    with pytest.raises(ValueError, match="less than one evaluation"):
        js.fit(process, loss, FREE, key, method="cma", budget=2, n_keys=4)
    monkeypatch.setitem(sys.modules, "cma", None)
    with pytest.raises(ImportError, match=r'pip install "jaxsim-neuro\[search\]"'):
        js.fit(process, loss, FREE, key, method="cma")


def test_the_noise_floor_is_the_loss_on_other_noise(process, getkey):
    loss, key = distance(process, getkey()), getkey()
    truth = js.replace(process, {"nodes.leak": 7.0, "nodes.drive": 30.0})
    floor = js.noise_floor(truth, loss, key, 12)
    import jax

    each = [
        float(loss(js.simulate(truth, jax.random.fold_in(key, i)))) for i in range(12)
    ]
    np.testing.assert_allclose(floor.losses, each, rtol=1e-4)
    assert floor.mean > 0 and floor.sd > 0 and "12 noise seeds" in repr(floor)
    assert js.noise_floor(process, loss, key, 4).mean > floor.mean


@pytest.mark.slow
def test_intervals_hold_the_truth_and_show_what_is_flat(process, getkey):
    process = js.replace(process, {"nodes.n_samples": 100})
    truth = {"nodes.leak": 7.0, "nodes.drive": 30.0}
    target = js.simulate(js.replace(process, truth), getkey())["activity"].values
    loss = lambda r: jnp.mean((r["activity"].values - target) ** 2)  # noqa: E731
    key = getkey()
    fitted = js.fit(process, loss, FREE, key, n_updates=30)
    widths = {}
    for method in ("laplace", "profile"):
        found = js.intervals(fitted, loss, FREE, key, method=method, n_updates=10)
        for path, value in truth.items():
            assert found.low[path] < value < found.high[path]
            assert found.low[path] < found.value[path] < found.high[path]
        widths[method] = found.high["nodes.leak"] - found.low["nodes.leak"]
        assert method in repr(found) and "nodes.leak" in repr(found)
    np.testing.assert_allclose(widths["laplace"], widths["profile"], rtol=0.6)

    # the mean alone tells no leak: the drive makes up for it
    mean = lambda r: (r["activity"].values.mean() - 3.0) ** 2  # noqa: E731
    flat = js.intervals(fitted, mean, FREE, key, delta=0.1)
    assert flat.high["nodes.leak"] - flat.low["nodes.leak"] > 3 * widths["laplace"]


def test_a_parabola_gives_the_interval_of_a_parabola(process, getkey):
    still = js.replace(process, {"nodes.mode": "none", "nodes.offset": 0.0})
    still = js.replace(still, {"nodes.drive": 0.0, "nodes.weights": np.zeros((2, 2))})
    base = js.simulate(still, getkey())["activity"].values
    loss = lambda r: jnp.mean((r["activity"].values - base) ** 2)  # noqa: E731
    found = js.intervals(still, loss, "nodes.offset", getkey(), delta=0.04)
    ends = float(found.low["nodes.offset"]), float(found.high["nodes.offset"])
    np.testing.assert_allclose(ends, (-0.2, 0.2), rtol=1e-3)  # offset^2 = delta
    with pytest.raises(ValueError, match="Give delta="):
        js.intervals(still, loss, "nodes.offset", getkey())
