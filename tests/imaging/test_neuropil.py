"""Neuropil: the level, the size and the tempo that its parameters say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import testing
from jaxsim.imaging.neuropil import Neuropil, smooth_field
from jaxsim.imaging.recurrence import white_to_red
from tests.imaging.tissue import chain, scope


def glow(step, key, **size):
    """Light that the step adds, and what it makes."""
    names = ("render.movie", "movie", "trace", "bleaching")
    names += ("neuropil_spatial", "neuropil_temporal", "neuropil_population")
    found = js.simulate(chain(step, miniscope=scope(**size)), key, record=names)
    values = {n: np.asarray(found[n].values) for n in names}
    return values["movie"] - values["render.movie"], values


@pytest.mark.slow
def test_the_level_is_that_of_the_imaged_cells(getkey):
    key = getkey()
    planted, _ = glow(Neuropil(level="planted"), key)
    imaged, _ = glow(Neuropil(), key)
    mean_peak = 0.3 * (1 + 2 + 3) / 3  # of the places that hold a cell
    np.testing.assert_allclose(imaged, planted * mean_peak, rtol=1e-3, atol=1e-5)


def test_fields_have_mean_one_and_drift_around_the_amplitude(getkey):
    step = Neuropil(level="planted", population_coupling=0.0, temporal_tau_s=0.05)
    _, made = glow(step, getkey(), size=8, n_frames=2000)
    envelope = made["neuropil_temporal"] / (0.5 / 3)
    # 3 x 2000 frames, of which a memory of one leaves 0.46 independent
    assert envelope.mean() == pytest.approx(1.0, abs=3 * 0.417 / np.sqrt(2700))
    assert envelope.std() == pytest.approx(0.417, rel=0.1)


def test_a_field_on_the_canvas_has_mean_one(getkey):
    _, made = glow(Neuropil(spatial_sigma_um=5.0), getkey())
    np.testing.assert_allclose(made["neuropil_spatial"].mean((1, 2)), 1.0, rtol=1e-5)


def test_drift_is_an_ornstein_uhlenbeck_process(getkey):
    white = jax.random.normal(getkey(), (40_000, 1))
    x = np.asarray(white_to_red(jnp.exp(-1 / jnp.asarray([50.0])), white))[:, 0]
    assert abs(x.mean()) < 0.1
    assert x.std() == pytest.approx(1.0, rel=0.1)
    assert (x[1:] * x[:-1]).mean() / x.var() == pytest.approx(0.980, abs=0.005)


def test_a_smooth_field_has_unit_variance_and_the_width_asked(getkey):
    sigma = 3.0
    field = np.asarray(smooth_field(getkey(), (256, 256), jnp.asarray(sigma)))
    independent = 256**2 / (4 * np.pi * sigma**2)
    assert field.var() == pytest.approx(1.0, abs=4 * np.sqrt(2 / independent))
    # blurred white noise is correlated over sqrt(2) sigma
    lag = (field[:, 3:] * field[:, :-3]).mean() / field.var()
    assert lag == pytest.approx(np.exp(-9 / (4 * sigma**2)), abs=0.03)


def test_fully_coupled_neuropil_follows_the_crowd(getkey):
    _, made = glow(Neuropil(level="planted", population_coupling=1.0), getkey())
    crowd = made["neuropil_population"]
    assert crowd.mean() == pytest.approx(1.0, rel=1e-5)
    expected = np.repeat(crowd[:, None], 3, 1) * 0.5 / 3
    np.testing.assert_allclose(made["neuropil_temporal"], expected, rtol=1e-5)
    # one pole over the light of the three living cells
    light, keep, y = made["trace"][:, :3].sum(1), np.exp(-1 / 30), None
    slow = [y := v if y is None else keep * y + (1 - keep) * v for v in light]
    np.testing.assert_allclose(crowd, slow / np.mean(slow), rtol=1e-4)


def test_silent_cells_leave_the_drift_alone(getkey):
    key = getkey()
    silent = js.replace(chain(Neuropil(level="planted")), {"cells.level": 0.0})
    alone = chain(Neuropil(level="planted", population_coupling=0.0))
    a, b = (js.simulate(p, key)["neuropil_temporal"].values for p in (silent, alone))
    np.testing.assert_allclose(a, b, rtol=1e-6)


def test_neuropil_fades_with_the_cells(getkey):
    key = getkey()
    calm = Neuropil(level="planted", population_coupling=0.0)
    _, fresh = glow(calm, key)
    _, faded = glow(js.replace(calm, {"bleaches": True}), key)
    left = faded["bleaching"][:, :3].mean(1)
    expected = fresh["neuropil_temporal"] * left[:, None]
    np.testing.assert_allclose(faded["neuropil_temporal"], expected, rtol=1e-5)


def test_one_more_component_leaves_the_others_alone(getkey):
    key = getkey()
    two, three = (
        glow(Neuropil(n_components=n), key)[1]["neuropil_spatial"] for n in (2, 3)
    )
    np.testing.assert_allclose(two, three[:2], rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"level": "planted", "bleaches": True}])
def test_neuropil_keeps_the_contract(more):
    assert "gradients" in testing.check(Neuropil(**more), host=chain)
