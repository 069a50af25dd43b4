"""Files that are whole or not there: written aside, synced, then renamed once.

Every act that changes the disk passes through `op` before and after, so that tests can
stop the program, or fill the disk, at each of them.
"""

import contextlib
import ctypes
import errno
import json
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from jaxsim.store.owner import owner


PARTIAL = ".partial-"
OLD = "old"  # inside the folder aside: what is being replaced, while it has no name
FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up"}
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux


def op(what: str) -> None:
    """Called before and after every act that changes the disk; tests hook it."""


def write_file(path: Path, content: Any) -> None:
    """Write a file that is whole or not there: temporary name, fsync, rename."""
    op(f"write {path.name}")
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    op(f"wrote {path.name}")


def make_folder(path: Path) -> None:
    """Make a folder and those above it."""
    if not path.is_dir():
        op(f"mkdir {path.name}")
        path.mkdir(parents=True, exist_ok=True)


def sync_folders(folders: Iterable[Path]) -> None:
    """Make names durable: without this a power cut may take a written file's entry."""
    if sys.platform == "win32":
        return  # folders cannot be opened there
    for folder in sorted(set(folders)):
        op(f"fsync {folder.name}")
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sync_tree(root: Path) -> None:
    """Make every name below a folder durable, and the folder's own."""
    sync_folders([root, *(p for p in root.rglob("*") if p.is_dir())])


@contextlib.contextmanager
def aside(target: Path) -> Iterator[Path]:
    """A place beside a target to build its successor in: `name.partial-<uuid>/new`.

    The folder tells who owns it, so that `clean` knows whether that program still
    lives. It goes away with the context, whatever happens but a kill.
    """
    make_folder(target.parent)
    home = target.with_name(f"{target.name}{PARTIAL}{uuid.uuid4().hex}")
    try:
        op(f"mkdir {home.name}")
        home.mkdir()
        write_file(home / "owner.json", json.dumps(owner()).encode())
        yield home / "new"
    finally:
        op("remove the folder aside")
        shutil.rmtree(home, ignore_errors=True)
        op("removed the folder aside")


def settle(new: Path, target: Path, overwrite: bool) -> None:
    """Give what was built aside its name, in one step.

    Args:
        new: the file or folder inside the folder that `aside` gave.
        target: its name from now on.
        overwrite: replace what has that name. Where the system can (Linux), the two
            change names in one act; else the old one lies aside for a moment.

    Raises:
        FileExistsError: the name is taken, and `overwrite` is False.
    """
    op(f"rename to {target.name}")
    if not overwrite:
        _rename_to_free(new, target)
    elif new.is_file() or not target.exists():
        os.replace(new, target)
    elif not _exchange(new, target):
        _change_places(new, target)
    op(f"renamed to {target.name}")
    sync_folders([target.parent])


def _rename_to_free(new: Path, target: Path) -> None:
    try:
        if new.is_file():
            os.link(new, target)  # refuses an existing name, which rename does not
            new.unlink()
            return
        os.rename(new, target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise FileExistsError(
                errno.EEXIST, "the name is taken", str(target)
            ) from None
        raise


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths change names atomically; False where the system cannot."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    here = -100  # AT_FDCWD
    done = rename(here, os.fsencode(one), here, os.fsencode(other), _EXCHANGE)
    return done == 0


def _change_places(new: Path, target: Path) -> None:
    """Two renames where one act cannot do; `clean` undoes a half of it."""
    old = new.with_name(OLD)
    os.rename(target, old)
    op("moved the old one aside")
    try:
        os.rename(new, target)
    except BaseException:
        os.rename(old, target)
        raise


def free_name(target: Path, overwrite: bool, ours: Callable[[Path], bool]) -> None:
    """Refuse a taken name, or one whose content is not ours to replace.

    Raises:
        FileExistsError: taken; the sentence says what to do.
    """
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise FileExistsError(
            f"{target} exists already. Choose another name, or save(..., "
            "overwrite=True) to replace it."
        )
    if not ours(target):
        raise FileExistsError(
            f"{target} exists and was not written by jaxsim, so it is not overwritten. "
            "Choose another name, or remove it yourself."
        )


@contextlib.contextmanager
def told_when_full(path: Path, kept: str) -> Iterator[None]:
    """Turn a full disk into a sentence: where, what was kept, what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        free = ""
        with contextlib.suppress(OSError):
            free = f" ({shutil.disk_usage(_existing(path)).free / 2**20:.0f} MB free)"
        raise OSError(
            error.errno,
            f"{FULL[error.errno]}{free} while writing {path}: {kept} Free some space "
            "(js.store.clean removes what stopped programs left), or choose another "
            "disk.",
        ) from None


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
