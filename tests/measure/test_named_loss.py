"""Losses asked for by name."""

import numpy as np
import pytest

from jaxsim import measure


P, Q = np.linspace(1, 2, 50), np.linspace(2, 1, 50)
FREQS = np.arange(50.0)


def test_every_listed_loss_can_be_built_and_called():
    for name in measure.list_losses():
        assert measure.build_loss(name)(P, Q, FREQS).shape == ()


def test_options_are_filled_in():
    loss = measure.build_loss("psd_mse", freq_range=(1, 10))
    expected = measure.psd_mse(P, Q, FREQS, freq_range=(1, 10))
    assert loss(P, Q, FREQS) == expected


def test_a_sum_tells_every_term():
    loss = measure.sum_of_losses(
        [
            "psd_mse",
            {"name": "log_psd_mse", "weight": 0.2},
            {"name": "weighted_psd_mse", "weight": 0.5, "cfg": {"roi_band": (8, 13)}},
            {"name": "psd_mse", "cfg": {"freq_range": (1, 9)}},
        ]
    )
    total, terms = loss(P, Q, FREQS)
    assert list(terms) == [
        "psd_mse",
        "log_psd_mse",
        "weighted_psd_mse",
        "psd_mse_2",
        "_total",
    ]
    np.testing.assert_allclose(
        terms["log_psd_mse"], 0.2 * measure.log_psd_mse(P, Q), rtol=1e-6
    )
    parts = [value for name, value in terms.items() if name != "_total"]
    np.testing.assert_allclose(total, sum(parts), rtol=1e-6)


def test_a_loss_of_your_own_takes_part(unhooked):
    def worst(psd, target_psd, freqs=None, **options):
        return np.abs(psd - target_psd).max()  # plain numpy is fine here

    measure.register_loss("worst_for_test", worst)
    measure.register_loss("worst_for_test", worst)  # twice the same is no clash
    total, _ = measure.sum_of_losses(["worst_for_test"])(P, Q)
    assert total == 1
    with pytest.raises(ValueError, match="is taken"):
        measure.register_loss("psd_mse", worst)
    with pytest.raises(TypeError, match="a function"):
        measure.register_loss("nonsense", 3)


def test_a_wrong_name_gets_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'log_psd_mse'"):
        measure.build_loss("log_psd_mze")
    with pytest.raises(ValueError, match="'wieght'"):
        measure.sum_of_losses([{"name": "psd_mse", "wieght": 2}])
    with pytest.raises(ValueError, match="has no name"):
        measure.sum_of_losses([{"weight": 2}])
    with pytest.raises(ValueError, match="one term or more"):
        measure.sum_of_losses([])
