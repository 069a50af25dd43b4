"""Does minian recover the truth from what jaxsim exports, as well as from minisim's?

    JAXSIM_MINIAN_PYTHON=... [JAXSIM_MINISIM_PYTHON=...]
        python -m benchmarks.clients.minian_recovers [--seeds 4] [--at-once 1]

Recordings of equal parameters (`recordings.py`) go to minian as AVI files; its cells
and its motion are held against the truth. Writes results/minian_recovers.json.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.clients import minian_client
from benchmarks.clients.minian_client import Cells, find_cells, find_motion
from benchmarks.clients.recordings import Truth, Wanted, record, still, walking
from benchmarks.measuring import FULL, Result, Table, Target, as_document, say


PHOTONS = (1500.0, 600.0)
# recall, precision and IoU that minian reached on minisim's recordings
REFERENCE = {1500.0: (0.77, 0.81, 0.73), 600.0: (0.94, 0.84, 0.84)}
NEAR = 0.1
MOTION_PX = 0.3
NAMES = ("recall", "precision", "mean IoU")
RESULTS = Path(__file__).parents[1] / "results"

Maker = Callable[[Wanted, Path], Truth]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--at-once", type=int, default=1, help="recordings at a time")
    given = parser.parse_args()
    if not minian_client.python_of(minian_client.MINIAN):
        parser.error(minian_client.INSTALL)
    began = time.perf_counter()
    result = measure(range(given.seeds), given.at_once)
    took_s = time.perf_counter() - began
    for part in (*result.tables, *result.targets, *result.notes):
        say(f"\n{part}")
    text = as_document(result, FULL, (__doc__ or "").split("\n")[0], took_s)
    (RESULTS / "minian_recovers.json").write_text(text + "\n", encoding="utf-8")
    return int(not all(target.met for target in result.targets))


def makers() -> dict[str, Maker]:
    """Who records: jaxsim, and minisim where it is installed."""
    both: dict[str, Maker] = {"jaxsim": record}
    if minian_client.python_of(minian_client.MINISIM):
        both["minisim"] = minian_client.minisim_record
    return both


def measure(seeds: range, at_once: int) -> Result:
    """All recordings, a few at a time, with a table of every one and of the medians."""
    jobs = [
        (who, photons, seed)
        for seed in seeds
        for photons in (*PHOTONS, None)
        for who in makers()
    ]
    versions: dict[str, str] = {}

    def one(job: tuple[str, float | None, int]) -> Any:
        who, photons, seed = job
        wanted = walking(seed) if photons is None else still(photons, seed)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "movie"
            truth = makers()[who](wanted, folder)
            find = find_motion if photons is None else find_cells
            found, theirs = find(truth, folder)
        versions.update(truth.versions | theirs)
        say(f"{who}, {photons} photons, seed {seed}: {found}")
        return found

    with ThreadPoolExecutor(at_once) as pool:
        found = dict(zip(jobs, pool.map(one, jobs), strict=True))
    return summed(found, versions)


def summed(found: dict[Any, Any], versions: dict[str, str]) -> Result:
    """Tables, and what was promised."""
    cells, motion, medians, targets = [], [], [], []
    for (who, photons, seed), value in found.items():
        if photons is None:
            motion.append([who, seed, value])
        else:
            cells.append([who, photons, seed, *value])
    for photons in PHOTONS:
        for who in makers():
            middle = median(found, who, photons)
            medians.append([who, photons, *middle])
        ours, theirs = median(found, "jaxsim", photons), REFERENCE[photons]
        if "minisim" in makers():
            theirs = median(found, "minisim", photons)[:3]
        for name, mine, other in zip(NAMES, ours, theirs, strict=False):
            what = f"{name} at {photons:g} photons, against {other:.3g}"
            targets.append(Target(what, mine, other - NEAR, True))
    error = statistics.median(v for w, _, v in motion if w == "jaxsim")
    targets.append(Target("error of the motion", error, MOTION_PX, False, "px"))
    tables = [
        Table("medians over seeds", ("of", "photons", *Cells._fields), medians),
        Table("cells", ("of", "photons", "seed", *Cells._fields), cells),
        Table("motion", ("of", "seed", "RMSE, px"), motion),
    ]
    notes = [", ".join(f"{name} {version}" for name, version in versions.items())]
    return Result(tables, targets, notes)


def median(found: dict[Any, Any], who: str, photons: float) -> list[float]:
    """Of every score, over the seeds."""
    rows = [v for (w, p, _), v in found.items() if w == who and p == photons]
    return [statistics.median(column) for column in zip(*rows, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
