"""How long does a fresh process take to its first result, cold and warm?"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.first_result import CASES
from benchmarks.measuring import ROOT, Effort, Result, Table, Target, say
from benchmarks.peers import BrainPy


COMMANDS = {  # by the command, as a user types it
    "jaxsim run wendling": ["run", "wendling"],
    "jaxsim run whole_brain, 1 s": ["run", "whole_brain", "--brain.duration_s", "1"],
}
COLD_S, WARM_S = 10.0, 3.0


def measure(effort: Effort) -> Result:
    names = effort.pick(tuple(CASES), ("1 node",))
    commands = effort.pick(COMMANDS, {})
    rounds = effort.pick(3, 1)
    rows, targets = [], []
    for name in names:
        arguments = ["-m", "benchmarks.first_result", name]
        arguments += ["--quick"] if effort.quick else []
        none = [fresh(arguments, "")]
        runs = [cold_and_warm([*arguments, "--cache"]) for _ in range(rounds)]
        rows.append(row_of(name, none, [c for c, _ in runs], [w for _, w in runs]))
        say(f"{name}: {rows[-1][1]:.3g} s cold, {rows[-1][3]:.3g} s warm")
    commanded = []
    for name, words in commands.items():
        command = ["-m", "jaxsim", *words]
        runs = [cold_and_warm(command) for _ in range(rounds)]
        cold, warm = (statistics.median(r[i]["wall_s"] for r in runs) for i in (0, 1))
        commanded.append([name, cold, warm])
        say(f"{name}: {cold:.3g} s cold, {warm:.3g} s warm")
    if not effort.quick:
        for name, cold, warm in [[r[0], r[2], r[3]] for r in rows[:2]] + commanded:
            targets.append(Target(f"{name}, cold", cold, COLD_S, False, "s"))
            targets.append(Target(f"{name}, warm", warm, WARM_S, False, "s"))
    columns = "case,no cache s,cache empty s,cache filled s,of it import s,XLA cold s"
    columns += ",XLA warm s,programs,read from the cache,second call s"
    title = "From the start of the interpreter to the first result"
    tables = [Table(title, tuple(columns.split(",")), rows)]
    if commanded:
        title = "The command, from start to end"
        tables.append(Table(title, ("command", "cold s", "warm s"), commanded))
    return Result(tables, targets, [peer(effort)])


def row_of(name: str, none: list, cold: list, warm: list) -> list[Any]:
    def middle(runs: list, what: str) -> float:
        return statistics.median(run[what] for run in runs)

    return [
        name,
        middle(none, "wall_s"),
        middle(cold, "wall_s"),
        middle(warm, "wall_s"),
        middle(warm, "import_s"),
        middle(cold, "compile_s"),
        middle(warm, "compile_s"),
        int(middle(warm, "programs")),
        int(middle(warm, "hits")),
        middle(warm, "second_s"),
    ]


def cold_and_warm(arguments: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two processes, one after the other, that share a cache of their own."""
    with tempfile.TemporaryDirectory() as folder:
        return fresh(arguments, folder), fresh(arguments, folder)


def fresh(arguments: list[str], folder: str) -> dict[str, Any]:
    """Run Python anew: what it told, and the seconds that it took."""
    child = {k: v for k, v in os.environ.items() if not k.startswith("JAX_COMPIL")}
    paths = [str(ROOT), child.get("PYTHONPATH", "")]
    child["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    if folder:
        child["JAXSIM_CACHE"] = folder
    with tempfile.TemporaryDirectory() as here:
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=here, env=child, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        wall_s = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    last = done.stdout.strip().splitlines()[-1]
    told = json.loads(last) if last.startswith("{") else {}
    return told | {"wall_s": wall_s}


def peer(effort: Effort) -> str:
    """The BrainPy program from its start to the LFP of one node, in words."""
    if effort.quick:
        return "the BrainPy program was not measured in quick mode"
    took, text = [], ""
    for _ in range(3):
        began = time.perf_counter()
        with BrainPy() as program:
            if program.missing:
                return program.missing
            program.call("simulate", 1, 50_000)(0)
            took.append(time.perf_counter() - began)
        text = program.versions
    middle = statistics.median(took)
    return f"{text}: {middle:.3g} s from its start to the LFP of 1 node, 5 s"
