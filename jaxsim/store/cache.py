"""`remembered`: simulate, unless the very same was simulated before on this machine."""

import contextlib
import functools
import hashlib
import inspect
import os
import shutil
import sys
import uuid
import warnings
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import jax
from jaxtyping import PRNGKeyArray

from jaxsim.core.blocks import at_hand
from jaxsim.core.declared import Declared
from jaxsim.core.pipeline import as_pipeline
from jaxsim.core.recording import Recording
from jaxsim.core.simulate import check_key, simulate
from jaxsim.core.step import AbstractStep, step_name
from jaxsim.store.disk import PARTIAL
from jaxsim.store.recordings import read_recording, write_recording
from jaxsim.store.seal import unseal
from jaxsim.store.spec import digest


LIMIT_GB = 5.0  # JAXSIM_CACHE_GB sets another
PACKAGE = __name__.partition(".")[0]


class CacheInfo(NamedTuple):
    """Where the cache lies, how many recordings it holds, and how large it is."""

    folder: Path
    recordings: int
    n_bytes: int
    limit_bytes: int


def remembered(
    process: AbstractStep,
    key: PRNGKeyArray,
    record: Sequence[str] | None = None,
    *,
    block: int | None = None,
) -> Recording:
    """`simulate`, kept in a cache folder: the second call reads what the first made.

    A result is found again only if nothing differs that could change it: any field or
    array of the process, the key, `record`, `block`, the float type, the device, the
    versions of jaxsim and JAX, the source of jaxsim and of your own classes. A damaged
    entry is computed again, with a warning. When the cache grows beyond its limit,
    what was not used for longest goes.

    The folder is the platform's cache folder, or JAXSIM_CACHE; the limit is 5 GB, or
    JAXSIM_CACHE_GB. `jaxsim cache --clear` empties it.

    Args:
        process, key, record, block: as `simulate` takes them.

    Returns:
        The recording that `simulate` gives, bit for bit.
    """
    check_key(key)
    as_pipeline(process, step_name(type(process)))  # refuses what is no process
    code = _own_code(process)
    if code is None:
        return simulate(process, key, record, block=block)
    names = (record,) if isinstance(record, str) else record
    facts = {
        "record": None if names is None else list(names),
        "block": block,
        "jax": metadata.version("jax"),
        "device": [jax.default_backend(), jax.devices()[0].device_kind],
        "source": _house_code(),
        "code": code,
    }
    entry = cache_folder() / f"{digest(process, key, **facts)}.zarr"
    found = _recall(entry)
    if found is None:
        found = simulate(process, key, record, block=block)
        _remember(found, entry)
    else:
        found = jax.tree.map(at_hand, found)  # as simulate gives it
    return found.made_by(process, key)


def cache_folder() -> Path:
    """Where recordings are remembered."""
    given = os.environ.get("JAXSIM_CACHE")
    if given:
        return Path(given).expanduser() / "recordings"
    home = Path.home()
    if sys.platform == "darwin":
        base = home / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "jaxsim" / "recordings"


def cache_info() -> CacheInfo:
    """Where the cache is, what it holds, and its limit."""
    sizes = [size for _, size, _ in _entries()]
    return CacheInfo(cache_folder(), len(sizes), sum(sizes), _limit())


def cache_clear() -> int:
    """Forget everything; gives the number of recordings that went."""
    n = len(_entries())
    shutil.rmtree(cache_folder(), ignore_errors=True)
    return n


def _recall(entry: Path) -> Recording | None:
    if not entry.is_dir():
        return None
    try:
        facts = unseal(entry)
        facts.pop("process", None)  # the caller has it
        found = read_recording(entry, facts)
    except (ValueError, OSError, KeyError) as error:
        if entry.is_dir():  # else another program made room meanwhile
            _forget(entry)
            warnings.warn(
                f"a remembered recording was damaged and is computed again: {error}",
                stacklevel=3,
            )
        return None
    with contextlib.suppress(OSError):
        os.utime(entry)  # what is used stays
    return found


def _remember(recording: Recording, entry: Path) -> None:
    """Write an entry and make room; failing to is a warning, never an error."""
    size = sum(s.values.size * s.values.dtype.itemsize for s in recording.series)
    if size > _limit():
        return
    try:
        with contextlib.suppress(FileExistsError):  # another program was first
            write_recording(recording, entry, overwrite=False)
    except (OSError, TypeError) as error:
        warnings.warn(f"the recording is not remembered: {error}", stacklevel=3)
        return
    entries = _entries()
    total = sum(size for _, size, _ in entries)
    for _, size, path in entries:  # oldest use first
        if total <= _limit():
            break
        if path != entry:
            _forget(path)
            total -= size


def _forget(entry: Path) -> None:
    """Take an entry's name away first, so that nobody finds half of it."""
    away = entry.with_name(f"{entry.name}{PARTIAL}{uuid.uuid4().hex}")
    with contextlib.suppress(OSError):
        os.rename(entry, away)
        shutil.rmtree(away, ignore_errors=True)


def _entries() -> list[tuple[float, int, Path]]:
    """(last use, bytes, path) of every entry, oldest first."""
    found = []
    for path in cache_folder().glob("*.zarr"):
        with contextlib.suppress(OSError):
            size = sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
            found.append((path.stat().st_mtime, size, path))
    return sorted(found)


def _limit() -> int:
    given = os.environ.get("JAXSIM_CACHE_GB", "")
    try:
        return int(float(given or LIMIT_GB) * 1e9)
    except ValueError:
        raise ValueError(f"JAXSIM_CACHE_GB = {given!r} is not a number.") from None


@functools.cache
def _house_code() -> str:
    """Digest of jaxsim's own source: in a working copy the version does not move."""
    root = Path(__file__).parents[1]
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        whole.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()


def _own_code(process: Declared) -> dict[str, str] | None:
    """Digests of the source of classes from outside; None where it cannot be read."""
    found = {}
    for cls in _classes(process):
        for part in cls.__mro__:
            module = part.__module__
            if module.partition(".")[0] in (PACKAGE, "equinox", "builtins", "abc"):
                continue
            try:
                source = inspect.getsource(sys.modules[module])
            except (OSError, TypeError, KeyError):
                try:
                    source = inspect.getsource(part)
                except (OSError, TypeError):
                    warnings.warn(
                        f"the source of {part.__name__} cannot be read, so a change to "
                        "it would not be seen; its recordings are not remembered.",
                        stacklevel=3,
                    )
                    return None
            found[part.__qualname__] = hashlib.sha256(source.encode()).hexdigest()
    return found


def _classes(process: Any) -> Iterator[type]:
    if isinstance(process, Declared):
        yield type(process)
        for part in process._parts().values():
            yield from _classes(part)
    elif isinstance(process, tuple):
        for part in process:
            yield from _classes(part)
