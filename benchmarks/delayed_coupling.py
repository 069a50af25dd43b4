"""What does a step of a delayed network cost, alone and in a batch?"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js
from benchmarks import cases, plain
from benchmarks.floor import ceilings
from benchmarks.measuring import Effort, Result, Table, interleaved, say
from benchmarks.network_throughput import THIN, monitor, ours


# (nodes, batch): ticks
TICKS = {(76, 1): 20_000, (90, 1): 20_000, (76, 16): 2000, (90, 16): 2000}


def measure(effort: Effort) -> Result:
    best = ceilings(effort)
    rows = []
    ticks = effort.pick(TICKS, {(4, 1): 400, (4, 2): 400})
    for (n_nodes, n_batch), n_ticks in ticks.items():
        seconds = n_ticks * cases.DT_S
        process = cases.network(n_nodes, seconds, delayed=True, **monitor(n_batch))
        instant = js.replace(process, {"connectome": undelayed(process)})
        whole = lags_of(process, whole=True)
        calls = {
            "jaxsim": ours(process, n_batch),
            "undelayed": ours(instant, n_batch),
            "plain": by_hand(process, lags_of(process), n_batch, n_ticks),
            "whole": by_hand(process, whole, n_batch, n_ticks),
        }
        took = interleaved(calls, effort)
        us = {n: 1e6 * t.median_s / n_ticks / n_batch for n, t in took.items()}
        tracts = int((np.asarray(_connectome(process).weights) != 0).sum())
        floor = 1e6 * best.step_s(n_nodes, n_batch, 2, tracts) / n_batch
        compiles = took["jaxsim"].compile_s
        rows.append(
            [n_nodes, n_batch, us["jaxsim"], compiles, us["undelayed"], us["plain"]]
            + [us["whole"], us["plain"] / us["jaxsim"], us["jaxsim"] / floor]
        )
        say(f"{n_nodes} x {n_batch}: {us['jaxsim']:.3g} us per step and simulation")
    columns = "nodes,batch,jaxsim us,jaxsim compiles s,jaxsim without delays us"
    columns += (
        ",plain ring us,plain ring of whole ticks us,jaxsim/plain,times the floor"
    )
    title = "A step of one simulation, Heun at 0.1 ms with noise"
    apart = f"without noise, jaxsim and the plain ring differ by {apart_mv():.2g} mV"
    table = Table(title, tuple(columns.split(",")), rows)
    return Result([table, best.table()], notes=[apart])


def undelayed(process: js.Network) -> js.Connectome:
    return js.Connectome(_connectome(process).weights)


def _connectome(process: js.Network) -> js.Connectome:
    if process.connectome is None:
        raise ValueError("a network without a connectome has no delays.")
    return process.connectome


def lags_of(process: js.Network, whole: bool = False) -> jax.Array:
    """Delays in ticks, rounded where the ring does not interpolate."""
    lags = _connectome(process).delays_s / cases.DT_S
    return jnp.round(lags).astype(jnp.int32) if whole else lags


def by_hand(
    process: js.Network, lags: jax.Array, n_batch: int, n_ticks: int
) -> Callable[[int], Any]:
    """A ring of the past, read by index."""
    sizes = dict(n_nodes=process.n_nodes, n_steps=n_ticks, n_slots=slots_of(process))
    weights, gains = cases.weights_of(process), cases.gains(n_batch)
    if n_batch == 1:
        A = cases.gain_of(process)
        return lambda i: np.asarray(
            plain.simulate(A, weights, lags, jax.random.key(i), **sizes)
        )
    return lambda i: np.asarray(
        plain.batch(gains, weights, lags, jax.random.key(i), thin=THIN, **sizes)
    )


def slots_of(process: js.Network) -> int:
    """Room for the longest delay and the tick before it."""
    return int(np.ceil(float(lags_of(process).max()))) + 2


def apart_mv() -> float:
    """How far both are from each other after 0.1 s without noise."""
    process = cases.network(8, 0.1, delayed=True, noise=js.NoNoise())
    one = js.simulate(process, jax.random.key(0))["activity"].values
    other = plain.simulate(
        cases.gain_of(process),
        cases.weights_of(process),
        lags_of(process),
        jax.random.key(0),
        n_nodes=8, n_steps=1000, n_slots=slots_of(process), sigma=0.0,
    )  # fmt: skip
    return float(jnp.abs(one - other).max())
