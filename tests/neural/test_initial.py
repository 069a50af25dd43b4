"""Initial conditions: rest, given, random."""

import numpy as np
import pytest

import jaxsim as js


def first_state(initial, key, n=2):
    """State after a tick so short that nothing moved."""
    net = js.Network(
        model=js.Wendling(),
        connectome=js.Connectome(weights=np.zeros((n, n))),
        noise=js.NoNoise(),
        initial=initial,
        dt_s=1e-9,
        duration_s=1e-9,
        variables=js.Wendling.variables,
    )
    return np.asarray(js.simulate(net, key)["states"].values)[0]


def test_rest_is_zero(getkey):
    assert np.allclose(first_state(js.RestState(), getkey()), 0.0, atol=1e-3)


def test_given_values_are_taken_by_name_for_all_nodes_or_each(getkey):
    y = first_state(js.GivenState(names=("y1", "y3"), values=(4.0, 2.0)), getkey())
    assert np.allclose(y[1], 4.0, atol=1e-4) and np.allclose(y[3], 2.0, atol=1e-4)
    assert np.allclose(y[[0, 2, 4]], 0.0, atol=1e-4)
    y = first_state(js.GivenState(names=("y1",), values=[[4.0, 5.0]]), getkey())
    assert np.allclose(y[1], [4.0, 5.0], atol=1e-4)


def test_y2_and_y4_must_be_the_one_filter_that_they_are(getkey):
    y = first_state(js.GivenState(names=("y2",), values=(3.375,)), getkey())
    assert np.allclose(y[4], 0.1, atol=1e-5) and np.allclose(y[2], 3.375, atol=1e-4)
    both = js.GivenState(names=("y2", "y4"), values=(3.375, 0.1))
    assert np.allclose(first_state(both, getkey())[2], 3.375, atol=1e-4)
    with pytest.raises(ValueError, match="y2 must be C4 C = 33.75 times y4"):
        first_state(js.GivenState(names=("y2", "y4"), values=(3.0, 0.1)), getkey())


def test_unknown_names_and_wrong_shapes_are_refused(getkey):
    with pytest.raises(ValueError, match="Wendling has no variable 'y11'"):
        first_state(js.GivenState(names=("y11",), values=(0.0,)), getkey())
    with pytest.raises(ValueError, match="3 columns; the network has 2"):
        first_state(js.GivenState(names=("y1",), values=[[4.0, 5.0, 6.0]]), getkey())
    with pytest.raises(ValueError, match="one row per name"):
        js.GivenState(names=("y0", "y1"), values=(0.0,))
    with pytest.raises(ValueError, match="not finite"):
        js.GivenState(names=("y0",), values=(np.nan,))


def test_random_starts_are_uniform_within_the_spread_of_the_model(getkey):
    y = first_state(js.RandomState(), getkey(), n=400)
    for i, width in enumerate([0.5, 0.5, 0.5, 0.5, 0.5 / 33.75] + [0.1] * 5):
        width = width / 33.75 if i == 9 else width
        drift = 1e-3 if i < 5 else 0.02  # derivatives moved a little within the tick
        assert abs(y[i]).max() < width + drift
        assert abs(y[i].std() - width / np.sqrt(3)) < 0.1 * width + drift
    assert abs(np.corrcoef(y[[0, 1, 3, 4]])[np.triu_indices(4, 1)]).max() < 0.2
    wide = first_state(js.RandomState(scale=3.0), getkey(), n=400)
    assert 1.3 < abs(wide[0]).max() < 1.51


def test_random_starts_follow_the_key_and_not_the_number_of_nodes(getkey):
    key = getkey()
    few, many = (
        first_state(js.RandomState(), key, 3),
        first_state(js.RandomState(), key, 7),
    )
    assert (few == many[:, :3]).all()
    assert not (few == first_state(js.RandomState(), getkey(), 3)).all()
