"""`estimate`: how long a run, or many, will take on this machine."""

import dataclasses
import math
import time
from typing import Any

from jaxsim.cli.source import OfProcess
from jaxsim.core.declared import get, leaves, replace


SHORT = (0.5, 2.0, 8.0, 20.0, 60.0, 200.0)  # stretches that are tried, s


@dataclasses.dataclass(frozen=True)
class Estimate(OfProcess):
    """How long a process takes here: compilation and rate measured on a short stretch.

    jaxsim estimate whole_brain --brain.duration_s 600
    jaxsim estimate whole_brain --runs 1000 --minutes 10
    """

    runs: int = 1
    """how many runs of it are planned"""
    minutes: float = 0.0
    """time at hand: tells how many runs fit into it"""

    def run(self, rest: list[str]) -> None:
        """Measure and print."""
        process = self.ready(rest, f"jaxsim estimate {self.process}")
        simulated, compiled, one_s = estimate(process)
        if simulated:
            print(f"{'simulated':<18} {simulated:g} s")
        print(f"{'compilation':<18} {human(compiled)}, once")
        print(f"{'one run':<18} {human(one_s)}")
        if self.runs > 1:
            print(f"{f'{self.runs} runs in a row':<18} {human(one_s * self.runs)}")
            print("jaxsim sweep runs many at once and takes less")
        if self.minutes:
            fits = math.floor((self.minutes * 60 - compiled) / max(one_s, 1e-9))
            print(f"{f'runs in {self.minutes:g} min':<18} {max(fits, 0)}")


def estimate(process: Any) -> tuple[float, float, float]:
    """Seconds that are simulated, and that compilation and one run take.

    A long run is extrapolated from two short stretches, so that what does not grow with
    the duration (burn-in, reading back) is counted once.
    """
    paths = [p for p in leaves(process) if p.split(".")[-1] == "duration_s"]
    whole = max((float(get(process, p)) for p in paths), default=0.0)
    short = stretches(process, paths, whole)
    if len(short) < 2:
        return whole, *timed(process)
    (first_s, first), (second_s, second) = short
    compiled, fixed = timed(first)
    _, more = timed(second)
    rate = max(more - fixed, 0.0) / (second_s - first_s)
    return whole, compiled, fixed + rate * (whole - first_s)


def stretches(process: Any, paths: list[str], whole: float) -> list[tuple[float, Any]]:
    """The process cut to two short durations that its steps and monitors accept."""
    found: list[tuple[float, Any]] = []
    for seconds in SHORT:
        if seconds >= whole or len(found) == 2:
            break
        try:
            found.append((seconds, replace(process, dict.fromkeys(paths, seconds))))
        except ValueError:
            continue  # no whole number of samples
    return found


def timed(process: Any) -> tuple[float, float]:
    """Seconds of compilation, and of one run after it (the best of three)."""
    import jax

    from jaxsim.core.simulate import simulate

    key, took = jax.random.key(0), []
    for _ in range(4):
        began = time.perf_counter()
        jax.block_until_ready(simulate(process, key).series)
        took.append(time.perf_counter() - began)
    ran = min(took[1:])
    return max(took[0] - ran, 0.0), ran


def human(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
