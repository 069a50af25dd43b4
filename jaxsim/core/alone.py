"""Whether the program being traced is one plain run, and no batch or derivative of one.

Some ways to compile are fast for a single run and do not survive `vmap` or `grad`. A
step asks `runs_alone()` while it is traced; only `simulate`, when it is called with
values that nobody traces, says yes.
"""

import contextlib
import contextvars
from collections.abc import Iterator


_alone = contextvars.ContextVar("alone", default=False)


def runs_alone() -> bool:
    """Whether what is traced now will run as it is."""
    return _alone.get()


@contextlib.contextmanager
def alone(yes: bool) -> Iterator[None]:
    """Say it for everything traced inside."""
    token = _alone.set(yes)
    try:
        yield
    finally:
        _alone.reset(token)
