"""A fresh process up to its first result; `compile_times` starts and times it.

    python -m benchmarks.first_result CASE [--cache] [--quick]

Prints one JSON object. `--cache` switches on what the command of jaxsim does: a
persistent compilation cache, in the folder that JAXSIM_CACHE names.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any


CASES = {  # nodes, delayed, seconds
    "1 node": (1, False, 5.0),
    "86 nodes": (86, False, 2.0),
    "76 delayed nodes": (76, True, 2.0),
    "gradient of 86 nodes": (86, False, 2.0),
    "plain scan of 86 nodes": (86, False, 2.0),
}


def main(case: str, cache: bool, quick: bool) -> dict[str, Any]:
    began = time.perf_counter()
    if cache:
        from jaxsim.cli.environment import prepare

        prepare()
    import jax
    import numpy as np

    from benchmarks import cases

    counts = {"programs": 0, "hits": 0, "compile_s": 0.0}

    def compiled(event: str, duration_secs: float, **_: Any) -> None:
        if event.endswith("backend_compile_duration"):  # also of what the cache had
            counts["programs"] += 1
            counts["compile_s"] += duration_secs

    def happened(event: str, **_: Any) -> None:
        counts["hits"] += event.endswith("/cache_hits")

    jax.monitoring.register_event_duration_secs_listener(compiled)
    jax.monitoring.register_event_listener(happened)
    imported = time.perf_counter()
    n_nodes, delayed, seconds = CASES[case]
    seconds = 0.1 if quick else seconds
    call = caller(case, cases.network(n_nodes, seconds, delayed=delayed))
    jax.tree.map(np.asarray, call(0))
    first = time.perf_counter()
    found = dict(counts)
    jax.tree.map(np.asarray, call(1))
    second = time.perf_counter()
    return found | {
        "import_s": imported - began,
        "first_s": first - imported,
        "second_s": second - first,
        "programs_of_second": counts["programs"] - found["programs"],
    }


def caller(case: str, process: Any) -> Callable[[int], Any]:
    """What is asked of the process, with a seed."""
    import jax

    import jaxsim as js
    from benchmarks import cases, plain

    if case.startswith("plain"):
        weights, A = cases.weights_of(process), cases.gain_of(process)
        sizes = dict(n_nodes=process.n_nodes, n_steps=round(process.duration_s / 1e-4))
        return lambda i: plain.simulate(A, weights, None, jax.random.key(i), **sizes)
    if case.startswith("gradient"):

        def loss(recording: js.Recording) -> Any:
            return (recording["activity"].values ** 2).mean()

        box = {"model.A": (2.0, 8.0), "model.B": (3.0, 60.0)}
        key = jax.random.key(0)
        evaluator = js.Evaluator(process, loss, box, key, mode="reverse")
        return lambda i: evaluator.value_and_grad([[0.0, 0.0]], jax.random.key(i))
    return lambda i: js.simulate(process, jax.random.key(i))["activity"].values


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--cache", action="store_true")
    parser.add_argument("--quick", action="store_true")
    print(json.dumps(main(**vars(parser.parse_args()))))
