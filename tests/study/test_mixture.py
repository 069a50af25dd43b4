"""Mixtures: each prior in its share of cases, whoever draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxsim as js
from tests.toys import ToyNodes


MIXED = js.mixture([js.normal(-1.0, 0.1), js.uniform(2.0, 4.0)], (1, 3))


def cdf(x):
    return 0.25 * stats.norm.cdf(x, -1.0, 0.1) + 0.75 * stats.uniform.cdf(x, 2.0, 2.0)


def test_a_mixture_has_the_distribution_of_its_parts_by_weight():
    levels = (np.arange(20000) + 0.5) / 20000
    assert stats.kstest(MIXED.quantile(levels), cdf).statistic < 1e-4
    low, high = MIXED.ends()
    assert low == pytest.approx(-1.475, abs=1e-3) and high == pytest.approx(4.0)


def test_random_numbers_of_jax_are_mixed_alike(getkey):
    levels = jax.random.uniform(getkey(), (20000,))
    values = np.asarray(MIXED.quantile(levels))
    assert stats.kstest(values, cdf).pvalue > 1e-3
    np.testing.assert_allclose(values, MIXED.quantile(np.asarray(levels)), atol=1e-4)
    ends = np.asarray(MIXED.quantile(jnp.asarray([0.0, 0.25, 1.0])))
    assert np.isfinite(ends).all()


def test_designs_and_streams_draw_from_mixtures(getkey):
    slab = js.mixture([js.choice([0.0]), js.log_uniform(0.1, 10.0)])
    design = js.draws({"level": slab}, 400, getkey(), method="latin_hypercube")
    assert (np.asarray(design.columns[0]) == 0.0).mean() == 0.5
    drawn = next(js.stream(ToyNodes(), {"level": slab}, getkey(), batch=400))
    values = np.asarray(drawn["level"].values)
    assert abs((values == 0.0).mean() - 0.5) < 4 * 0.5 / np.sqrt(400)
    assert values.max() <= 10.0 and values[values > 0].min() >= 0.1


def test_a_curriculum_inside_a_mixture_follows_the_number():
    moving = js.curriculum(js.uniform(0.0, 1.0), js.uniform(9.0, 10.0), 100)
    mixed = js.mixture([js.choice([-5.0]), moving])
    assert mixed.ends()[1] == pytest.approx(10.0)
    u = jnp.asarray([0.2, 0.75])
    first, last = (mixed.quantile_at(u, jnp.uint32(n)) for n in (0, 100))
    np.testing.assert_allclose(first, [-5.0, 0.5], rtol=1e-6)
    np.testing.assert_allclose(last, [-5.0, 9.5], rtol=1e-6)
    assert mixed.document()["parts"][1]["last"]["low"] == 9.0


@pytest.mark.parametrize(
    "parts, weights",
    [
        ([], None),
        ([js.uniform(0, 1)], (1, 2)),
        ([js.uniform(0, 1)], (0,)),
        ([js.uniform(0, 1), js.uniform(0, 1, (3,))], None),
    ],
)
def test_mixtures_that_are_none_are_refused(parts, weights):
    with pytest.raises(ValueError, match="mixture: "):
        js.mixture(parts, weights)
