"""Which program is at work on a folder, and whether it still lives."""

import os
import socket
import time
from pathlib import Path
from typing import Any


def owner() -> dict[str, Any]:
    """A record of this program, to lie beside its unfinished work."""
    pid = os.getpid()
    return {"pid": pid, "host": host(), "born": born(pid), "time": time.time()}


def host() -> str:
    """The name of this machine."""
    return socket.gethostname()


def born(pid: int) -> str:
    """When a process began, in ticks since boot: its number may be used again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def alive(record: dict[str, Any]) -> bool | None:
    """Whether an owner lives; None when this machine cannot know."""
    if record.get("host") != host():
        return None
    pid = record.get("pid")
    try:
        os.kill(int(pid), 0)  # type: ignore[arg-type]
    except ProcessLookupError:
        return False
    except (PermissionError, OSError, TypeError, ValueError):
        return None
    return record.get("born") == born(int(pid))  # type: ignore[arg-type]
