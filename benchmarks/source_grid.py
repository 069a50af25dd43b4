"""How fast is a grid of source estimates, and how far from the floor?

64 runs of gamma-MAP with sFLEX: 64 electrodes, 1000 places, 90 samples, 150 steps, four
signal to noise ratios, posteriors not kept. CaliBrain is run by its own Python, given
as JAXSIM_CALIBRAIN_PYTHON, by turns, in two processes of one BLAS thread each; without
it only ours are timed. The floor is the products of a step: 6 M^2 N operations for M
sensors and N places, at the rate of one large product.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp

from benchmarks.measuring import (
    ROOT,
    Effort,
    Own,
    Result,
    Table,
    Target,
    interleaved,
    say,
)
from benchmarks.source_grids import GRIDS, N_ALPHAS, run, write_leadfield


PYTHON = "JAXSIM_CALIBRAIN_PYTHON"
SCRIPT = Path(__file__).parent / "peers" / "calibrain_speed.py"
DTYPES = ("float32", "float64")
AT_LEAST = {"float32": 3.0, "float64": 1.5}  # times CaliBrain
AT_MOST_MB = 1000.0
N_SENSORS, N_STEPS = 64, GRIDS["solver_param_grid"]["max_iter"][0]


def measure(effort: Effort) -> Result:
    n_locations = effort.pick(1000, 60)
    nruns = effort.pick(int(os.environ.get("JAXSIM_GRID_RUNS", 16)), 1)
    n_runs = N_ALPHAS * nruns
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_leadfield(folder, n_locations)
        (folder / "grids.json").write_text(json.dumps(GRIDS))

        def ours(dtype: str) -> Callable[[int], object]:
            return lambda number: len(run(folder, dtype, nruns, number))

        calls = {f"jaxsim, {dtype}": ours(dtype) for dtype in DTYPES}
        if os.environ.get(PYTHON):
            calls["CaliBrain"] = lambda _: Own(theirs(folder, nruns)["seconds"])
        found = interleaved(calls, effort._replace(rounds=3, most_s=60.0))
        peaks = {} if effort.quick else {d: peak_mb(folder, d, nruns) for d in DTYPES}
    say(", ".join(f"{n} {t.median_s:.3g} s" for n, t in found.items()))
    rows = [
        [name, t.first_s, t.median_s, t.low_s, t.high_s, t.median_s / n_runs]
        for name, t in found.items()
    ]
    columns = ("program", "first", "median", "low", "high", "a run")
    tables = [Table(f"Seconds of {n_runs} runs", columns, rows)]
    targets, floors = [], []
    for dtype in DTYPES:
        mine = found[f"jaxsim, {dtype}"].median_s
        least = floor(dtype, n_locations, n_runs)
        floors.append([dtype, least, mine, mine / least, peaks.get(dtype)])
        if "CaliBrain" in found:
            ratio = found["CaliBrain"].median_s / mine
            told = f"{dtype}, times faster than CaliBrain"
            targets.append(Target(told, ratio, AT_LEAST[dtype], True))
        if dtype in peaks:
            told = f"{dtype}, peak memory"
            targets.append(Target(told, peaks[dtype], AT_MOST_MB, False, "MB"))
    columns = ("float type", "floor, s", "grid, s", "times the floor", "peak, MB")
    tables.append(Table("Distance from the floor", columns, floors))
    notes = [] if os.environ.get(PYTHON) else [f"CaliBrain was not run: set {PYTHON}."]
    return Result(tables, targets, notes)


def theirs(folder: Path, nruns: int) -> dict:
    command = [os.environ[PYTHON], str(SCRIPT), str(folder), str(folder / "grids.json")]
    command += [str(nruns), "2"]
    alone = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=alone
    )
    return json.loads(done.stdout.splitlines()[-1])


def floor(dtype: str, n_locations: int, n_runs: int) -> float:
    """Seconds of the operations alone, at the rate of one large product."""
    size = 1024
    with jax.enable_x64(dtype == "float64"):
        one = jax.random.normal(jax.random.key(0), (size, size), dtype)
        product = jax.jit(lambda a, b: jnp.matmul(a, b, precision="highest"))
        took = interleaved({"product": lambda _: product(one, one)}, Effort())
    rate = 2 * size**3 / took["product"].low_s
    return 6 * N_SENSORS**2 * n_locations * N_STEPS * n_runs / rate


def peak_mb(folder: Path, dtype: str, nruns: int) -> float:
    """Peak memory of one grid in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.source_grids", str(folder)]
    command += [dtype, str(nruns)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return float(json.loads(done.stdout.splitlines()[-1])["peak_mb"])
