"""What does a training loop on a stream cost beside generation and training alone?

A perceptron of two hidden layers learns the excitatory gain from traces that are
simulated while it learns. "loop" is `for batch in stream: update(...)`, "fused" is
`stream.scan`. The host's share is how long the loop keeps Python busy: what is left of
a step, the device works alone. Two emulated devices show what generation on another
device hides; they share the cores of this machine.
"""

import json
import os
import subprocess
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import optax

import jaxsim as js
from benchmarks import cases
from benchmarks.measuring import ROOT, Effort, Result, Table, Target, interleaved, say


SIZES = ((1, 64), (20, 16))  # nodes, batch
WIDTH, PERIOD_S = 1024, 4e-3
PRIOR = {"model.A": js.uniform(*cases.A_RANGE)}
OPTIMIZER = optax.adam(1e-3)
AT_MOST = 1.05
COMPILED = []


def measure(effort: Effort) -> Result:
    jax.monitoring.register_event_duration_secs_listener(_listen)
    rows, targets = [], []
    for n_nodes, batch in effort.pick(SIZES, ((1, 4),)):
        row, ratio, compiled = beside(n_nodes, batch, effort)
        rows.append(row)
        named = f"{n_nodes} node(s), batch {batch}"
        what = f"{named}: a step of the loop over generation and training"
        targets.append(Target(what, ratio, AT_MOST, False))
        what = f"{named}: programs compiled after the first step"
        targets.append(Target(what, float(compiled), 0.0, False))
    columns = (
        "nodes,batch,generation ms,training ms,loop ms,times both,fused ms,host ms"
    )
    title = "A step of training on 1 s of traces, made as it learns"
    tables = [Table(title, tuple(columns.split(",")), rows), two_devices(effort)]
    note = "the loop ran under jax.transfer_guard('disallow'): no implicit transfer"
    return Result(tables, targets, [note])


def beside(n_nodes: int, batch: int, effort: Effort) -> tuple[list[Any], float, int]:
    """Times of a step, their ratio, and what compiled late."""
    n_steps = effort.pick(20, 2)
    stream = data(n_nodes, batch, effort)
    calls = steps_of(stream, n_steps)
    fused, carry = data(n_nodes, batch, effort), start(stream.at(0))
    calls["fused"] = lambda _: fused.scan(update, carry, n_steps)[1]
    for call in calls.values():
        call(0)
    COMPILED.clear()
    with jax.transfer_guard("disallow"):
        calls["loop"](0)
    compiled = len(COMPILED)
    host_ms = host_share(stream, carry, n_steps)
    took = interleaved(calls, effort._replace(rounds=7, most_s=60.0))
    ms = {name: 1e3 * timing.median_s / n_steps for name, timing in took.items()}
    ratio = ms["loop"] / (ms["generation"] + ms["training"])
    say(f"{n_nodes} nodes: {ratio:.3g} times both, {compiled} compiled late")
    shown = [ms["generation"], ms["training"], ms["loop"], ratio, ms["fused"], host_ms]
    return [n_nodes, batch, *shown], ratio, compiled


def steps_of(stream: js.Stream, n_steps: int, device: Any = None) -> dict[str, Any]:
    """Calls of some steps each: generation, training, and the loop of both."""
    fixed = jax.device_put(stream.at(0), device)
    carry = jax.device_put(start(fixed), device)
    alone = stream.shard(0, 1)
    trained = jax.jit(update)

    def generation(_: int) -> Any:
        return [next(alone).status for _ in range(n_steps)], alone._ahead

    def training(_: int) -> Any:
        own, losses = carry, []
        for _ in range(n_steps):
            own, loss = trained(own, fixed)
            losses.append(loss)
        return own, losses

    def loop(_: int) -> Any:
        own, losses = carry, []
        for _ in range(n_steps):
            batch = next(stream)
            if device is not None:
                batch = jax.device_put(batch, device)
            own, loss = trained(own, batch)
            losses.append(loss)
        return own, losses, stream._ahead  # the batch behind the last counts, too

    return {"generation": generation, "training": training, "loop": loop}


