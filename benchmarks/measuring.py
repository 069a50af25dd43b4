"""What every benchmark shares: timing, the facts of a machine, tables, results."""

import datetime
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import jax


ROOT = Path(__file__).resolve().parent.parent


class Effort(NamedTuple):
    """How often a call is timed: until `least_s` have passed, `rounds` or more."""

    quick: bool = False
    rounds: int = 5
    least_s: float = 0.5
    most_s: float = 8.0

    def pick(self, full: Any, quick: Any) -> Any:
        return quick if self.quick else full


FULL, QUICK = Effort(), Effort(True, 1, 0.0, 0.0)


class Own(NamedTuple):
    """The answer of a call that timed itself, in another process."""

    seconds: float


class Timing(NamedTuple):
    """Seconds of the first call, with its compilation, and of the later ones."""

    first_s: float
    median_s: float
    low_s: float
    high_s: float
    rounds: int

    @property
    def compile_s(self) -> float:
        return max(self.first_s - self.median_s, 0.0)


Call = Callable[[int], Any]  # the number of the round, for another key each time


def once(call: Call, number: int) -> float:
    began = time.perf_counter()
    out = jax.block_until_ready(call(number))
    took = time.perf_counter() - began
    return out.seconds if isinstance(out, Own) else took


def interleaved(calls: Mapping[str, Call], effort: Effort) -> dict[str, Timing]:
    """Time calls in turn, there and back, so that a busy moment meets all of them."""
    jax.clear_caches()  # so that the first call compiles
    first = {name: once(call, 0) for name, call in calls.items()}
    took: dict[str, list[float]] = {name: [] for name in calls}
    began = time.perf_counter()
    for number in range(1, 60):
        for name in list(calls)[:: 1 if number % 2 else -1]:
            took[name].append(once(calls[name], number))
        spent = time.perf_counter() - began
        if number >= effort.rounds and spent >= effort.least_s:
            break
        if number >= min(3, effort.rounds) and spent >= effort.most_s:
            break
    return {
        name: Timing(first[name], statistics.median(t), min(t), max(t), len(t))
        for name, t in took.items()
    }


def say(text: str) -> None:
    print(text, flush=True)


class Table(NamedTuple):
    """Rows of words and numbers; numbers stay whole and are rounded when shown."""

    title: str
    columns: tuple[str, ...]
    rows: list[list[Any]]

    def __str__(self) -> str:
        cells = [[_shown(cell) for cell in row] for row in [self.columns, *self.rows]]
        width = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "| " + " | ".join(c.ljust(w) for c, w in zip(r, width, strict=True)) + " |"
            for r in cells
        ]
        lines.insert(1, "|" + "|".join("-" * (w + 2) for w in width) + "|")
        return f"**{self.title}**\n\n" + "\n".join(lines)


def _shown(cell: Any) -> str:
    if cell is None:
        return "-"
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.3g}" if abs(cell) < 999.5 else f"{cell:,.0f}"


class Target(NamedTuple):
    """A number that was promised, and the one that was measured."""

    what: str
    measured: float
    bound: float
    at_least: bool  # else at most
    unit: str = ""

    @property
    def met(self) -> bool:
        over = self.measured >= self.bound
        return over if self.at_least else self.measured <= self.bound

    def __str__(self) -> str:
        sign = "at least" if self.at_least else "at most"
        numbers = f"{_shown(self.measured)} {self.unit}".strip()
        verdict = "met" if self.met else "NOT MET"
        return f"{self.what}: {numbers} ({sign} {self.bound:g}: {verdict})"


class Result(NamedTuple):
    """What a benchmark found."""

    tables: Sequence[Table]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()


def facts(effort: Effort) -> dict[str, Any]:
    """The machine and the versions that numbers belong to."""
    packages = ("jax", "jaxlib", "equinox", "numpy", "jaxsim-neuro")
    device = jax.devices()[0]
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        "quick": effort.quick,
        "device": f"{device.device_kind} ({device.platform})",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_average": [round(x, 2) for x in os.getloadavg()],
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in packages},
        "commit": _commit(),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.split(":", 1)[1] for line in lines if line.startswith("model name")]
    return named[0].strip() if named else platform.machine()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def as_document(result: Result, effort: Effort, question: str, took_s: float) -> str:
    return json.dumps(
        {
            "question": question,
            "facts": facts(effort),
            "took_s": round(took_s, 1),
            "tables": [table._asdict() for table in result.tables],
            "targets": [t._asdict() | {"met": t.met} for t in result.targets],
            "notes": list(result.notes),
        },
        indent=1,
    )
