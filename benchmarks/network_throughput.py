"""How many node-steps per second does a network make, alone and in batches?"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js
from benchmarks import cases, plain
from benchmarks.floor import Ceilings, ceilings
from benchmarks.measuring import Effort, Result, Table, Target, interleaved, say
from benchmarks.peers import BrainPy
from jaxsim.core.simulate import run


THIN = 10  # ticks of a sample in batches: 1 ms
SOLVERS = {"Euler": js.Euler, "Heun": js.Heun}
# (nodes, batch): ticks, so that a call takes about a second or less on two cores
TICKS = {
    (1, 1): 50_000, (20, 1): 20_000, (86, 1): 20_000,
    (1, 64): 10_000, (20, 64): 4000, (86, 64): 2000,
    (1, 1024): 4000, (20, 1024): 1000, (86, 1024): 200,
}  # fmt: skip
WIDE = {(1, 8192): 2000, (86, 8192): 400}  # where there is a GPU
PROMISED = {1: 100.0, 86: 15.0}  # times the BrainPy program, its second call


def measure(effort: Effort) -> Result:
    best = ceilings(effort)
    apart = max(apart_mv(n, heun) for n in (1, 20) for heun in (False, True))
    notes = [f"without noise, jaxsim and the plain scan differ by {apart:.2g} mV"]
    beside, targets, told = beside_brainpy(effort)
    notes += told
    if (device := devices_apart()) is not None:
        notes.append(f"on the CPU and here, 0.2 s with noise differ by {device:.2g} mV")
    return Result([*beside, batches(effort, best), best.table()], targets, notes)


def batches(effort: Effort, best: Ceilings) -> Table:
    """Ours and the plain scan over nodes, batch and solver."""
    wide = {} if jax.default_backend() == "cpu" else WIDE
    ticks = effort.pick(TICKS | wide, {(1, 1): 2000, (20, 2): 400})
    rows = []
    for (n_nodes, n_batch), n_ticks in ticks.items():
        for name, solver in SOLVERS.items():
            process = cases.network(
                n_nodes, n_ticks * cases.DT_S, solver=solver(), **monitor(n_batch)
            )
            calls = {
                "jaxsim": ours(process, n_batch),
                "plain": by_hand(process, n_batch, n_ticks, name == "Heun"),
            }
            if n_batch > 1 and name == "Heun":
                calls["sweep"] = swept(process, n_batch)
            took = interleaved(calls, effort)
            a, b = took["jaxsim"], took["plain"]
            work = n_nodes * n_batch * n_ticks
            stages = 2 if name == "Heun" else 1
            floor = best.step_s(n_nodes, n_batch, stages) * n_ticks
            sweep = took["sweep"].median_s if "sweep" in took else None
            rows.append(
                [n_nodes, n_batch, name, work / a.median_s / 1e6, a.compile_s]
                + [work / b.median_s / 1e6, b.median_s / a.median_s]
                + [sweep and work / sweep / 1e6, a.median_s / floor]
            )
            say(f"{n_nodes} x {n_batch} {name}: {rows[-1][3]:.3g} million/s")
    columns = "nodes,batch,solver,jaxsim Mnode-steps/s,jaxsim compiles s"
    columns += ",plain scan Mnode-steps/s,jaxsim/plain,js.sweep Mnode-steps/s"
    columns += ",times the floor"
    return Table("Node-steps per second at 0.1 ms", tuple(columns.split(",")), rows)


def monitor(n_batch: int) -> dict[str, Any]:
    """Single runs keep every sample, batches the mean of each ms."""
    if n_batch == 1:
        return {}
    return {"monitor": js.TemporalAverage(period_s=THIN * cases.DT_S)}


def ours(process: js.Network, n_batch: int) -> Callable[[int], Any]:
    """js.simulate, or one vmapped program over A, with the values on the host."""
    if n_batch == 1:
        return lambda i: np.asarray(
            js.simulate(process, jax.random.key(i), cases.SIGNAL)["activity"].values
        )
    gains = cases.gains(n_batch)
    return lambda i: np.asarray(lanes(process, gains, jax.random.key(i)))


@eqx.filter_jit
def lanes(process: js.Network, gains: jax.Array, key: jax.Array) -> jax.Array:
    def lane(A: Any, number: Any) -> Any:
        there = js.replace(process, {"model.A": A})
        made = run(there, jax.random.fold_in(key, number), cases.SIGNAL)
        return made["activity"].values

    return jax.vmap(lane)(gains, jnp.arange(gains.size))


def swept(process: js.Network, n_batch: int) -> Callable[[int], Any]:
    """The same batch by the verb, which plans, checks and blocks it at every call."""
    design = js.grid({"model.A": np.asarray(cases.gains(n_batch))})

    def call(i: int) -> Any:
        key = jax.random.key(i)
        runs = js.sweep(process, design, key, cases.SIGNAL, progress=False)
        return runs["activity"].values

    return call


def by_hand(
    process: js.Network, n_batch: int, n_ticks: int, heun: bool
) -> Callable[[int], Any]:
    """The plain scan of the same."""
    weights = cases.weights_of(process)
    sizes = dict(n_nodes=process.n_nodes, n_steps=n_ticks, heun=heun)
    if n_batch == 1:
        A = cases.gain_of(process)
        return lambda i: np.asarray(
            plain.simulate(A, weights, None, jax.random.key(i), **sizes)
        )
    gains = cases.gains(n_batch)
    return lambda i: np.asarray(
        plain.batch(gains, weights, None, jax.random.key(i), thin=THIN, **sizes)
    )


def apart_mv(n_nodes: int, heun: bool) -> float:
    """How far both are from each other after 0.1 s without noise."""
    solver = js.Heun() if heun else js.Euler()
    process = cases.network(n_nodes, 0.1, solver=solver, noise=js.NoNoise())
    one = js.simulate(process, jax.random.key(0))["activity"].values
    other = plain.simulate(
        cases.gain_of(process),
        cases.weights_of(process),
        None,
        jax.random.key(0),
        n_nodes=n_nodes, n_steps=1000, heun=heun, sigma=0.0,
    )  # fmt: skip
    return float(jnp.abs(one - other).max())


def devices_apart() -> float | None:
    """The largest difference between this device and the CPU, for 20 nodes."""
    if jax.default_backend() == "cpu":
        return None
    process, key = cases.network(20, 0.2), jax.random.key(0)
    here = js.simulate(process, key)["activity"].values
    there = jax.device_put((process, key), jax.devices("cpu")[0])
    return float(
        np.abs(here - np.asarray(js.simulate(*there)["activity"].values)).max()
    )


def beside_brainpy(effort: Effort) -> tuple[list[Table], list[Target], list[str]]:
    """Both programs, Euler at 0.1 ms with noise, every sample kept, call by call."""
    lengths = effort.pick({1: 50_000, 20: 20_000, 86: 20_000}, {1: 2000})
    with BrainPy() as peer:
        if peer.missing:
            return [], [], [peer.missing]
        rows, targets = [], []
        for n_nodes, n_ticks in lengths.items():
            process = cases.network(n_nodes, n_ticks * cases.DT_S, solver=js.Euler())
            calls = {
                "jaxsim": ours(process, 1),
                "call": peer.call("simulate", n_nodes, n_ticks),
                "runner": peer.call("runner", n_nodes, n_ticks),
            }
            took = interleaved(calls, effort)
            us, call, runner = (took[n] for n in ("jaxsim", "call", "runner"))
            ratio = call.median_s / us.median_s
            rows.append(
                [n_nodes, n_ticks * cases.DT_S, us.first_s, us.median_s, call.first_s]
                + [call.median_s, peer.compile_s("simulate", n_nodes), runner.median_s]
                + [ratio, runner.median_s / us.median_s]
            )
            say(f"{n_nodes} nodes: {ratio:.3g} times the BrainPy program")
            if n_nodes in PROMISED and not effort.quick:
                what = f"{n_nodes} node(s), times the BrainPy program's throughput"
                targets.append(Target(what, ratio, PROMISED[n_nodes], True))
        versions = peer.versions
    columns = (
        "nodes,simulated s,jaxsim first s,jaxsim s,BrainPy first s,BrainPy later s"
    )
    columns += ",of it compiling s,BrainPy reused runner s,times faster"
    columns += ",than the reused runner"
    title = "Beside brainPy-wendling (Euler, 0.1 ms, noise, every sample kept)"
    return [Table(title, tuple(columns.split(",")), rows)], targets, [versions]