def host_share(stream: js.Stream, carry: Any, n_steps: int) -> float:
    """Milliseconds a step that pass before Python has asked for all of the loop."""
    trained = jax.jit(update)
    carry, _ = jax.block_until_ready(trained(carry, next(stream)))
    jax.block_until_ready(stream._ahead)
    began = time.perf_counter()
    for _ in range(n_steps):
        carry, _ = trained(carry, next(stream))
    asked = time.perf_counter() - began
    jax.block_until_ready((carry, stream._ahead))
    return 1e3 * asked / n_steps


def data(n_nodes: int, batch: int, effort: Effort, **more: Any) -> js.Stream:
    """Traces of Wendling nodes, labelled with their gain."""
    seconds = effort.pick(1.0, 0.02)
    monitor = js.Subsample(period_s=PERIOD_S)
    process = cases.network(n_nodes, seconds, monitor=monitor)
    key = jax.random.key(0)
    return js.stream(process, PRIOR, key, batch=batch, record=cases.SIGNAL, **more)


def start(batch: Any) -> tuple[list[Any], Any]:
    """Weights, and the state of their optimizer."""
    sizes = (batch["activity"].values[0].size, WIDTH, WIDTH, 1)
    keys = jax.random.split(jax.random.key(1), len(sizes) - 1)
    weights = [
        jax.random.normal(key, (n, m)) / jnp.sqrt(n)
        for key, n, m in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]
    return weights, OPTIMIZER.init(weights)


def update(carry: Any, batch: Any) -> tuple[Any, Any]:
    weights, state = carry
    traces = batch["activity"].values
    x = traces.reshape(traces.shape[0], -1) / 10.0

    def error(weights: list[Any]) -> Any:
        *hidden, last = weights
        y = x
        for one in hidden:
            y = jax.nn.relu(y @ one)
        return jnp.mean(((y @ last)[:, 0] - batch["model.A"].values) ** 2)

    loss, slope = jax.value_and_grad(error)(weights)
    change, state = OPTIMIZER.update(slope, state, weights)
    return (optax.apply_updates(weights, change), state), loss


def _listen(name: str, *_: Any, **__: Any) -> None:
    if name == "/jax/core/compile/backend_compile_duration":
        COMPILED.append(name)


def two_devices(effort: Effort) -> Table:
    """Generation on one of two emulated devices and training on the other."""
    flags = os.environ.get("XLA_FLAGS", "")
    flags = f"{flags} --xla_force_host_platform_device_count=2".strip()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.stream", str(int(effort.quick))],
        env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = json.loads(done.stdout.splitlines()[-1])
    columns = "nodes,batch,generation ms,training ms,loop ms,times both,hidden"
    title = "Generation on a second emulated device (hidden: of the shorter part)"
    return Table(title, tuple(columns.split(",")), rows)


def on_two(quick: bool) -> list[list[Any]]:
    effort = Effort(quick, 1, 0.0, 0.0) if quick else Effort(rounds=7, most_s=60.0)
    n_steps, rows = effort.pick(20, 2), []
    trains, makes = jax.devices()
    for n_nodes, batch in effort.pick(SIZES, ((1, 4),)):
        stream = data(n_nodes, batch, effort, devices=(makes,))
        took = interleaved(steps_of(stream, n_steps, trains), effort)
        ms = {name: 1e3 * timing.median_s / n_steps for name, timing in took.items()}
        made, trained, loop = ms.values()
        both = made + trained
        rows.append([n_nodes, batch, *ms.values(), loop / both])
        rows[-1].append((both - loop) / min(made, trained))
    return rows


if __name__ == "__main__":
    print(json.dumps(on_two(bool(int(sys.argv[1])))))
