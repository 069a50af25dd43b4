"""Programs killed, disks full, power that fails: never half a store."""

import asyncio
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import jaxsim as js
from jaxsim.store import disk
from tests.store import faults
from tests.store.examples import batch, big, plain, same, small_recording


ROOT = Path(__file__).parents[2]
JOBS = tuple(faults.JOBS)


def kill(step):
    out = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.store.faults", str(step)],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    print(out.stdout)
    assert out.returncode == 0, out.stdout + out.stderr
    found = re.findall(
        r"(\w+): (\d+) acts, (\d+) kills, .* (\d+) wrong, (\d+) left", out.stdout
    )
    assert [name for name, *_ in found] == list(JOBS)
    return [(int(acts), int(kills)) for _, acts, kills, *_ in found]


def test_a_kill_leaves_what_is_whole_or_nothing_at_all():
    assert all(kills >= 3 for _, kills in kill(16))


@pytest.mark.slow
def test_a_kill_at_every_act_leaves_what_is_whole_or_nothing_at_all():
    assert all(kills >= acts - 3 for acts, kills in kill(1))


async def at_once(function, *args):
    return function(*args)


class Fault:
    """Raise an error at the n-th act that writes; count all of them."""

    def __init__(self, monkeypatch, n=-1, code=errno.ENOSPC):
        self.count, self.n, self.code = 0, n, code
        # threads of zarr that race make one act more or less each time
        monkeypatch.setattr(asyncio, "to_thread", at_once)
        monkeypatch.setattr(disk, "op", self)

    def __call__(self, what):
        if what.split()[0] in ("write", "mkdir", "fsync", "rename"):
            self.count += 1
            if self.count == self.n:
                raise OSError(self.code, os.strerror(self.code))


def every(total, sparse=True):
    return range(1, total + 1, 5 if sparse else 1)


def save_with_faults(monkeypatch, tmp_path, thing, name, sparse):
    (tmp_path / "whole").mkdir()
    counting = Fault(monkeypatch)
    js.save(thing, tmp_path / "whole" / name)
    for n in every(counting.count, sparse):
        folder = tmp_path / str(n)
        folder.mkdir()
        Fault(monkeypatch, n)
        with pytest.raises(OSError, match="the disk is full.*nothing was saved"):
            js.save(thing, folder / name)
        Fault(monkeypatch)
        js.store.clean(folder, older_than_s=0.0)
        left = [p for p in os.listdir(folder) if not p.endswith(".arrays.zarr")]
        assert (
            left == [] or n == counting.count
        )  # the last act is a sync of a whole one
        js.save(thing, folder / name, overwrite=bool(left))
    return counting.count


@pytest.mark.parametrize("name", ["r.zarr", "p.yaml", "p.zarr"])
def test_a_full_disk_is_told_and_leaves_nothing(monkeypatch, tmp_path, name):
    thing = batch() if name == "r.zarr" else big()
    assert save_with_faults(monkeypatch, tmp_path, thing, name, sparse=True) > 5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["r.zarr", "p.yaml", "p.zarr"])
def test_a_full_disk_at_every_act_leaves_nothing(monkeypatch, tmp_path, name):
    thing = batch() if name == "r.zarr" else big()
    assert save_with_faults(monkeypatch, tmp_path, thing, name, sparse=False) > 5


def test_a_full_disk_leaves_the_old_store_alone(monkeypatch, tmp_path):
    path = tmp_path / "r.zarr"
    js.save(batch(), path)
    counting = Fault(monkeypatch)
    js.save(small_recording(), path, overwrite=True)
    Fault(monkeypatch)
    js.save(batch(), path, overwrite=True)
    for n in every(counting.count - 1):
        Fault(monkeypatch, n)
        with pytest.raises(OSError, match="the old store is untouched") as caught:
            js.save(small_recording(), path, overwrite=True)
        assert caught.value.errno == errno.ENOSPC
        assert same(js.load(path), batch())
    assert os.listdir(tmp_path) == ["r.zarr"]


def test_a_full_disk_leaves_the_old_process_file_alone(monkeypatch, tmp_path):
    path = tmp_path / "p.yaml"
    js.save(plain(), path)
    counting = Fault(monkeypatch)
    js.save(plain(), path, overwrite=True)  # the least that any overwriting does
    for n in range(1, counting.count):
        Fault(monkeypatch, n)
        with pytest.raises(OSError, match="the old one is untouched"):
            js.save(big(), path, overwrite=True)
        assert js.digest(js.load(path)) == js.digest(plain())


