"""Run benchmarks: `python -m benchmarks [NAME ...] [--quick] [--list] [--fill]`."""

import argparse
import importlib
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import report


NAMES = (
    "network_throughput",
    "sweep_scaling",
    "gradient_cost",
    "delayed_coupling",
    "compile_times",
    "movie_throughput",
    "movie_gradient",
    "chunk_throughput",
    "stream",
    "source_grid",
)
ON_REQUEST = ("wendling_fits",)  # half an hour: by name only
HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all by default")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to try it")
    parser.add_argument("--out", type=Path, help="folder of the results")
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("--fill", action="store_true", help="results into README.md")
    given = parser.parse_args()
    known = NAMES + ON_REQUEST
    if unknown := set(given.names) - set(known):
        parser.error(f"no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if given.list:
        for name in known:
            print(f"{name:<20} {question(name).splitlines()[0]}")
        return 0
    if given.fill:
        for page in (HERE / "README.md", HERE.parent / "docs" / "fitting.md"):
            report.fill(page, given.out or RESULTS)
        return 0
    out = given.out if given.out or given.quick else RESULTS  # quick keeps none
    names = given.names or NAMES
    if len(names) == 1:
        return one(names[0], given.quick, out)
    return max(apart(name, given.quick, out) for name in names)


def question(name: str) -> str:
    return (importlib.import_module(f"benchmarks.{name}").__doc__ or "").strip()


def apart(name: str, quick: bool, out: Path | None) -> int:
    """One benchmark in a process of its own: its failure is its own, its memory too."""
    words = [sys.executable, "-m", "benchmarks", name]
    words += ["--quick"] * quick + (["--out", str(out)] if out else [])
    return int(subprocess.run(words).returncode != 0)


def one(name: str, quick: bool, out: Path | None) -> int:
    """Run one, print what it found, and keep it."""
    from benchmarks.measuring import FULL, QUICK, as_document, say

    module, effort = importlib.import_module(f"benchmarks.{name}"), FULL
    effort = QUICK if quick else FULL
    say(f"== {name}: {question(name)}")
    began = time.perf_counter()
    result = module.measure(effort)
    took_s = time.perf_counter() - began
    for part in (*result.tables, *result.targets, *result.notes):
        say(f"\n{part}")
    say(f"\n{name} took {took_s:.0f} s\n")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        text = as_document(result, effort, question(name), took_s)
        (out / report.file_name(name)).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
