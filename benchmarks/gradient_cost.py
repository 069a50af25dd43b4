"""What does a gradient cost, in time and memory, forward, reverse and by hand?"""

import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js
from benchmarks import cases, plain
from benchmarks.measuring import Effort, Result, Table, interleaved, say
from jaxsim.core.simulate import run


FREE = {"model.A": 5.0, "model.B": 22.0, "model.G": 10.0}
THIN = 20  # ticks of a sample: 2 ms
# (nodes, delayed)
SIZES = ((1, False), (86, False), (76, True))


def measure(effort: Effort) -> Result:
    seconds = effort.pick(2.0, 0.04)
    sizes = effort.pick(SIZES, ((1, False), (3, True)))
    rows, apart = [], 0.0
    for n_nodes, delayed in sizes:
        found, difference = costs(n_nodes, delayed, seconds, effort)
        rows += found
        apart = max(apart, difference)
    columns = "nodes,delays,what,s,times the value,XLA temporary MB,compiles s"
    title = f"d(log spectral loss) of {seconds:g} s, Heun at 0.1 ms, a sample per 2 ms"
    note = f"forward and reverse gradients differ by {apart:.2g} of the largest"
    return Result([Table(title, tuple(columns.split(",")), rows)], notes=[note])


def costs(
    n_nodes: int, delayed: bool, seconds: float, effort: Effort
) -> tuple[list[list[Any]], float]:
    """A row for each way, and how far forward and reverse mode are apart."""
    monitor = js.TemporalAverage(period_s=THIN * cases.DT_S)
    process = cases.network(n_nodes, seconds, delayed=delayed, monitor=monitor)
    arrays, rest = eqx.partition(process, eqx.is_array)

    def loss(x: Any, arrays: Any, key: Any) -> Any:
        values = dict(zip(FREE, x, strict=True))
        there = js.replace(eqx.combine(arrays, rest), values)
        return spectral(run(there, key, cases.SIGNAL)["activity"].values)

    x, key = jnp.asarray(list(FREE.values())), jax.random.key(0)
    compiled = compile_all(ways(loss), x, arrays, key)
    weights = cases.weights_of(process)
    n_steps = round(seconds / cases.DT_S)
    hand = dict(n_nodes=n_nodes, n_steps=n_steps, thin=THIN)
    if not delayed:  # its reverse mode keeps every step

        def by_hand(x: Any, weights: Any, key: Any) -> Any:
            return spectral(plain.simulate(x[0], weights, None, key, **hand))

        scans = {
            "plain scan, value": jax.jit(by_hand),
            "plain scan, reverse": jax.jit(jax.value_and_grad(by_hand)),
        }
        compiled |= compile_all(scans, x, weights, key)
    calls = {name: call for name, (call, _, _) in compiled.items()}
    took = interleaved(calls, effort)
    rows = []
    for name, (_, megabytes, compile_s) in compiled.items():
        base = "plain scan, value" if name.startswith("plain") else "value"
        times = took[name].median_s / took[base].median_s
        delays = "yes" if delayed else "no"
        rows.append(
            [n_nodes, delays, name, took[name].median_s, times, megabytes, compile_s]
        )
        say(f"{n_nodes} nodes, {name}: {times:.3g} times, {megabytes:.3g} MB")
    one = np.asarray(calls["forward, 3 parameters"](0)[1])
    other = np.asarray(calls["reverse, 3 parameters"](0)[1])
    return rows, float(np.abs(one - other).max() / np.abs(one).max())


def spectral(values: Any) -> Any:
    """Distance of the log spectrum (1 to 50 Hz) from a flat one, mean over nodes."""
    segment = min(500, values.shape[0])
    freqs, psd = js.measure.welch(values, 1 / (THIN * cases.DT_S), nperseg=segment)
    inside = js.measure.crop(freqs, psd, (1.0, 50.0))[1]
    return jnp.mean((jnp.log10(inside + 1e-10) + 2.0) ** 2)


def ways(loss: Callable[..., Any]) -> dict[str, Any]:
    """The value and the ways to its gradient: functions of (x, given, key)."""

    def forward(n: int) -> Callable[..., Any]:
        def gradient(x: Any, given: Any, key: Any) -> Any:
            def along(direction: Any) -> Any:
                return jax.jvp(lambda x: loss(x, given, key), (x,), (direction,))

            return jax.vmap(along, out_axes=(None, 0))(jnp.eye(n, x.size))

        return gradient

    return {
        "value": jax.jit(loss),
        "forward, 1 parameter": jax.jit(forward(1)),
        "forward, 3 parameters": jax.jit(forward(3)),
        "reverse, 3 parameters": jax.jit(jax.value_and_grad(loss)),
    }


def compile_all(
    functions: dict[str, Any], x: Any, given: Any, key: Any
) -> dict[str, tuple[Callable[[int], Any], float | None, float]]:
    """Each compiled ahead: how to call it, its temporary memory, and the seconds."""
    made = {}
    for name, function in functions.items():
        began = time.perf_counter()
        program = function.lower(x, given, key).compile()
        took = time.perf_counter() - began
        memory = program.memory_analysis()
        megabytes = memory.temp_size_in_bytes / 1e6 if memory else None

        def call(i: int, program: Any = program) -> Any:
            return program(x, given, jax.random.key(i))

        made[name] = (call, megabytes, took)
    return made
