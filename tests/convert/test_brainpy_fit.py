"""Fits of the BrainPy program: search spaces, losses, history."""

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.convert import brainpy_wendling as wendling
from jaxsim.measure import named_loss


SIM = {"dt_ms": 1.0, "duration_ms": 1000, "jit": True, "integrator": "rk4"}
OBJECTIVE = {
    "sim_cfg": SIM,
    "noise_cfg": {"p_sigma": 60.0},
    "psd_cfg": {"nperseg": 500, "freq_range": (1, 50), "roi": "mean"},
}


@pytest.fixture(scope="module")
def target():
    result = wendling.simulate(
        SIM, wendling.get_type_params("Type4"), noise_cfg={"seed": 7, "p_sigma": 60.0}
    )
    found = wendling.compute_psd(result.lfp, fs=1000.0, nperseg=500, roi="mean")
    return found.psd, found.freqs


@pytest.fixture
def register():
    """Losses that live for one test."""
    before = dict(named_loss._LOSSES)
    yield wendling.register_loss
    named_loss._LOSSES.clear()
    named_loss._LOSSES.update(before)


@pytest.mark.slow
def test_their_default_search_space_is_free_without_what_one_node_does_not_feel(target):
    found = wendling.problem({}, OBJECTIVE, *target)
    assert tuple(found.free) == tuple(f"model.{n}" for n in "ABGabg")
    assert type(found.free["model.g"]).__name__ == "LogUniform"
    assert type(found.free["model.A"]).__name__ == "Uniform"
    network_cfg = {"n_nodes": 2, "G_net": 1.0}
    cfg = {**OBJECTIVE, "network_cfg": network_cfg}
    assert "coupling.G" in wendling.problem({}, cfg, *target).free
    compatible = wendling.problem({}, OBJECTIVE, target[0], compat=True)
    assert "coupling.G" in compatible.free


def test_a_plain_dict_keeps_rates_by_ratios_and_fixed_values_are_fixed(target):
    opt = {
        "search_space": {"A": [2, 8], "g": [200, 1200]},
        "log_scale": ["g"],
        "fixed": {"B": 12.5},
    }
    found = wendling.problem(opt, OBJECTIVE, *target)
    assert type(found.free["model.g"]).__name__ == "LogUniform"
    assert float(js.get(found.process, "model.B")) == 12.5
    space = wendling.SearchSpace(bounds={"A": (2, 8)}, fixed={"G": 3.0})
    found = wendling.problem({"search_space": space}, OBJECTIVE, *target)
    assert float(js.get(found.process, "model.G")) == 3.0


def test_a_search_space_clips_and_samples():
    space = wendling.SearchSpace({"A": (2, 8), "g": (200, 1200)}, {"g"}, {"B": 9.0})
    point = space.sample_random(np.random.default_rng(0))
    assert 2 <= point["A"] <= 8 and 200 <= point["g"] <= 1200 and point["B"] == 9.0
    assert space.clip({"A": 9.0, "C": 1.0}) == {"A": 8.0, "C": 1.0}


@pytest.mark.slow
def test_a_search_tells_points_losses_and_terms(target):
    losses = [
        {"name": "psd_mse", "weight": 1.0, "cfg": {}},
        {"name": "log_psd_mse", "weight": 0.2, "cfg": {"epsilon": 1e-9}},
        {
            "name": "weighted_psd_mse", "weight": 0.5,
            "cfg": {"roi_band": (8, 13), "roi_weight": 10.0},
        },
    ]  # fmt: skip
    opt = {
        "budget": 12, "optimizer": "TwoPointsDE", "seed": 3,
        "search_space": {"A": (2.0, 8.0), "B": (3.0, 60.0)},
    }  # fmt: skip
    found = wendling.optimize(
        opt, {**OBJECTIVE, "losses": losses}, *target, verbose=False
    )
    assert len(found.history) == 12
    params, loss = min(found.history, key=lambda pair: pair[1])
    assert found.best_loss == loss
    assert found.best_params == pytest.approx(params)
    assert len(found.meta["loss_details"]) == 12
    for details, (_, loss) in zip(
        found.meta["loss_details"], found.history, strict=True
    ):
        total = (
            details["psd_mse"]
            + 0.2 * details["log_psd_mse"]
            + 0.5 * details["weighted_psd_mse"]
        )
        assert details["_total"] == pytest.approx(loss, rel=1e-5)
        assert total == pytest.approx(loss, rel=1e-4)


