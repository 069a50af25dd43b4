"""Sets of times, against masks over a fine grid."""

import jax
import numpy as np
import pytest

from jaxsim.data.intervals import complement, holds, intersection, length_s, union


GRID = np.arange(0, 100) + 0.5


def mask(rows):
    return ((GRID[:, None] >= rows[:, 0]) & (GRID[:, None] <= rows[:, 1])).any(1)


def drawn(key, n):
    starts = np.asarray(jax.random.randint(key, (n,), 0, 95))
    more = np.asarray(jax.random.randint(jax.random.fold_in(key, 1), (n,), 0, 9))
    return np.stack([starts, starts + more], 1).astype(float)


@pytest.mark.parametrize("n", [0, 1, 12])
def test_the_algebra_is_that_of_masks(n, getkey):
    one, other = drawn(getkey(), n), drawn(getkey(), 7)
    a, b = union(one), union(other)
    assert (mask(a) == mask(one)).all()
    assert (mask(intersection(a, b)) == (mask(a) & mask(b))).all()
    assert (mask(complement(a, 0, 100)) == ~mask(a)).all()
    assert length_s(complement(a, 0, 100)) == pytest.approx(100 - length_s(a))


def test_a_window_must_lie_in_one_row():
    rows = np.array([[0.0, 5.0], [5.5, 9.0]])
    first, last = np.array([0.0, 4.0, 6.0, 9.5]), np.array([5.0, 6.0, 9.0, 9.9])
    assert holds(rows, first, last).tolist() == [True, False, True, False]
