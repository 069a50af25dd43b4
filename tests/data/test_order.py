"""Shuffled orders: whole permutations, each item known by itself."""

import numpy as np
import pytest

from jaxsim.data.order import shuffled


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 65, 1000, 4097])
def test_every_item_comes_once(n):
    assert sorted(shuffled(np.arange(n), n, 0, 0)) == list(range(n))


def test_an_item_is_known_without_the_others():
    whole = shuffled(np.arange(1000), 1000, 5, 2)
    assert [int(shuffled(np.array([i]), 1000, 5, 2)[0]) for i in (0, 371, 999)] == [
        whole[0],
        whole[371],
        whole[999],
    ]


def test_seeds_and_epochs_give_other_orders():
    orders = [shuffled(np.arange(500), 500, s, e) for s in (0, 1) for e in (0, 1)]
    for i, one in enumerate(orders):
        for other in orders[:i]:
            assert (one == other).mean() < 0.03


def test_an_order_looks_random():
    n = 10_000
    order = shuffled(np.arange(n), n, 3, 0)
    assert abs(np.corrcoef(np.arange(n), order)[0, 1]) < 0.04
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.04
    counts = np.bincount(order[:1000] // 1000, minlength=10)
    assert (np.abs(counts - 100) < 45).all()  # 4.7 standard deviations
