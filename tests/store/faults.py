"""Kill a program at chosen acts on the disk, then look at what it left.

Run as `python -m tests.store.faults STEP [JOB ...]`: for each job, forked programs are
ended by `os._exit` at every STEP-th of its acts (a torn job leaves a torn file there,
as a power cut may). The parent wakes neither JAX nor zarr before all forks are over, so
forking is safe; it prints a line per job that counts what it found.
"""

import os
import shutil
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import zarr  # before the forks, once

import jaxsim as js
from jaxsim.store import disk
from jaxsim.store.facts import StoredDesign
from jaxsim.store.sweeps import SweepStore
from tests.store.examples import batch, same, small_recording


RUNS = np.asarray([0, 2, 4, 1, 3, 5, 6, -1])
BLOCK = 2


def run_values(runs):
    """What run i gives: known without running anything."""
    wave = np.arange(6, dtype=np.float32).reshape(3, 2)
    return np.stack([wave * 0 if i == 0 else wave + i for i in runs])


def block_of(runs):
    one = small_recording()["lfp"]
    runs = np.where(runs < 0, RUNS.max(), runs)
    clock = js.Clock(np.zeros(len(runs), np.float32), 100.0)
    series = js.Series(run_values(runs), clock, one.card, one.labels)
    status = np.where(runs == 4, 2, 1).astype(np.uint8)
    return js.Recording((series,), ("lfp",), status)


def store_of(folder):
    design = StoredDesign(
        {"axes": [["run", 7]], "values": {"a": {"axis": "run", "values": [0.5] * 7}}}
    )
    template = block_of(RUNS[:BLOCK])
    return SweepStore(
        folder, {"record": ["lfp"]}, ("lfp",), template, BLOCK, RUNS, design
    )


def sweep(folder):
    """A sweep of four blocks; done ones are not computed again."""
    store = store_of(folder)
    redone = 0
    for b in range(len(RUNS) // BLOCK):
        if not store.done(b):
            store.write(b, block_of(RUNS[b * BLOCK : (b + 1) * BLOCK]))
            redone += 1
    return store.read(), redone


def sweep_is_never_wrong(folder):
    """Finished lanes are right, the others say that they are pending."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = js.load(folder)
    except (FileNotFoundError, ValueError):
        return True
    done = np.asarray(found.status) != 0
    return np.array_equal(found["lfp"].values[done], run_values(range(7))[done])


def finished_blocks(folder):
    """Blocks that the store says are done."""
    if not folder.exists():
        return 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        status = np.asarray(js.load(folder).status)
    blocks = RUNS.reshape(-1, BLOCK)
    return sum(all(status[run] != 0 for run in runs if run >= 0) for runs in blocks)


def check_sweep(folder):
    """No finished block is computed again, and the end is that of an unbroken one."""
    fine, before = sweep_is_never_wrong(folder), finished_blocks(folder)
    whole, redone = sweep(folder)
    equal = np.array_equal(whole["lfp"].values, run_values(range(7)))
    loaded = np.array_equal(js.load(folder)["lfp"].values, run_values(range(7)))
    return fine and equal and loaded and redone == 4 - before


def check_torn_sweep(folder):
    fine = sweep_is_never_wrong(folder)
    whole, _ = sweep(folder)
    return fine and np.array_equal(whole["lfp"].values, run_values(range(7)))


def save(folder):
    js.save(batch(), folder)


def check_save(folder):
    if folder.exists() and not same(js.load(folder), batch()):
        return False
    js.save(batch(), folder, overwrite=True)
    return same(js.load(folder), batch())


def overwrite(folder):
    js.save(small_recording(), folder, overwrite=True)


def prepare_overwrite(folder):
    js.save(batch(), folder)


def check_overwrite(folder):
    found = js.load(folder)
    if not (same(found, batch()) or same(found, small_recording())):
        return False
    overwrite(folder)
    return same(js.load(folder), small_recording())


def two_renames(folder):
    """As on a system that cannot let two folders change names in one act."""
    disk._exchange = lambda one, other: False
    overwrite(folder)


def check_two_renames(folder):
    if not folder.exists():
        try:
            js.load(folder)
        except FileNotFoundError as error:
            if "the old one is safe" not in str(error):
                return False
    js.store.clean(folder.parent)
    return check_overwrite(folder)


JOBS = {
    "save": (save, None, check_save),
    "overwrite": (overwrite, prepare_overwrite, check_overwrite),
    "two_renames": (two_renames, prepare_overwrite, check_two_renames),
    "sweep": (sweep, None, check_sweep),
    "torn_sweep": (sweep, None, check_torn_sweep),
}


def killing(job, folder, n, torn):
    """Do a job, counting its acts on the disk; end the program at the n-th."""
    count = 0

    def op(what):
        nonlocal count
        count += 1
        if count == n:
            if torn and what.startswith("wrote "):
                cut_in_half(folder.parent, what.removeprefix("wrote "))
            os._exit(9)

    disk.op = op
    with zarr.config.set({"async.concurrency": 1}):  # acts come in one order
        job(folder)
    return count


def cut_in_half(root, name):
    """What a power cut may leave of the file that was written last."""
    files = [p for p in root.rglob(name) if p.is_file()]
    path = max(files, key=lambda p: p.stat().st_mtime_ns)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def child(act):
    """Fork; the child does one thing and ends."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
        except BaseException as error:
            print("child:", type(error).__name__, error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def kill_all(root, name, step):
    """Kill a job at every step-th of its acts, each in a folder of its own."""
    job, prepare, _ = JOBS[name]
    torn = name.startswith("torn")

    def place(n):
        folder = root / name / f"{n}" / "x.zarr"
        folder.parent.mkdir(parents=True)
        if prepare and child(partial(prepare, folder)):
            raise SystemExit(f"{name}: nothing to start from")
        return folder

    def count(folder):
        (root / "count").write_text(str(killing(job, folder, -1, torn)))

    if child(partial(count, place(0))):
        raise SystemExit(f"{name}: cannot be done at all")
    total = int((root / "count").read_text())
    points = []
    for n in range(1, total + 1, step):
        code = child(partial(killing, job, place(n), n, torn))
        if code == 0 and n > total - 3:  # threads may make one folder twice, or once
            continue
        if code != 9:
            raise SystemExit(f"{name}: not killed at {n}")
        points.append(n)
    return total, points


def look(root, name, total, points):
    """What the kills left: is it whole or absent, can it be gone on with?"""
    check = JOBS[name][2]
    early = wrong = left = 0
    for n in points:
        folder = root / name / f"{n}" / "x.zarr"
        early += not folder.exists()
        if not check(folder):
            wrong += 1
            print(f"{name}: wrong after a kill at {n}", file=sys.stderr)
        js.store.clean(folder.parent, older_than_s=0.0)
        left += len([p for p in folder.parent.iterdir() if ".partial-" in p.name])
    print(
        f"{name}: {total} acts, {len(points)} kills, {early} before there was a name, "
        f"{wrong} wrong, {left} left after clean"
    )
    return wrong + left


def main(step, names):
    root = Path(tempfile.mkdtemp())
    killed = {name: kill_all(root, name, step) for name in names}
    bad = sum(look(root, name, *found) for name, found in killed.items())
    shutil.rmtree(root)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:] or list(JOBS)))
