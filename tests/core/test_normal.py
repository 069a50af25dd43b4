"""Pairs of normal numbers: their law, their independence, and what they depend on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy import stats

from jaxsim.core.normal import _of_turns, normal_pair
from jaxsim.core.threefry import threefry


def test_each_of_a_pair_is_standard_normal(getkey):
    for values in normal_pair(getkey(), (400, 500)):
        values = np.asarray(values).ravel()
        assert stats.kstest(values, "norm").pvalue > 1e-4
        four = 4 / np.sqrt(values.size)  # standard errors: 1, sqrt 2, sqrt 15, sqrt 96
        assert abs(values.mean()) < four
        assert abs(values.var() - 1) < four * np.sqrt(2)
        assert abs((values**3).mean()) < four * np.sqrt(15)
        assert abs((values**4).mean() - 3) < four * np.sqrt(96)


def test_the_two_and_their_neighbours_are_independent(getkey):
    one, other = (np.asarray(x) for x in normal_pair(getkey(), (300, 300)))
    four = 4 / np.sqrt(one.size)
    for a, b in (
        (one, other),
        (one**2, other**2),
        (one[1:], one[:-1]),
        (one[:, 1:], one[:, :-1]),
        (one[:, 1:] ** 2, other[:, :-1] ** 2),
    ):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < four


def test_the_tail_reaches_as_far_as_it_should(getkey):
    values = np.abs(np.concatenate(normal_pair(getkey(), (1000, 1000))).ravel())
    for bound in (3.0, 4.0):
        expected = 2 * stats.norm.sf(bound) * values.size
        assert abs((values > bound).sum() - expected) < 4 * np.sqrt(expected)
    assert values.max() < 5.9


def test_more_rows_and_columns_leave_the_others_alone(getkey):
    key = getkey()
    small, large = normal_pair(key, (3, 4)), normal_pair(key, (5, 9))
    for a, b in zip(small, large, strict=True):
        assert np.array_equal(a, b[:3, :4])


def test_another_key_gives_other_numbers(getkey):
    one, other = normal_pair(getkey(), (4, 4)), normal_pair(getkey(), (4, 4))
    assert not np.any(np.asarray(one) == np.asarray(other))


def test_float64_gives_the_same_numbers_and_finer_ones(x64, getkey):
    key = getkey()
    fine = np.asarray(normal_pair(key, (50, 50), jnp.float64))
    assert fine.dtype == np.float64
    assert (
        np.abs(fine - np.asarray(normal_pair(key, (50, 50), jnp.float32))).max() < 3e-6
    )


def test_the_words_are_those_of_the_generator_of_jax(getkey):
    key = getkey()
    row, column = (jax.lax.broadcasted_iota(jnp.uint32, (5, 70), i) for i in (0, 1))
    counter = jnp.concatenate([row.ravel(), column.ravel()])
    words = threefry_2x32(jax.random.bits(key, (2,), jnp.uint32), counter)
    ours = jnp.stack(threefry(key, row, column))
    np.testing.assert_array_equal(ours, words.reshape(2, 5, 70))


@pytest.mark.parametrize("n", [1, 97])
def test_sine_and_cosine_are_those_of_the_library(x64, n):
    turns = jnp.linspace(0.0, 1.0, 8 * n, endpoint=False)
    sine, cosine = _of_turns(turns)
    assert np.abs(sine - np.sin(2 * np.pi * np.asarray(turns))).max() < 2e-9
    assert np.abs(cosine - np.cos(2 * np.pi * np.asarray(turns))).max() < 2e-9
    assert jax.numpy.allclose(sine**2 + cosine**2, 1.0, atol=4e-9)
