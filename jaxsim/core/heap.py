"""Memory that compilers leave behind goes back to the system."""

import ctypes
import functools
import sys
from typing import Any

import jax


COMPILED = "/jax/core/compile/backend_compile_duration"
LONG_S = 0.5  # a compilation that leaves more than tens of MB


@functools.cache
def watch_compilers() -> None:
    """From now on, long compilations of this process give their memory back.

    A compiler takes some hundred MB in small pieces, and the C library keeps them for
    the next small pieces, while the large arrays of a movie are taken anew.
    """
    if sys.platform == "linux":
        jax.monitoring.register_event_duration_secs_listener(_give_back)


def _give_back(event: str, duration_secs: float, **_: Any) -> None:
    if event == COMPILED and duration_secs > LONG_S:
        _trim(0)


def _trim(pad: int) -> None:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc
    if trim is not None:
        trim(pad)
