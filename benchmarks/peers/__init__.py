"""Other programs, each in an interpreter of its own that answers call by call."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measuring import Own


class BrainPy:
    """The BrainPy program for Wendling networks, when two variables tell where it is.

    JAXSIM_PEER_WENDLING is the path of a checkout of brainPy-wendling, and
    JAXSIM_PEER_PYTHON the interpreter of an environment that holds brainpy.
    """

    def __init__(self) -> None:
        checkout = os.environ.get("JAXSIM_PEER_WENDLING", "")
        python = os.environ.get("JAXSIM_PEER_PYTHON", "")
        self.missing, self.versions = "", ""
        self._compiling: dict[tuple[str, int], list[float]] = {}
        if not (checkout and python):
            self.missing = (
                "the BrainPy program was not measured: JAXSIM_PEER_WENDLING (its "
                "checkout) and JAXSIM_PEER_PYTHON (its interpreter) are not set"
            )
            return
        self._log = tempfile.TemporaryFile("w+")
        child = {k: v for k, v in os.environ.items() if not k.startswith("JAX_COMPIL")}
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("brainpy_wendling.py")), checkout],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            text=True, env=child,
        )  # fmt: skip
        self.versions = self._answer()["versions"]

    def __enter__(self) -> "BrainPy":
        return self

    def __exit__(self, *error: object) -> None:
        if not self.missing:
            self._process.communicate()  # its end of input: it leaves
            self._log.close()

    def call(self, how: str, n_nodes: int, n_ticks: int) -> Callable[[int], Own]:
        """One call of "simulate", or one run of a "runner" that is kept."""
        request = json.dumps({"how": how, "n_nodes": n_nodes, "n_ticks": n_ticks})
        compiling = self._compiling.setdefault((how, n_nodes), [])

        def ask(_: int) -> Own:
            assert self._process.stdin is not None
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
            answer = self._answer()
            compiling.append(answer["compile_s"])
            return Own(answer["seconds"])

        return ask

    def compile_s(self, how: str, n_nodes: int) -> float:
        """Seconds that its later calls spent in XLA, the median."""
        later = sorted(self._compiling[how, n_nodes][1:])
        return later[len(later) // 2]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._log.seek(0)
        raise RuntimeError(f"the BrainPy program ended:\n{self._log.read()[-2000:]}")
