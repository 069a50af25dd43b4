"""Positions on a clock are exact, whatever the rate and however long it has run."""

from fractions import Fraction

import numpy as np
import pytest

from jaxsim.data.clock import places, ratio_hz, ratio_s, seconds
from jaxsim.data.interpolate import window
from jaxsim.data.modality import Modality
from jaxsim.data.tracks import Rows


RATES = [7, 8, 20, Fraction(30000, 1001), 30, 1000]


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_a_clock_asked_at_its_own_rate_gives_its_own_indices(rate):
    rate = Fraction(rate)
    at = places(Fraction(0), rate, 10**6, Fraction(0), rate)
    assert (at.whole == np.arange(10**6)).all() and not at.part.any()


@pytest.mark.parametrize("rate", [*RATES, Fraction(2997, 100)], ids=str)
@pytest.mark.parametrize("interp", ["previous", "nearest", "linear"])
def test_a_million_samples_ten_hours_on_are_their_own_at_their_own_rate(rate, interp):
    n = 10**6
    index = np.arange(n, dtype=np.int32)
    if interp == "linear":
        index = index.astype(np.float64)
    track = Rows("index", index, n, (), index.dtype, Fraction(36_000), Fraction(rate))
    values, there = window(track, Modality(rate, n, interp=interp), Fraction(36_000))
    assert (values == index).all() and there.all()


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_windows_ten_hours_in_start_on_their_sample(rate):
    rate = Fraction(rate)
    k = int(36_000 * rate)
    at = places(k / rate, rate, 100, Fraction(0), rate)
    assert (at.whole == k + np.arange(100)).all() and not at.part.any()


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("asked", [Fraction(30000, 1001), Fraction(1984, 100)])
def test_positions_are_those_of_fractions(rate, asked):
    rate, offset = Fraction(rate), Fraction(-313, 1000)
    for start in (Fraction(0), Fraction(36_000) + Fraction(1, 7)):
        at = places(start + offset, asked, 50, Fraction(-5, 3), rate)
        for n in range(50):
            x = (start + offset + n / asked + Fraction(5, 3)) * rate
            assert at.whole[n] == x.__floor__()
            assert Fraction(int(at.part[n]), at.parts) == x - x.__floor__()


def test_ratios_beyond_64_bits_stay_exact():
    start, rate = Fraction(123_456_789, 999_999_937), Fraction(99_991, 99_989)
    at = places(start, Fraction(99_971, 99_961), 20, Fraction(1, 10**9 - 71), rate)
    for n in range(20):
        x = (start + n * Fraction(99_961, 99_971) - Fraction(1, 10**9 - 71)) * rate
        assert at.whole[n] == x.__floor__()


def test_a_rate_in_decimals_is_the_ratio_it_stands_for():
    assert ratio_hz(30000 / 1001) == Fraction(30000, 1001)
    assert ratio_hz(19.84) == Fraction(1984, 100)
    assert ratio_s(36_000 + 1 / 30) == 36_000 + Fraction(1, 30)


def test_times_are_the_nearest_floats():
    rate = Fraction(30000, 1001)
    times = seconds(Fraction(36_000), rate, 1000)
    exact = [float(36_000 + n / rate) for n in range(1000)]
    assert times.tolist() == exact
