"""minian, in its own interpreter, finds what is in the movies that we export."""

import statistics

import pytest

from benchmarks.clients import minian_client
from benchmarks.clients.minian_recovers import MOTION_PX, NEAR, REFERENCE
from benchmarks.clients.recordings import record, still, walking


SEEDS = range(4)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not minian_client.python_of(minian_client.MINIAN),
        reason=f"{minian_client.MINIAN} is not set. To install minian: "
        f"{minian_client.INSTALL}",
    ),
]


def test_minian_reads_every_pixel_and_its_motion_is_within_0_3_px(tmp_path):
    errors = []
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        truth = record(walking(seed), folder)
        errors.append(minian_client.find_motion(truth, folder)[0])
    assert statistics.median(errors) < MOTION_PX, errors


@pytest.mark.parametrize("photons", REFERENCE)
def test_minian_finds_our_cells_as_well_as_those_of_another_simulator(
    photons, tmp_path
):
    """The other is minisim; what minian reached on its recordings is written down."""
    scores = []
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        truth = record(still(photons, seed), folder)
        scores.append(minian_client.find_cells(truth, folder)[0])
    found = [statistics.median(column) for column in zip(*scores, strict=True)][:3]
    least = [score - NEAR for score in REFERENCE[photons]]
    missed = [f for f, low in zip(found, least, strict=True) if f < low]
    assert not missed, f"{found} against {least}: {scores}"
