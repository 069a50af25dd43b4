"""Poisson numbers: their law, cumulant by cumulant and count by count."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from jaxsim.core.normal import normal_pair
from jaxsim.imaging.poisson import FEW, poisson, relaxed_poisson


RATES = (0.05, 0.5, 2.0, 2.99, 3.0, 5.0, 8.0, 12.0, 20.0, 100.0, 1e3, 1e5)
N = 1_000_000

draw = jax.jit(poisson)
normals = jax.jit(lambda key, side: normal_pair(key, (side, side)), static_argnums=1)


def law(rate, n=2_000_001):
    """The probability of each count, by quadrature over the normal; no sampling."""
    w = np.linspace(-6.0, 6.0, n)
    edges = np.r_[-40.0, (w[1:] + w[:-1]) / 2, 40.0]
    with jax.enable_x64(True):
        counts = np.asarray(draw(jnp.full(n, rate, float), jnp.asarray(w))).astype(int)
    least = counts.min()
    p = np.bincount(counts - least, weights=np.diff(special.ndtr(edges)))
    return np.arange(least, least + len(p)), p


@pytest.mark.parametrize(
    "rate, most",
    [
        (0.05, 1e-5),
        (0.5, 1e-5),
        (2.0, 1e-5),
        (2.99, 1e-5),
        (3.0, 6e-4),
        (4.0, 2e-4),
        (5.0, 1e-4),
        (8.0, 4e-5),
        (20.0, 4e-5),
        (100.0, 4e-5),
        (1000.0, 4e-5),
    ],
)
def test_the_law_has_the_total_variation_that_is_promised(rate, most):
    counts, p = law(rate)
    exact = stats.poisson.pmf(counts, rate)
    assert 0.5 * (np.abs(p - exact).sum() + 1.0 - exact.sum()) < most


@pytest.mark.parametrize("rate", RATES)
def test_mean_variance_and_skewness_of_draws_in_float32(rate):
    normal, _ = normals(jax.random.key(11), 1000)
    x = np.asarray(draw(jnp.full((1000, 1000), rate), normal), np.float64).ravel()
    assert np.array_equal(x, np.round(x)) and x.min() >= 0
    # four standard errors of each, from the cumulants of Poisson
    assert abs(x.mean() - rate) < 4 * np.sqrt(rate / N)
    fourth = 3 * rate**2 + rate
    assert abs(x.var() - rate) < 4 * np.sqrt((fourth - rate**2) / N)
    spread = np.sqrt(6.0 / N) * (1 + 3.0 / np.sqrt(rate)) ** 2
    assert abs(stats.skew(x) - rate**-0.5) < 4 * spread


@pytest.mark.parametrize("rate", [0.5, 5.0, 20.0])
def test_draws_in_float32_come_as_often_as_they_should(rate):
    normal, _ = normals(jax.random.key(11), 1000)
    x = np.asarray(draw(jnp.full((1000, 1000), rate), normal)).astype(int).ravel()
    counts = np.arange(x.max() + 1)
    exact = stats.poisson.pmf(counts, rate)
    seen = np.bincount(x) / N
    # the total variation of N true draws is about sum sqrt(p / N) * 0.4
    assert 0.5 * np.abs(seen - exact).sum() < 2 * 0.4 * np.sqrt(exact / N).sum()


def test_no_light_no_photons():
    normal, _ = normals(jax.random.key(1), 300)
    assert not np.asarray(draw(jnp.zeros((300, 300)), normal)).any()


def test_dim_and_bright_pixels_do_not_disturb_each_other(getkey):
    normal, _ = normals(getkey(), 300)
    rate = jnp.linspace(0.1, 40.0, 90_000).reshape(300, 300)
    together = draw(rate, normal)
    bright = draw(jnp.maximum(rate, FEW), normal)
    assert np.array_equal(together[rate >= FEW], bright[rate >= FEW])


def test_counts_grow_with_the_rate():
    """One normal, all rates: so a common draw shows what a parameter changes."""
    rate = jnp.asarray(np.geomspace(0.01, 300.0, 2000))
    for w in (-2.5, -1.0, 0.0, 0.7, 3.0):
        counts = np.asarray(draw(rate, jnp.full(2000, w)))
        assert (np.diff(counts) >= -1.0).all()  # at most a seam at 8 photons
        assert (np.diff(counts) < 0).sum() <= 1


@pytest.mark.parametrize("rate", [0.0, 0.5, 3.0, 30.0, 1e3])
def test_relaxed_numbers_have_mean_and_variance(x64, rate):
    w, weight = np.polynomial.hermite_e.hermegauss(20)
    weight = weight / weight.sum()
    x = np.asarray(relaxed_poisson(jnp.full(20, rate), jnp.asarray(w)))
    mean = weight @ x
    assert np.isclose(mean, rate, atol=1e-9)
    assert abs(weight @ (x - mean) ** 2 - rate) < 0.07
    if rate > 1:  # a leaner lean below 0.1 photons, and the cube of the lean
        skew = weight @ (x - mean) ** 3 / rate**1.5
        assert np.isclose(skew, rate**-0.5, rtol=0.1 / rate + 0.01)


def test_relaxed_numbers_lie_within_a_count_of_the_whole_ones(getkey):
    normal, _ = normals(getkey(), 300)
    rate = jnp.full((300, 300), 30.0)
    gap = jax.jit(relaxed_poisson)(rate, normal) - draw(rate, normal)
    assert np.abs(np.asarray(gap)).max() < 1.1


def test_the_relaxed_slope_is_the_pathwise_one(x64):
    value = jax.jit(jax.vmap(relaxed_poisson, (0, None)))
    slope = jax.jit(jax.vmap(jax.grad(relaxed_poisson), (0, None)))
    rate = jnp.asarray([0.0, 0.3, 4.0, 50.0])
    for w in (-2.0, 0.4, 1.7):
        h, w = 1e-6, jnp.asarray(w)
        up, down = (value(rate + s * h, w) for s in (1, -1))
        assert np.allclose(slope(rate, w), (up - down) / (2 * h), rtol=1e-5)
