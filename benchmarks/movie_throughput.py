"""How much faster than minisim are movies made, and how far from the floor?

Miniscope V4 x CA1 (608 x 608, 600 frames), a small movie (128 x 128, 600 frames), and a
sweep of 16 small movies of 200 frames; every step on, 8 bits. minisim is run by its own
Python, given as JAXSIM_MINISIM_PYTHON, by turns; without it only ours are timed.
The floor of a movie is two normal numbers a pixel, and its bytes written once.
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
import numpy as np

import jaxsim as js
from benchmarks.measuring import (
    ROOT,
    Effort,
    Own,
    Result,
    Table,
    Target,
    Timing,
    interleaved,
    say,
)
from benchmarks.movies import SWEEP, small, sweep_process, v4
from jaxsim.core.normal import normal_pair


PYTHON = "JAXSIM_MINISIM_PYTHON"
SCRIPT = Path(__file__).parent / "peers" / "minisim_speed.py"
AT_LEAST = {"v4": 15.0, "small": 10.0, "sweep": 20.0}  # times minisim
AT_MOST_MB = {"held": 1100.0, "zarr": 900.0}


def measure(effort: Effort) -> Result:
    n_frames = effort.pick(600, 16)
    rows, targets = [], []
    for which, call in ours(effort).items():
        calls: dict[str, Callable[[int], object]] = {"jaxsim": call}
        frames = effort.pick(200, 8) if which == "sweep" else n_frames
        if os.environ.get(PYTHON) and not (effort.quick and which == "v4"):
            calls["minisim"] = lambda _, w=which, n=frames: Own(theirs(w, n))
        found = interleaved(calls, effort._replace(rounds=3, most_s=120.0))
        rows += [row(which, name, timing) for name, timing in found.items()]
        say(
            f"{which}: "
            + ", ".join(f"{n} {t.median_s:.3g} s" for n, t in found.items())
        )
        if "minisim" in found:
            ratio = found["minisim"].median_s / found["jaxsim"].median_s
            told = f"{which}, times faster than minisim"
            targets.append(Target(told, ratio, AT_LEAST[which], True))
    tables = [
        Table("Seconds", ("movie", "program", "first", "median", "low", "high"), rows)
    ]
    floor_s, noise_s = floor(n_frames)
    mine = next(r[3] for r in rows if r[:2] == ["v4", "jaxsim"])
    tables.append(
        Table(
            "Distance from the floor, V4",
            ("what", "s"),
            [
                ["two normals a pixel", noise_s],
                ["and its bytes", floor_s],
                ["the movie", mine],
                ["times the floor", mine / floor_s],
            ],
        )
    )
    if not effort.quick:
        streamed = stream(n_frames)
        told = "V4, speed of streaming to zarr, of the speed of simulate"
        targets.append(Target(told, mine / streamed, 0.8, True))
        for where, most in AT_MOST_MB.items():
            told = f"V4, peak memory, {where}"
            targets.append(Target(told, peak_mb("v4", where), most, False, "MB"))
    notes = [] if os.environ.get(PYTHON) else [f"minisim was not run: set {PYTHON}."]
    return Result(tables, targets, notes)


def ours(effort: Effort) -> dict[str, Callable[[int], object]]:
    """A call for each movie, with another key each time."""
    n_frames = effort.pick(600, 16)
    whole = v4(n_frames) if not effort.quick else js.imaging.miniscope_v4(n_frames, 64)
    part, many = small(n_frames), sweep_process(effort.pick(200, 8))
    design = js.grid(SWEEP)

    def one(process: js.Pipeline) -> Callable[[int], object]:
        def call(number: int) -> object:
            made = js.simulate(process, jax.random.key(number), ("movie",))
            return made["movie"].values

        return call

    def sweep(number: int) -> object:
        runs = js.sweep(
            many, design, jax.random.key(number), ("movie",), progress=False
        )
        return runs["movie"].values

    return {"v4": one(whole), "small": one(part), "sweep": sweep}


def theirs(which: str, n_frames: int) -> float:
    command = [os.environ[PYTHON], str(SCRIPT), which, str(n_frames)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def row(which: str, name: str, timing: Timing) -> list:
    numbers = [timing.first_s, timing.median_s, timing.low_s, timing.high_s]
    return [which, name, *numbers]


def floor(n_frames: int) -> tuple[float, float]:
    """Seconds of a movie's random numbers, and of them with its bytes."""
    shape, block = (608, 608), 8

    @jax.jit
    def noise(key):
        keys = jax.random.split(key, block)
        pairs = jax.vmap(lambda k: normal_pair(k, shape, jnp.float32))(keys)
        return pairs[0] + pairs[1]

    out = np.zeros((block, *shape), np.uint8)

    def write(_: int) -> None:
        out[...] = 1

    found = interleaved(
        {"noise": lambda i: noise(jax.random.key(i)), "write": write}, Effort()
    )
    per_block = n_frames / block
    noise_s = found["noise"].median_s * per_block
    return noise_s + found["write"].median_s * per_block, noise_s


def stream(n_frames: int) -> float:
    """Seconds of a movie into a store, its program being compiled."""
    process = v4(n_frames)

    def call(number: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            blocks = js.in_blocks(process, jax.random.key(number), ("movie",))
            js.save(blocks, Path(folder) / "movie.zarr")

    return interleaved({"stream": call}, Effort(rounds=3))["stream"].median_s


def peak_mb(which: str, where: str) -> float:
    """Peak memory of one run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.movies", which, where]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return float(done.stdout.splitlines()[-1])
