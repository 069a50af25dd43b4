"""How many training samples per second, beside experanto on the same folder?

A sample is 60 frames of 144 x 256, 16 samples of 500 responses, and two behaviours of
60: experanto's default configuration. The folder is an export of ours. Files are in the
page cache. "bytes" keeps the movie as it is on disk, "finished" casts and normalises it
on the host, "device" is the loader with everything finished on the device.
experanto is run by its own Python, given as JAXSIM_EXPERANTO_PYTHON, by turns.

A second table has the reads alone: windows of our store beside np.memmap.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

import jaxsim as js
from benchmarks.chunk_reads import reads
from benchmarks.measuring import Effort, Own, Result, Table, Target, interleaved, say


PYTHON = "JAXSIM_EXPERANTO_PYTHON"
SCRIPT = Path(__file__).parent / "peers" / "experanto_chunks.py"
AT_LEAST = {"bytes": 40.0, "finished": 8.0, "device": 10.0}  # times experanto
MALLOC = "GLIBC_TUNABLES"  # glibc.malloc.hugetlb=1: new memory in large pages, not 4 kB
DEVICE_MS = 2.0  # a sample, as float32 on the device
BATCH = 16


def measure(effort: Effort) -> Result:
    seconds, n = effort.pick((120, 24), (10, 4))
    with tempfile.TemporaryDirectory() as home:
        folder, store = files(Path(home), seconds, effort)
        raw, reading = reads(store, Path(home), effort)
        calls = ours(folder, store, n, effort)
        peer = bool(os.environ.get(PYTHON))
        if peer:
            calls["experanto"] = lambda _: Own(theirs(folder, n) * n)
        found = interleaved(calls, effort._replace(rounds=5, most_s=240.0))
    per_second = {name: n / timing.median_s for name, timing in found.items()}
    rows = [
        [name, per_second[name], 1e3 * t.median_s / n, 1e3 * t.low_s / n]
        for name, t in found.items()
    ]
    say(", ".join(f"{name} {rate:.0f}/s" for name, rate in per_second.items()))
    columns = ("what", "samples/s", "ms a sample", "at best")
    device_ms = 1e3 / per_second["device"]
    targets = [
        reading,
        Target("a sample finished on the device", device_ms, DEVICE_MS, False, "ms"),
    ]
    for name, least in AT_LEAST.items() if peer else ():
        ratio = per_second[name] / per_second["experanto"]
        targets.append(Target(f"{name}, times experanto", ratio, least, True))
    notes = [] if peer else [f"experanto was not run: set {PYTHON}."]
    notes += [f"{MALLOC} = {os.environ.get(MALLOC, 'not set')}."]
    return Result([Table("Training samples", columns, rows), raw], targets, notes)


def files(home: Path, seconds: int, effort: Effort) -> tuple[Path, Path]:
    """The same recording as a folder of experanto and as a store of ours."""
    rng = np.random.default_rng(0)
    size = effort.pick((144, 256), (18, 32))

    def signal(values: np.ndarray, rate_hz: float, dims: str) -> js.Series:
        clock = js.Clock(np.zeros((), np.float32), rate_hz)
        return js.Series(values, clock, js.Signal(dims, "1", "made"))

    frames = rng.poisson(90, (seconds * 30, *size)).astype(np.uint8)
    drawn = {
        "screen": signal(frames, 30.0, "time y x"),
        "responses": signal(noise(rng, seconds * 8 + 1, 500), 8.0, "time cell"),
        "eye_tracker": signal(noise(rng, seconds * 20 + 1, 4), 20.0, "time axis"),
        "treadmill": signal(noise(rng, seconds * 20 + 1, 1), 20.0, "time axis"),
    }
    status = np.asarray(1, np.uint8)
    recording = js.Recording(tuple(drawn.values()), tuple(drawn), status)
    (folder,) = js.export_experanto(recording, home / "folder")
    return folder, js.save(recording, home / "store.zarr")


def noise(rng: np.random.Generator, n: int, n_signals: int) -> np.ndarray:
    return rng.normal(size=(n, n_signals)).astype(np.float32)


def ours(
    folder: Path, store: Path, n: int, effort: Effort
) -> dict[str, Callable[[int], object]]:
    plain = {
        "screen": js.Modality(30, 60),
        "responses": js.Modality(8, 16),
        "eye_tracker": js.Modality(30, 60),
        "treadmill": js.Modality(30, 60),
    }
    normal = {
        name: js.Modality(m.rate, m.chunk, normalize="zscore")
        for name, m in plain.items()
    }

    def picked(source: Path, modalities: dict) -> Callable[[int], object]:
        chunks = js.ChunkDataset(source, modalities)

        def call(number: int) -> None:
            rng = np.random.default_rng(number)
            for i in rng.integers(0, len(chunks), n):
                chunks[int(i)]

        return call

    batch = effort.pick(BATCH, 2)
    batches = js.ChunkDataset(folder, normal).batches(batch)
    stream = forever(batches)

    def device(_: int) -> object:
        got = 0
        while got < n:
            out, got = next(stream), got + batch
        return jax.block_until_ready(out["screen"])

    return {
        "bytes": picked(folder, plain),
        "finished": picked(folder, normal),
        "device": device,
        "bytes of a zarr store": picked(store, plain),
    }


def forever(batches: object) -> object:
    while True:
        yield from batches


def theirs(folder: Path, n: int) -> float:
    """Seconds a sample of experanto's default configuration, the median."""
    from jaxsim.convert.experanto import DEFAULT_MODALITY_CONFIG

    config = json.loads(json.dumps(DEFAULT_MODALITY_CONFIG))
    shown = np.load(next((folder / "screen" / "data").glob("*.npy")), mmap_mode="r")
    config["screen"]["interpolation"]["rescale_size"] = list(shown.shape[1:])
    ask = {"root": str(folder), "config": config, "how": {}, "indices": n, "times": 2}
    with tempfile.TemporaryDirectory() as home:
        request, out = Path(home) / "request.json", Path(home) / "out.npz"
        request.write_text(json.dumps(ask))
        command = [os.environ[PYTHON], str(SCRIPT), str(request), str(out)]
        subprocess.run(command, capture_output=True, text=True, check=True)
        return float(np.load(out)["median_s"])
