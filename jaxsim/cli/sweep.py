"""`sweep`: a process over a design, as a table, a store and a picture."""

import dataclasses
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from jaxsim.cli.run import check_out, draw
from jaxsim.cli.source import OfProcess
from jaxsim.cli.source_grid import is_source_grid, run_source_grid
from jaxsim.core.recording import ERROR, NON_FINITE


Repeated = tyro.conf.UseAppendAction[tuple[str, ...]]


@dataclasses.dataclass(frozen=True)
class Sweep(OfProcess):
    """Run a process at many points; runs that share a program run at once.

    jaxsim sweep wendling --over network.model.B=10:40:7
    jaxsim sweep wendling --over network.model.B=10,20,40 --over network.model.G=0:30:4
    jaxsim sweep whole_brain --over brain.coupling.G=log:0.1:30:32 --out g.zarr
    jaxsim sweep wendling --prior network.model.A=3:8 --draws 64 --csv a.csv
    jaxsim sweep calibration --over noise.alpha_snr=0.3,0.5,0.8 --record peak_error
    jaxsim sweep calibration.yaml --csv runs.csv     (a grid of source estimates)
    """

    over: Annotated[Repeated, tyro.conf.arg(metavar="PATH=VALUES")] = ()
    """values to visit: 1,2,5 or FROM:TO:COUNT or log:FROM:TO:COUNT; several --over
    visit every combination"""
    prior: Annotated[Repeated, tyro.conf.arg(metavar="PATH=LOW:HIGH")] = ()
    """a range to draw from (log:LOW:HIGH draws evenly in decades)"""
    draws: int = 32
    """how many points to draw from the priors"""
    method: Literal["random", "latin_hypercube", "sobol"] = "random"
    """how to place the draws"""
    repeats: int = 1
    """runs of each point, with other noise"""
    pairing: Literal["independent", "paired"] = "independent"
    """paired: the same noise at every point, other in each repeat"""
    seed: int = 0
    """another number, other noise"""
    record: Annotated[Repeated, tyro.conf.arg(metavar="SIGNAL")] = ("activity",)
    """what to record"""
    block: int | None = None
    """runs at a time; by default what fits into memory"""
    out: Annotated[str, tyro.conf.arg(metavar="STORE.zarr")] = ""
    """a store, written as the sweep goes; the same command goes on where it stopped"""
    csv: Annotated[str, tyro.conf.arg(metavar="FILE.csv")] = ""
    """the table as a file"""
    plot: bool = False
    """draw the runs into a .png beside --out, or in this folder"""
    picture: str = ""
    """what --plot draws: a signal's name, or spectrum"""

    def run(self, rest: list[str]) -> int:
        """Sweep, print the table, keep it."""
        import jax

        from jaxsim.study.sweep import sweep

        check_out(self.csv, (".csv",))
        if is_source_grid(self.process):
            return self.grid_of_file(rest)
        check_out(self.out, (".zarr",))
        process = self.ready(rest, f"jaxsim sweep {self.process}")
        design = self.design()
        began = time.perf_counter()
        runs = sweep(
            process, design, jax.random.key(self.seed), self.record,
            repeats=self.repeats, pairing=self.pairing, block=self.block,
            store=self.out or None,
        )  # fmt: skip
        print(runs)
        print(f"took {time.perf_counter() - began:.2f} s, compilation included\n")
        frame = summary(runs, self.record[0])
        print(frame.to_string(max_rows=40, float_format=lambda v: f"{v:.4g}"))
        if self.csv:
            frame.to_csv(self.csv, index=False)
            print(f"kept: {self.csv}")
        if self.out:
            print(f"kept: {Path(self.out)}")
        if self.plot:
            draw(runs, self.picture, Path(self.out or self.stem).with_suffix(".png"))
        return 0 if runs.ok else 1

    def grid_of_file(self, rest: list[str]) -> int:
        """Run a file that says everything itself."""
        said = {"--over": self.over, "--prior": self.prior, "--set": self.set}
        for flag in (*(flag for flag, value in said.items() if value), *rest):
            raise ValueError(
                f"{self.process} says its grids itself, so {flag} has no place; change "
                "the file."
            )
        table = run_source_grid(self.process, self.csv, self.out, self.block)
        return 0 if not (table["status"].isin((NON_FINITE, ERROR))).any() else 1

    def design(self) -> Any:
        """The points that --over and --prior describe."""
        import jax

        from jaxsim.study.design import draws, grid

        if not self.over and not self.prior:
            raise ValueError(
                "what shall be swept? Say --over PATH=FROM:TO:COUNT; "
                f"jaxsim show {self.process} lists the paths."
            )
        found = None
        if self.over:
            found = grid(dict(values_of(text) for text in self.over))
        if self.prior:
            prior = dict(range_of(text) for text in self.prior)
            key = jax.random.fold_in(jax.random.key(self.seed), 1)
            drawn = draws(prior, self.draws, key, self.method)
            found = drawn if found is None else found * drawn
        return found


def values_of(text: str) -> tuple[str, Any]:
    """`path=1:10:4`, `path=log:1:100:3` or `path=1,2,5` as a path and its values."""
    from jaxsim.store.documents import loads

    path, equals, values = text.partition("=")
    parts = values.split(":")
    log = parts[0] == "log"
    try:
        if not equals or not values:
            raise ValueError
        if len(parts) == 3 + log:
            low, high, count = float(parts[-3]), float(parts[-2]), int(parts[-1])
            make = np.geomspace if log else np.linspace
            return path, make(low, high, count)
        if len(parts) != 1:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"--over {text}: write PATH=1,2,5 or PATH=FROM:TO:COUNT or "
            "PATH=log:FROM:TO:COUNT."
        ) from None
    return path, [loads(value, "yaml") for value in values.split(",")]


def range_of(text: str) -> tuple[str, Any]:
    """`path=1:10` or `path=log:1:10` as a path and its prior."""
    from jaxsim.study.prior import log_uniform, uniform

    path, _, values = text.partition("=")
    parts = values.split(":")
    log = parts[0] == "log"
    try:
        low, high = (float(part) for part in parts[log:])
    except ValueError:
        raise ValueError(
            f"--prior {text}: write PATH=LOW:HIGH or log:LOW:HIGH."
        ) from None
    return path, (log_uniform if log else uniform)(low, high)


def summary(runs: Any, name: str) -> Any:
    """A row per run: its point, and mean, spread and peak frequency of a signal."""
    import jax.numpy as jnp

    from jaxsim.measure.spectrum import peak_frequency, welch

    clock, card = runs[name].clock, runs[name].card
    n_samples = runs[name].values.shape[np.ndim(runs.status)]
    rate = None if clock is None or n_samples < 64 else clock.rate_hz

    def describe(values: Any) -> dict[str, Any]:
        found = {"mean": values.mean(), "sd": values.std(axis=0).mean()}
        if rate is not None and card.dims.startswith("time"):
            freqs, psd = welch(values.reshape(n_samples, -1), rate)
            found["peak_hz"] = jnp.mean(peak_frequency(freqs, psd))
        return found

    return runs.measure(describe, name).to_dataframe()