def test_a_loss_at_a_point_is_that_of_a_simulation_there(target):
    opt = {"budget": 3, "optimizer": "sobol", "search_space": {"B": (5.0, 40.0)}}
    cfg = {**OBJECTIVE, "noise_cfg": {"p_sigma": 60.0, "seed": 11}}
    found = wendling.optimize(opt, cfg, *target, verbose=False)
    params, loss = found.history[1]
    result = wendling.simulate(SIM, params, noise_cfg=cfg["noise_cfg"])
    psd = wendling.compute_psd(result.lfp, 1000.0, nperseg=500).psd[:, 0]
    freqs = target[1]
    inside = (freqs >= 1) & (freqs <= 50)
    expected = np.mean((psd[inside] - target[0][inside, 0]) ** 2)
    assert loss == pytest.approx(expected, rel=1e-4)


def test_the_same_fit_by_gradients_goes_through_js_fit(target):
    found = wendling.problem(
        {"search_space": {"A": (2.0, 8.0), "B": (5.0, 30.0)}},
        {**OBJECTIVE, "loss_name": "log_psd_mse"},
        *target,
    )
    fitted = js.fit(
        found.process, found.loss, found.free, found.key, starts=2, n_updates=3,
        progress=False,
    )  # fmt: skip
    assert fitted.best_loss <= fitted.losses[:, 0].min()
    assert set(fitted.terms) == {"log_psd_mse"}


def test_a_loss_of_ones_own_in_numpy_goes_to_searches_and_not_to_gradients(
    target, register
):
    def own(psd, target_psd, freqs=None, scale=1.0):
        return float(scale * np.abs(np.log(psd) - np.log(target_psd)).mean())

    register("own", own)
    cfg = {**OBJECTIVE, "loss_name": "own", "loss_cfg": {"scale": 2.0}}
    opt = {"budget": 4, "search_space": {"B": (5.0, 40.0)}, "seed": 0}
    found = wendling.optimize(
        {**opt, "optimizer": "random"}, cfg, *target, verbose=False
    )
    assert np.isfinite(found.best_loss) and found.fitted.mode == "host"
    with pytest.raises(ValueError, match="NumPy"):
        wendling.optimize({**opt, "optimizer": "gradient"}, cfg, *target, verbose=False)


def test_a_target_in_other_bins_is_interpolated(target):
    psd, freqs = target
    fine = np.linspace(0, 500, 3001)
    moved = np.interp(fine, freqs, psd[:, 0])
    opt = {"budget": 2, "optimizer": "sobol", "search_space": {"B": (5.0, 40.0)}}
    same = wendling.optimize(opt, OBJECTIVE, psd, freqs, verbose=False)
    other = wendling.optimize(opt, OBJECTIVE, moved, fine, verbose=False)
    assert other.best_loss == pytest.approx(same.best_loss, rel=1e-3)


def test_spectra_are_compared_in_all_bins_in_compatible_mode(target):
    opt = {"search_space": {"B": (5.0, 40.0)}}
    assert len(wendling.problem(opt, OBJECTIVE, *target).freqs) == 25
    everything = wendling.problem(opt, OBJECTIVE, target[0], compat=True).freqs
    assert len(everything) == 251


