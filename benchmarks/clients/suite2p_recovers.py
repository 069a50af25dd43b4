"""Does suite2p read what jaxsim exports as TIFF, and find the cells in it?

    JAXSIM_SUITE2P_PYTHON=... python -m benchmarks.clients.suite2p_recovers [--seeds 3]

The recordings are those that minian gets (`recordings.py`); suite2p runs with its own
settings. Cells are counted as found when masks overlap with an IoU of 0.3. Writes
results/suite2p_recovers.json.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.clients.minian_client import python_of
from benchmarks.clients.recordings import still
from benchmarks.clients.suite2p_client import INSTALL, SUITE2P, Found, find_cells
from benchmarks.measuring import FULL, Result, Table, Target, as_document, say


# recall and precision, 0.1 below the worst of three seeds when this was written; where
# 5 to 8 % of all pixels saturate (1500), suite2p takes pieces of cells for cells
LEAST = {1500.0: (0.67, 0.46), 600.0: (0.79, 0.68)}
RESULTS = Path(__file__).parents[1] / "results"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    if not python_of(SUITE2P):
        parser.error(INSTALL)
    began = time.perf_counter()
    result = measure(range(given.seeds))
    took_s = time.perf_counter() - began
    for part in (*result.tables, *result.targets, *result.notes):
        say(f"\n{part}")
    text = as_document(result, FULL, (__doc__ or "").split("\n")[0], took_s)
    (RESULTS / "suite2p_recovers.json").write_text(text + "\n", encoding="utf-8")
    return int(not all(target.met for target in result.targets))


def measure(seeds: range) -> Result:
    """One recording after the other."""
    found, versions = {}, {}
    for photons in LEAST:
        for seed in seeds:
            with tempfile.TemporaryDirectory() as place:
                scores, theirs = find_cells(still(photons, seed), Path(place))
            say(f"{photons:g} photons, seed {seed}: {scores}")
            found[photons, seed] = scores
            versions |= theirs
    return summed(found, versions)


def summed(found: dict[tuple[float, int], Found], versions: dict[str, str]) -> Result:
    """A table, and what was promised of the medians over seeds."""
    targets = []
    for photons, least in LEAST.items():
        scores = [one for (p, _), one in found.items() if p == photons]
        for name, low in zip(("recall", "precision"), least, strict=True):
            middle = statistics.median(getattr(one, name) for one in scores)
            targets.append(Target(f"{name} at {photons:g} photons", middle, low, True))
    rows = [[*job, *scores] for job, scores in found.items()]
    table = Table("cells", ("photons", "seed", *Found._fields), rows)
    notes = [", ".join(f"{name} {version}" for name, version in versions.items())]
    return Result([table], targets, notes)


if __name__ == "__main__":
    sys.exit(main())
