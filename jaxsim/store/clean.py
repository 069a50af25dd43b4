"""Removing what stopped programs left behind."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from jaxsim.store.disk import OLD, PARTIAL
from jaxsim.store.owner import alive


def clean(folder: Any = ".", *, older_than_s: float = 86400.0) -> list[str]:
    """Remove what programs that were killed while saving left in a folder.

    Goes away: every `*.partial-*` whose owner, recorded inside, is dead, and, also
    below the stores in the folder, any that cannot be judged (another machine's, or
    without a record) once it is old. Finished stores are never touched.

    Args:
        folder: where stores lie.
        older_than_s: age in seconds from which an unjudged one counts as left behind.

    Returns:
        The paths removed, for people to read.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: there is no such folder to clean.")
    removed = []
    for path in sorted(root.glob(f"*{PARTIAL}*")):
        if path.is_dir() and _stale(path, older_than_s):
            _give_back(path)
            shutil.rmtree(path)
            removed.append(str(path))
    for path in sorted(root.rglob("*.partial")):
        if path.is_file() and _age(path) > older_than_s:
            path.unlink()
            removed.append(str(path))
    return removed


def _stale(path: Path, older_than_s: float) -> bool:
    try:
        record = json.loads((path / "owner.json").read_text())
        lives = alive(record) if isinstance(record, dict) else None
    except (OSError, ValueError):
        lives = None
    return _age(path) > older_than_s if lives is None else not lives


def _give_back(path: Path) -> None:
    """A program killed between two renames left the old data without their name."""
    target = path.with_name(path.name.rpartition(PARTIAL)[0])
    if (path / OLD).exists() and not target.exists():
        os.rename(path / OLD, target)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
