"""Which runs teach, and which are tried on."""

import numpy as np
import pytest

from jaxsim import measure


# two heads, two noise levels, three runs of each: two to learn from
HEAD = np.repeat(["anna", "bert"], 6)
SNR = np.tile(np.repeat([0.0, 10.0], 3), 2)
TRAIN = np.tile([True, True, False], 4)
WANTED = np.linspace(0, 1, 41)
LEVELS = np.sort([*WANTED, 0.99, 0.999, 0.9999])  # curves that fall short reach 0.975

# each condition is wrong in its own way: empirical = nominal ** power
POWER = {("anna", 0.0): 0.5, ("anna", 10.0): 1.0, ("bert", 0.0): 2.0, ("bert", 10.0): 3}
CURVES = np.stack(
    [LEVELS ** POWER[h, s] for h, s in zip(HEAD.tolist(), SNR.tolist(), strict=True)]
)


def error(splits):
    """Largest deviation of every test run after recalibration, in order."""
    after = measure.recalibrated_splits(splits, LEVELS, CURVES, WANTED)
    assert np.isnan(after[TRAIN]).all()
    return np.abs(after[~TRAIN] - WANTED).max(axis=1)


def test_designs_never_learn_from_runs_that_they_are_tried_on():
    designs = [
        measure.uncalibrated_splits(TRAIN),
        measure.oracle_splits(TRAIN, head=HEAD, snr_db=SNR),
        measure.pooled_splits(TRAIN),
        measure.mismatch_splits(TRAIN, HEAD),
        measure.fixed_splits(TRAIN, SNR, 10.0),
    ]
    for splits in designs:
        tested = sum(split.test.astype(int) for split in splits)
        np.testing.assert_array_equal(tested, ~TRAIN)  # each test run once
        for split in splits:
            assert not (split.train & split.test).any()
            assert not (split.train & ~TRAIN).any()


def test_an_oracle_mends_every_condition_and_no_map_mends_none():
    oracle = measure.oracle_splits(TRAIN, head=HEAD, snr_db=SNR)
    assert [split.name for split in oracle][0] == "head anna, snr_db 0.0"
    assert error(oracle).max() < 0.02
    raw = error(measure.uncalibrated_splits(TRAIN))
    np.testing.assert_allclose(raw, [0.25, 0, 0.25, 0.385], atol=1e-3)


def test_a_map_from_other_heads_knows_only_them():
    first, second = measure.mismatch_splits(TRAIN, HEAD)
    assert set(HEAD[first.train]) == {"bert"} and set(HEAD[first.test]) == {"anna"}
    assert set(HEAD[second.train]) == {"anna"}
    # anna's curve is above the diagonal; bert's map widens her intervals all the more
    assert error([first, second])[0] > 0.25
    with pytest.raises(ValueError, match="all runs have head 'anna'"):
        measure.mismatch_splits(TRAIN[:6], HEAD[:6])


def test_a_map_of_one_noise_level_is_right_there_only():
    bert = HEAD == "bert"
    splits = measure.fixed_splits(TRAIN[bert], SNR[bert], 10.0)
    after = measure.recalibrated_splits(splits, LEVELS, CURVES[bert], WANTED)
    off = np.nanmax(np.abs(after - WANTED), axis=1, where=~np.isnan(after), initial=0)
    assert off[5] < 0.02 < 0.1 < off[2]
    with pytest.raises(ValueError, match="no training run has 5.0"):
        measure.fixed_splits(TRAIN, SNR, 5.0)


def test_one_map_for_all_is_taught_by_the_mean_curve():
    (pooled,) = measure.pooled_splits(TRAIN)
    maps = measure.fit_splits([pooled], LEVELS, CURVES)
    mean = CURVES[TRAIN].mean(axis=0)
    np.testing.assert_allclose(maps["pooled"].training_curve, mean, atol=1e-6)


def test_runs_without_active_sources_teach_nothing():
    curves = np.where(np.arange(12)[:, None] == 0, np.nan, CURVES)
    oracle = measure.oracle_splits(TRAIN, head=HEAD, snr_db=SNR)
    maps = measure.fit_splits(oracle, LEVELS, curves)
    np.testing.assert_allclose(
        maps["head anna, snr_db 0.0"].training_curve, LEVELS**0.5, atol=1e-6
    )
    with pytest.raises(ValueError, match="no training run has a whole"):
        measure.fit_splits(oracle, LEVELS, np.full_like(CURVES, np.nan))
    with pytest.raises(ValueError, match="some runs of both kinds"):
        measure.pooled_splits(np.ones(4, bool))
