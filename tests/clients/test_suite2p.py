"""suite2p, in its own interpreter, reads our TIFF and finds the cells in it."""

import statistics

import pytest

from benchmarks.clients import suite2p_client
from benchmarks.clients.minian_client import python_of
from benchmarks.clients.recordings import still
from benchmarks.clients.suite2p_recovers import LEAST


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not python_of(suite2p_client.SUITE2P),
        reason=f"{suite2p_client.SUITE2P} is not set. To install suite2p: "
        f"{suite2p_client.INSTALL}",
    ),
]


@pytest.mark.parametrize("photons", LEAST)
def test_suite2p_reads_every_pixel_and_finds_the_cells_that_can_be_seen(
    photons, tmp_path
):
    """That what it read is what was written is asserted for every recording."""
    scores = []
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        scores.append(suite2p_client.find_cells(still(photons, seed), folder)[0])
    recall, precision = LEAST[photons]
    assert statistics.median(one.recall for one in scores) > recall, scores
    assert statistics.median(one.precision for one in scores) > precision, scores
