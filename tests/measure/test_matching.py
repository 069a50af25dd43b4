"""Scores of cells found in a movie, on cases that can be worked out by hand."""

import numpy as np
import pytest

import jaxsim as js


m = js.measure


def squares(*corners, size=4, field=16):
    cells = np.zeros((len(corners), field, field))
    for cell, (y, x) in zip(cells, corners, strict=True):
        cell[y : y + size, x : x + size] = 1.0
    return cells


@pytest.mark.parametrize("metric", ["iou", "cosine", "weighted_jaccard"])
def test_identical_cells_match_wholly_and_disjoint_ones_not_at_all(metric):
    cells = squares((0, 0), (8, 8), (2, 10))
    same = m.match_footprints(cells[::-1], cells, metric=metric, energy_fraction=1.0)
    assert same.pairs[np.argsort(same.pairs[:, 0])].tolist() == [[0, 2], [1, 1], [2, 0]]
    assert same.mean_overlap == pytest.approx(1.0)
    assert same.recall() == same.precision() == same.f1() == 1.0
    other = m.match_footprints(squares((12, 0)), cells, metric=metric)
    assert len(other.pairs) == 0 and other.recall() == other.mean_overlap == 0.0


def test_overlap_of_two_shifted_squares_is_that_of_their_areas():
    one, other = squares((0, 0)), squares((0, 2))  # 8 pixels shared, 24 in either
    found = {
        metric: m.footprint_overlap(one, other, metric, 1.0)[0, 0]
        for metric in ("iou", "cosine", "weighted_jaccard")
    }
    assert found["iou"] == pytest.approx(8 / 24)
    assert found["weighted_jaccard"] == pytest.approx(8 / 24)
    assert found["cosine"] == pytest.approx(8 / 16)


def test_the_mask_keeps_the_fewest_pixels_that_hold_the_energy():
    cell = np.zeros((1, 1, 4))
    cell[0, 0] = [6.0, 3.0, 1.0, 0.0]
    half = np.zeros((1, 1, 4))
    half[0, 0] = [1.0, 1.0, 0.0, 0.0]
    assert m.footprint_overlap(cell, half, "iou", 0.9)[0, 0] == 1.0
    assert m.footprint_overlap(cell, half, "iou", 1.0)[0, 0] == pytest.approx(2 / 3)


def test_the_assignment_is_the_best_of_all_not_the_greedy_one():
    true = squares((0, 0), (0, 3))
    both = np.maximum(squares((0, 1)), 0)  # nearer to the first
    first = squares((1, 0))
    match = m.match_footprints(np.concatenate([both, first]), true, energy_fraction=1.0)
    assert dict(match.pairs.tolist()) == {0: 1, 1: 0}


def test_empty_sets_score_zero():
    nothing = np.zeros((0, 16, 16))
    match = m.match_footprints(nothing, squares((0, 0)))
    assert match.recall() == match.precision() == match.f1() == 0.0
    assert m.match_footprints(nothing, nothing).f1() == 0.0


def test_what_cannot_be_matched_is_said(unhooked):
    cells = squares((0, 0))
    with pytest.raises(ValueError, match="metric = 'iuo' is not one of iou"):
        m.match_footprints(cells, cells, metric="iuo")
    with pytest.raises(ValueError, match="energy_fraction = 0.0 must be"):
        m.match_footprints(cells, cells, energy_fraction=0.0)
    with pytest.raises(ValueError, match="crop or pad"):
        m.match_footprints(cells[:, :8], cells)
    with pytest.raises(ValueError, match="finite and not negative"):
        m.match_footprints(cells * np.nan, cells)
    with pytest.raises(ValueError, match=r"give \(unit, height, width\)"):
        m.match_footprints(cells[0], cells)


def test_a_trace_correlates_with_itself_and_not_with_a_constant():
    trace = np.sin(np.arange(50.0))[None]
    found = m.trace_correlation(
        np.concatenate([3 * trace + 1, trace * 0]), np.repeat(trace, 2, 0)
    )
    assert found[0] == pytest.approx(1.0) and np.isnan(found[1])


def test_each_spike_is_matched_once_within_the_tolerance():
    true, found = np.zeros((1, 30)), np.zeros((1, 30))
    true[0, [3, 10, 20]] = 1
    found[0, [4, 5, 11, 25]] = 1  # 4 and 5 both near 3, 25 near none
    assert m.spike_score(found, true) == (2 / 3, 2 / 4)
    assert m.spike_score(found, true, tolerance_frames=5) == (1.0, 3 / 4)


def test_activity_is_scored_up_to_a_factor():
    rng = np.random.default_rng(0)
    true = rng.poisson(0.3, (4, 200)).astype(float)
    found = m.activity_score(0.25 * true, true)
    assert found.correlation == pytest.approx(1.0)
    assert found.scale == pytest.approx(4.0)
    assert found.variance_explained == pytest.approx(1.0)
    assert m.activity_score(-true, true).scale == 0.0


def test_the_error_of_a_constant_offset_is_its_length_by_root_two():
    true = np.random.default_rng(0).normal(size=(40, 2))
    off = true + np.array([3.0, -4.0])
    assert m.shift_rmse(off, true, align=False) == pytest.approx(np.sqrt(25 / 2))
    assert m.shift_rmse(off, true) == pytest.approx(0.0, abs=1e-12)
    assert m.shift_rmse(-true, true, correction=True) == pytest.approx(0.0, abs=1e-12)


def test_fields_are_compared_up_to_scale_and_offset():
    field = np.random.default_rng(0).normal(size=(8, 9))
    assert m.field_correlation(2 * field + 1, field) == pytest.approx(1.0)
    assert np.isnan(m.field_correlation(np.ones((8, 9)), field))


def test_one_report_holds_all_that_both_have():
    rng = np.random.default_rng(0)
    true = {
        "footprint": squares((0, 0), (8, 8)),
        "trace": rng.normal(size=(2, 60)),
        "spikes": rng.poisson(0.2, (2, 60)),
        "shift": rng.normal(size=(60, 2)),
    }
    estimated = {name: values[::-1] for name, values in true.items()}
    estimated["shift"] = -true["shift"]
    report = m.score(estimated, true)
    assert report["recall"] == report["precision"] == report["f1"] == 1.0
    assert report["trace_correlation"] == pytest.approx(1.0)
    assert report["spike_recall"] == report["spike_precision"] == 1.0
    assert report["activity_scale"] == pytest.approx(1.0)
    assert report["shift_rmse"] == pytest.approx(0.0, abs=1e-12)
