"""Times calls of brainPy-wendling (MIT) in its own interpreter; knows no jaxsim.

    python brainpy_wendling.py CHECKOUT

Reads requests, one JSON object a line, from standard input, for example
{"how": "simulate", "n_nodes": 1, "n_ticks": 50000}, and answers with the seconds that
the call took and those of them that XLA compiled. "simulate" is what the program
offers; "runner" keeps one DSRunner, which the program itself never does.
"""

import json
import os
import sys
import time
from importlib import metadata


answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the libraries print goes to standard error
sys.path.insert(0, sys.argv[1] + "/src")

import brainpy as bp  # noqa: E402
import jax.monitoring  # noqa: E402
import numpy as np  # noqa: E402
from wendling_sim import simulate  # noqa: E402
from wendling_sim.connectivity.io import load_connectivity  # noqa: E402
from wendling_sim.model.wendling_network import WendlingNetwork  # noqa: E402
from wendling_sim.model.wendling_single import WendlingSingleNode  # noqa: E402


compiled = [0.0]
runners = {}


@jax.monitoring.register_event_duration_secs_listener
def heard(event, seconds, **_):
    if "backend_compile" in event:
        compiled[0] += seconds


def graph(n_nodes):
    options = {"p": 0.2, "weight_dist": "lognormal", "weight_scale": 0.8, "seed": 123}
    return {
        "n_nodes": n_nodes,
        "generator": {"name": "erdos_renyi", "options": options},
        "normalize": "row_sum",
        "G_net": 0.8,
    }


def by_simulate(n_nodes, n_ticks):
    network = graph(n_nodes) if n_nodes > 1 else None
    sim = {"dt_ms": 0.1, "duration_ms": 0.1 * n_ticks, "jit": True}
    result = simulate(sim_cfg=sim, network_cfg=network, noise_cfg={"seed": 0})
    return np.asarray(result.lfp)


def by_runner(n_nodes, n_ticks):
    if n_nodes not in runners:
        model = WendlingSingleNode({})
        if n_nodes > 1:
            W = load_connectivity(graph(n_nodes)).W
            model = WendlingNetwork(n_nodes, {}, W=W, G_net=0.8, noise_cfg={})
        runners[n_nodes] = bp.DSRunner(
            model, monitors=["lfp"], dt=1e-4, jit=True, progress_bar=False
        )
    runners[n_nodes].run(n_ticks * 1e-4)
    return np.asarray(runners[n_nodes].mon["lfp"])


def answer(**facts):
    answers.write(json.dumps(facts) + "\n")
    answers.flush()


answer(
    versions="brainpy {}, its jax {}".format(*map(metadata.version, ("brainpy", "jax")))
)
for line in sys.stdin:
    request = json.loads(line)
    how = {"simulate": by_simulate, "runner": by_runner}[request.pop("how")]
    before, began = compiled[0], time.perf_counter()
    lfp = how(**request)
    seconds = time.perf_counter() - began
    if lfp.shape[0] != request["n_ticks"] or not np.isfinite(lfp).all():
        raise SystemExit(f"the LFP has shape {lfp.shape}, or is not finite")
    answer(seconds=seconds, compile_s=compiled[0] - before)
