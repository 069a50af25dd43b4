"""Random windows of 60 frames out of a store of ours, beside np.memmap."""

import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import jaxsim as js
from benchmarks.measuring import Effort, Table, Target, interleaved


WINDOW = 60  # frames
MOST = 6.0  # times np.memmap
PLAIN, OURS = "np.memmap, copied", "shards (what jaxsim does)"


def reads(store: Path, home: Path, effort: Effort) -> tuple[Table, Target]:
    """Time readers of the same frames by turns; all must give the same bytes.

    Args:
        store: of ours, with a movie "screen".
        home: for the plain file.
        effort: of the benchmark.
    """
    frames = js.load(store)["screen"].values
    frames.tofile(home / "frames.raw")
    plain = np.memmap(home / "frames.raw", frames.dtype, "r", shape=frames.shape)
    rows = js.Experiment(store).session.tracks["screen"].source
    asked = {OURS: "shards", "zarr-python": "zarr"}
    if importlib.util.find_spec("tensorstore") is not None:
        asked["tensorstore"] = "tensorstore"
    readers = {
        name: dataclasses.replace(rows, reader=reader).open()
        for name, reader in asked.items()
    }
    readers[PLAIN] = np.asarray(plain)
    n, last = effort.pick(64, 4), len(frames) - WINDOW
    for low in (0, last // 2 + 1, last):
        for name, reader in readers.items():
            if not np.array_equal(
                reader[low : low + WINDOW], plain[low : low + WINDOW]
            ):
                raise ValueError(f"{name} gives other frames from {low} on.")

    def windows(reader: Any, copied: bool) -> Callable[[int], None]:
        def call(number: int) -> None:
            for low in np.random.default_rng(number).integers(0, last, n).tolist():
                rows = reader[low : low + WINDOW]
                if copied:
                    rows.copy()

        return call

    calls = {name: windows(one, name == PLAIN) for name, one in readers.items()}
    found = interleaved(calls, effort._replace(rounds=9, most_s=30.0))
    ms = {name: 1e3 * timing.median_s / n for name, timing in found.items()}
    shape = " x ".join(map(str, (WINDOW, *frames.shape[1:])))
    table = Table(
        f"Random reads of {shape} {frames.dtype}",
        ("reader", "ms", "times np.memmap", "ms at best"),
        [
            [name, ms[name], ms[name] / ms[PLAIN], 1e3 * found[name].low_s / n]
            for name in sorted(ms, key=lambda name: ms[name])
        ],
    )
    ratio = ms[OURS] / ms[PLAIN]
    return table, Target("reads of a store, times np.memmap", ratio, MOST, False)
