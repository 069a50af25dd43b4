"""How many XLA programs a call compiles, by the name of the jitted function."""

from collections import Counter

import jax


_EVENT = "/jax/core/compile/backend_compile_duration"
_COMPILED: Counter = Counter()


def _listen(name, *args, fun_name="", **more):
    if name == _EVENT:
        _COMPILED[fun_name.removeprefix("jit(").removesuffix(")")] += 1


jax.monitoring.register_event_duration_secs_listener(_listen)


def compiled(call):
    """The programs that a call compiles, by name, and what it returns."""
    before = Counter(_COMPILED)
    out = call()
    return _COMPILED - before, out