def test_a_quota_is_told_and_another_error_is_left_as_it_is(monkeypatch, tmp_path):
    Fault(monkeypatch, 3, errno.EDQUOT)
    with pytest.raises(OSError, match="the disk quota is used up"):
        js.save(batch(), tmp_path / "r.zarr")
    Fault(monkeypatch, 3, errno.EACCES)
    with pytest.raises(PermissionError):
        js.save(batch(), tmp_path / "r.zarr")


def test_a_full_disk_keeps_the_blocks_of_a_sweep_that_are_done(monkeypatch, tmp_path):
    counting = Fault(monkeypatch)
    faults.sweep(tmp_path / "whole.zarr")
    for n in range(1, counting.count + 1, 12):
        folder = tmp_path / f"{n}.zarr"
        Fault(monkeypatch, n)
        with pytest.raises(OSError, match="the disk is full.*the same sweep goes on"):
            faults.sweep(folder)
        Fault(monkeypatch)
        assert faults.sweep_is_never_wrong(folder)
        done = faults.finished_blocks(folder)
        whole, redone = faults.sweep(folder)
        assert redone == 4 - done
        assert np.array_equal(whole["lfp"].values, faults.run_values(range(7)))


TMPFS = """
mount -t tmpfs -o size=700k tmpfs "$1" || exit 77
cd "$2" && exec "$3" - "$1" <<'EOF'
import errno
import sys
import numpy as np
import jaxsim as js
from tests.store.examples import batch, same
where = sys.argv[1]
js.save(batch(), where + "/old.zarr")
one = batch()["lfp"]
rng = np.random.default_rng(0)
values = rng.normal(size=(2, 3, 60000, 2)).astype(np.float32)
big = js.Recording(
    (js.Series(values, one.clock, one.card, one.labels),), ("lfp",), batch().status
)
for name, overwrite in (("new.zarr", False), ("old.zarr", True)):
    try:
        js.save(big, where + "/" + name, overwrite=overwrite)
    except OSError as error:
        print(error.errno == errno.ENOSPC, str(error))
import os
print(sorted(os.listdir(where)), same(js.load(where + "/old.zarr"), batch()))
EOF
"""


def test_a_disk_that_is_really_full(tmp_path):
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here to mount a small disk with")
    out = subprocess.run(
        ["unshare", "-rm", "sh", "-c", TMPFS, "sh", tmp_path, ROOT, sys.executable],
        capture_output=True, text=True,
    )  # fmt: skip
    if out.returncode == 77 or "unshare" in out.stderr:
        pytest.skip(f"small disks cannot be mounted here: {out.stderr.strip()}")
    assert out.returncode == 0, out.stderr
    lines = out.stdout.strip().splitlines()
    assert len(lines) == 3
    assert all(
        line.startswith("True [Errno 28] the disk is full") for line in lines[:2]
    )
    assert lines[2] == "['old.zarr'] True"


class Watch:
    """Which files and folders were synced, by inode, since they last changed."""

    def __init__(self, monkeypatch):
        self.synced = {}
        real = os.fsync

        def fsync(handle):
            real(handle)
            found = os.fstat(handle)
            self.synced[found.st_ino] = found.st_mtime_ns

        monkeypatch.setattr(os, "fsync", fsync)

    def durable(self, path):
        found = path.stat()
        return self.synced.get(found.st_ino, -1) >= found.st_mtime_ns


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be synced there")
def test_a_name_is_given_only_to_what_is_on_the_disk(monkeypatch, tmp_path):
    watch, checked = Watch(monkeypatch), []

    def op(what):
        if what.startswith("rename to"):
            (new,) = tmp_path.glob("*.partial-*/new")
            below = [new, *new.rglob("*")]
            assert all(watch.durable(p) for p in below)
            checked.append(len(below))
        if what == "remove the folder aside":
            assert watch.durable(tmp_path)  # and so is the name
            checked.append("durable")

    monkeypatch.setattr(disk, "op", op)
    js.save(batch(), tmp_path / "r.zarr")
    assert checked[0] > 20 and checked[1] == "durable"


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be synced there")
def test_a_status_is_never_ahead_of_its_values(monkeypatch, tmp_path):
    store = faults.store_of(tmp_path / "s.zarr")
    watch, checked = Watch(monkeypatch), []

    def op(what):
        if what.startswith("write c.0") and checked:  # the last file is the status
            group = tmp_path / "s.zarr/recording/lfp"
            if len(checked) == 3:
                files = [
                    group / "lfp/c.0.0.0",
                    group / "start_s/c.0",
                    group / "time/c.0",
                ]
                assert all(watch.durable(f) and watch.durable(f.parent) for f in files)
        if what.startswith("wrote c.0"):
            checked.append(what)

    monkeypatch.setattr(disk, "op", op)
    store.write(0, faults.block_of(faults.RUNS[:2]))
    assert checked == ["wrote c.0.0.0", "wrote c.0", "wrote c.0", "wrote c.0"]
    assert watch.durable(tmp_path / "s.zarr/status/c.0")
    assert watch.durable(tmp_path / "s.zarr/status")


