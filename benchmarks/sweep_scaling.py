"""How many points per second does a sweep run, and what does its block change?"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js
from benchmarks import cases, plain
from benchmarks.measuring import Effort, Result, Table, Target, interleaved, say


POINTS = (1, 8, 64, 256, 1024, 4096)
BLOCKS = (1, 16, 64, 256, 1024)
LOOP = 16  # points that the Python loop runs
BOX = {"model.A": (2.0, 8.0), "model.B": (3.0, 60.0), "model.G": (0.0, 30.0)}


def measure(effort: Effort) -> Result:
    tables = [by_points(effort), by_block(effort)]
    screened, target = screen(effort)
    return Result([*tables, screened], [target])


def short(seconds: float, **changes: Any) -> js.Network:
    """One node at 0.1 ms, a sample each ms."""
    monitor = js.TemporalAverage(period_s=1e-3)
    return cases.network(1, seconds, monitor=monitor, **changes)


def swept(process: js.Network, n: int, block: int | None) -> Callable[[int], Any]:
    design = js.grid({"model.A": np.asarray(cases.gains(n))})

    def call(i: int) -> Any:
        key = jax.random.key(i)
        return js.sweep(
            process, design, key, cases.SIGNAL, block=block, progress=False
        )["activity"].values

    return call


def looped(process: js.Network, n: int) -> Callable[[int], Any]:
    """What one would write without sweep."""
    values = np.asarray(cases.gains(n))

    def call(i: int) -> Any:
        key, kept = jax.random.key(i), []
        for number, value in enumerate(values):
            there = js.replace(process, {"model.A": value})
            run = js.simulate(there, jax.random.fold_in(key, number), cases.SIGNAL)
            kept.append(np.asarray(run["activity"].values))
        return np.stack(kept)

    return call


def by_points(effort: Effort) -> Table:
    """Points per second: sweep, a loop of simulate, a plain vmapped scan."""
    seconds = effort.pick(1.0, 0.02)
    process, rows = short(seconds), []
    n_steps = round(seconds / cases.DT_S)
    for n in effort.pick(POINTS, (1, 4)):
        calls = {
            "sweep": swept(process, n, None),
            "loop": looped(process, min(n, LOOP)),
            "plain": lambda i, n=n: np.asarray(
                plain.batch(
                    cases.gains(n), None, None, jax.random.key(i),
                    n_nodes=1, n_steps=n_steps, thin=10,
                )
            ),
        }  # fmt: skip
        took = interleaved(calls, effort)
        sweep, loop, scan = (took[name] for name in calls)
        each = loop.median_s / min(n, LOOP)
        rows.append(
            [n, n / sweep.median_s, sweep.compile_s, 1 / each, n / scan.median_s]
            + [each * n / sweep.median_s, scan.median_s / sweep.median_s]
        )
        say(f"{n} points: {rows[-1][1]:.4g} per second")
    columns = "points,sweep points/s,sweep compiles s,loop of simulate points/s"
    columns += ",plain vmapped scan points/s,sweep/loop,sweep/plain"
    title = f"Points per second: 1 node, {seconds:g} s, Heun at 0.1 ms, a sample per ms"
    return Table(title, tuple(columns.split(",")), rows)


def by_block(effort: Effort) -> Table:
    """The same sweep in blocks of other sizes."""
    n, process = effort.pick(1024, 4), short(effort.pick(1.0, 0.02))
    blocks = [*effort.pick(BLOCKS, (2,)), None]
    rows = []
    for block in blocks:
        took = interleaved({"sweep": swept(process, n, block)}, effort)["sweep"]
        chosen = "chosen by sweep" if block is None else block
        rows.append([chosen, n / took.median_s, took.compile_s])
        say(f"block {chosen}: {rows[-1][1]:.4g} points per second")
    columns = ("block", "points/s", "compiles s")
    return Table(f"A sweep of {n} points by its block", columns, rows)


def spectral_loss(target: js.Recording) -> Callable[[js.Recording], Any]:
    def spectrum(recording: js.Recording) -> Any:
        freqs, psd = js.measure.welch(recording["activity"], segment_s=1.0)
        return js.measure.crop(freqs, psd, (1.0, 50.0))[1]

    wanted = jnp.log10(spectrum(target))
    return lambda recording: jnp.mean((jnp.log10(spectrum(recording)) - wanted) ** 2)


def screen(effort: Effort) -> tuple[Table, Target]:
    """A thousand candidates by their spectra: 4 s each, RK4 at 1 ms."""
    n, seconds = effort.pick((1000, 4.0), (4, 1.0))
    process = js.Network(
        model=js.Wendling.preset("Type4"), solver=js.RungeKutta4(),
        dt_s=1e-3, duration_s=seconds,
    )  # fmt: skip
    loss = spectral_loss(js.simulate(process, jax.random.key(1)))
    evaluator = js.Evaluator(process, loss, BOX, jax.random.key(2))
    units = np.random.default_rng(0).random((n, len(BOX)))
    calls = {"screen": lambda i: evaluator(units, jax.random.key(i), "unit")}
    took = interleaved(calls, effort)["screen"]
    finite = int(np.isfinite(calls["screen"](0)).sum())
    row = [n, took.median_s, took.compile_s, n / took.median_s, finite]
    say(f"screen of {n}: {took.median_s:.3g} s")
    columns = ("candidates", "s", "compiles s", "candidates/s", "finite losses")
    title = f"Log-spectrum screen of A, B, G: 1 node, {seconds:g} s, RK4 at 1 ms"
    what = f"screen of {n} candidates after compilation"
    return Table(title, columns, [row]), Target(what, took.median_s, 2.0, False, "s")
