"""Ctrl-C and SIGTERM end a command soon, also while it waits for a compiled program.

Python runs signal handlers between its own instructions only, and a thread that waits
inside XLA runs none until the program is done. So the signal also wakes a second thread
through a pipe; if the command has not ended by itself a moment later, that thread ends
it. Stores survive that: they are written so that they survive a kill at any point.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any


GRACE_S = 3.0
NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class Terminated(BaseException):
    """SIGTERM came."""


def said(number: int) -> str:
    """The sentence that a stopped command ends with."""
    return f"jaxsim: stopped by {NAMES[signal.Signals(number)]}"


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """While inside, SIGTERM raises Terminated, and both signals end what hangs."""
    if sys.platform == "win32" or (
        threading.current_thread() is not threading.main_thread()
    ):
        yield  # signals belong to the main thread, wakeup pipes to POSIX
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    left = threading.Event()
    fd_before = signal.set_wakeup_fd(writing)
    handler_before = signal.signal(signal.SIGTERM, _terminated)
    watcher = threading.Thread(target=_watch, args=(reading, left), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(fd_before)
        signal.signal(signal.SIGTERM, handler_before)
        os.close(writing)  # ends the watcher
        watcher.join()
        os.close(reading)


def _watch(reading: int, left: threading.Event) -> None:
    while received := os.read(reading, 1):
        if received[0] in NAMES and not left.wait(GRACE_S):
            print(said(received[0]), file=sys.stderr, flush=True)
            os._exit(128 + received[0])


def _terminated(number: int, frame: Any) -> None:
    raise Terminated