def test_the_seed_of_a_fit_is_that_of_its_noise(target):
    opt = {"search_space": {"B": (5.0, 40.0)}, "seed": 0}

    def noise_key(**more):
        return wendling.problem(opt, OBJECTIVE, target[0], **more).key

    assert (noise_key() == jax.random.key(0)).all()
    assert (noise_key(compat=True) == jax.random.key(42)).all()  # 0 was none there


def test_noise_of_a_compatible_fit_is_still_free(target):
    opt = {"search_space": {"p_sigma": (1.0, 50.0)}}
    for compat in (False, True):
        found = wendling.problem(opt, OBJECTIVE, target[0], compat=compat)
        (path,) = found.free
        assert float(js.get(found.process, path)) == pytest.approx(25.5)


@pytest.mark.slow
def test_a_network_is_fitted_at_its_mean_signal(target):
    cfg = {
        **OBJECTIVE,
        "network_cfg": {"W": [[0.0, 1.0], [1.0, 0.0]], "G_net": 1.0},
        "psd_cfg": {"nperseg": 500, "roi": "subset", "roi_nodes": [1]},
    }
    opt = {"budget": 2, "optimizer": "random", "search_space": {"G_net": (0.0, 5.0)}}
    found = wendling.optimize(opt, cfg, *target, verbose=False)
    assert set(found.best_params) == {"G_net"} and np.isfinite(found.best_loss)


@pytest.mark.parametrize(
    "opt, more, sentence",
    [
        ({"budgett": 5}, {}, "opt_cfg has no 'budgett'.*'budget'"),
        ({}, {"psd_cfg": {"npersg": 5}}, "psd_cfg has no 'npersg'.*'nperseg'"),
        ({}, {"psd_cfg": {"roi": "men"}}, "roi = 'men' is not one of.*'mean'"),
        ({}, {"psd_cfg": {"roi": "subset"}}, "needs roi_nodes"),
        ({}, {"psd_cfg": {"fs": 500.0}}, "fs = 500 Hz, but a step of 0.001 s gives"),
        ({}, {"loss_name": "log_mse"}, "no loss is called 'log_mse'.*'log_psd_mse'"),
        ({}, {"losses": []}, "losses is empty"),
        ({}, {"losses": [{"nam": "psd_mse"}]}, "a loss has no 'nam'"),
        ({"search_space": {"Z": (0, 1)}}, {}, "search space has no 'Z'"),
        ({"search_space": {"A": (1, 2, 3)}}, {}, r"A = \(1, 2, 3\) is not"),
        ({"search_space": {"G_net": (0, 1)}}, {}, "does nothing in a single node"),
        ({"search_space": {"A": (8, 2)}}, {}, "give the lower end first"),
        (
            {"search_space": {"bounds": {"A": (1, 2)}, "fixed": {"A": 1}}},
            {}, "A has bounds and a fixed value",
        ),
        ({"optimizer": "NGOptt", "budget": 1}, {}, "nevergrad has no optimizer"),
    ],
)  # fmt: skip
def test_what_a_fit_cannot_mean_is_refused_in_one_sentence(opt, more, sentence, target):
    with pytest.raises(ValueError, match=sentence):
        wendling.optimize(opt, {**OBJECTIVE, **more}, *target, verbose=False)


def test_a_fit_needs_a_target(target):
    with pytest.raises(ValueError, match="target_psd is required"):
        wendling.optimize({}, OBJECTIVE)
    with pytest.raises(ValueError, match="target_psd has 7 bins, the simulation 251"):
        wendling.optimize({}, OBJECTIVE, np.ones(7))


def test_spectra_and_parameters_are_kept_in_files(tmp_path, target):
    wendling.save_psd(target[1], target[0], tmp_path / "psd.npz")
    freqs, psd = wendling.load_psd(tmp_path / "psd.npz")
    np.testing.assert_array_equal(psd, target[0])
    wendling.save_params({"A": 3.5, "B": np.float32(2)}, tmp_path / "best.json")
    assert wendling.load_params(tmp_path / "best.json") == {"A": 3.5, "B": 2.0}