def test_two_programs_may_sweep_into_one_folder_at_once(tmp_path):
    code = (
        "import sys, pathlib, numpy as np\nfrom tests.store import faults\n"
        "whole, _ = faults.sweep(pathlib.Path(sys.argv[1]))\n"
        "assert np.array_equal(whole['lfp'].values, faults.run_values(range(7)))"
    )
    folder = str(tmp_path / "s.zarr")
    start = [sys.executable, "-c", code, folder]
    both = [subprocess.Popen(start, cwd=ROOT) for _ in range(2)]
    assert [p.wait() for p in both] == [0, 0]
    assert faults.sweep(Path(folder))[1] == 0
    assert not list(tmp_path.rglob("*.partial*"))


SWEEP = """
import os, signal, sys
import jax
import jaxsim as js
from jaxsim.store import disk
from tests.store.examples import plain

folder, n, count = sys.argv[1], int(sys.argv[2]), 0

def op(what):
    global count
    count += 1
    if count == n:
        os.kill(os.getpid(), signal.SIGKILL)

disk.op = op
design = js.grid({"leak.fraction": [0.1, 0.4, 0.9], "nodes.level": [1.0, 2.0, 3.0]})
js.sweep(plain(), design, jax.random.key(5), block=4, store=folder, progress=False)
print(count)
"""


@pytest.mark.slow
def test_a_swept_process_killed_for_good_ends_as_an_unbroken_one(tmp_path):
    def run(folder, n):
        start = [sys.executable, "-c", SWEEP, str(folder), str(n)]
        return subprocess.run(start, capture_output=True, text=True, cwd=ROOT)

    total = int(run(tmp_path / "whole.zarr", -1).stdout)
    whole = js.load(tmp_path / "whole.zarr")
    for n in np.linspace(2, total - 2, 5).astype(int):
        folder = tmp_path / f"{n}.zarr"
        assert run(folder, n).returncode == -signal.SIGKILL
        assert run(folder, -1).returncode == 0
        assert same(js.load(folder), whole)
    js.store.clean(tmp_path, older_than_s=0.0)
    assert not list(tmp_path.rglob("*.partial*"))


def test_clean_removes_what_the_dead_left_and_nothing_else(tmp_path):
    code = (
        "import os, sys\nimport jaxsim as js\nfrom jaxsim.store import disk\n"
        "from tests.store.examples import batch\n"
        "disk.op = lambda what: what == 'rename to dead.zarr' and os._exit(9)\n"
        "js.save(batch(), sys.argv[1])"
    )
    dead = str(tmp_path / "dead.zarr")
    assert subprocess.run([sys.executable, "-c", code, dead], cwd=ROOT).returncode == 9
    js.save(batch(), tmp_path / "alive.zarr")
    with disk.aside(tmp_path / "mine.zarr") as new:
        new.mkdir()
        (tmp_path / "unknown.zarr.partial-0").mkdir()
        assert len(list(tmp_path.glob("*.partial-*"))) == 3
        removed = js.store.clean(tmp_path)
        assert len(removed) == 1 and "dead.zarr.partial-" in removed[0]
        assert new.is_dir()
    removed = js.store.clean(tmp_path, older_than_s=0.0)
    assert [Path(p).name for p in removed] == ["unknown.zarr.partial-0"]
    assert same(js.load(tmp_path / "alive.zarr"), batch())
    with pytest.raises(FileNotFoundError, match="no such folder to clean"):
        js.store.clean(tmp_path / "none")


def test_another_machines_folder_is_left_until_it_is_old(tmp_path):
    aside = tmp_path / "x.zarr.partial-1"
    aside.mkdir()
    (aside / "owner.json").write_text('{"pid": 1, "host": "elsewhere", "born": ""}')
    assert js.store.clean(tmp_path) == []
    os.utime(aside, (0, 0))
    assert js.store.clean(tmp_path) == [str(aside)]
