"""Pictures of a fit (of anything with its fields)."""

import types

import numpy as np
import pytest

from jaxsim.plot import plot

from .look import main, rendered, words


@pytest.fixture
def fitted(make):
    losses = 2.0 ** -np.arange(10.0) * np.array([[3.0], [1.0], [2.0]])
    losses[2, 4:] = np.nan
    return types.SimpleNamespace(
        best=make.toy(gain=2.5),
        best_loss=float(losses[1, -1]),
        losses=losses,
        values={"gain": np.array([1.0, 2.5, 9.0])},
        best_losses=np.nanmin(losses, axis=1),
        status=np.array([1, 1, 2], np.uint8),
    )


def test_losses_fall_and_the_best_start_stands_out(fitted):
    figure = rendered(plot(fitted, floor=0.01))
    axes = main(figure)
    assert axes.get_yscale() == "log"
    assert "best, start 1" in words(figure) and "noise floor" in words(figure)
    assert "1 of 3 starts diverged" in axes.get_title(loc="left")


def test_values_stand_between_their_bounds(fitted):
    figure = rendered(plot(fitted, "values", truth={"gain": 2.0}))
    shown = words(figure)
    assert {"gain (mV)", "0", "10", "2.5", "log10 of the loss"} <= set(shown)
    dots = np.asarray(main(figure).collections[0].get_offsets())[:, 0]
    np.testing.assert_allclose(dots, [0.1, 0.25, 0.9])


def test_a_single_search_can_be_drawn(fitted):
    fitted.losses, fitted.best_losses = fitted.losses[:1], fitted.best_losses[:1]
    fitted.values = {"gain": np.array([[1.0, 2.0, 3.0]])}  # one number per node
    fitted.status = fitted.status[:1]
    rendered(plot(fitted))
    rendered(plot(fitted, "values"))
    with pytest.raises(ValueError, match="there are losses, values"):
        plot(fitted, "loss")
