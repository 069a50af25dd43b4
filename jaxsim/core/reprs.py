"""How a declared object prints: its kind, and what differs from the defaults."""

import dataclasses
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from jaxsim.core.param import shortest


WIDTH = 80


def changed_only(thing: Any) -> str:
    """`Network(model=Wendling(B=40.0), duration_s=0.1)`; over lines when it is long."""
    defaults = {f.name: f for f in dataclasses.fields(thing)}
    shown = [
        f"{name}={_short(value)}"
        for name, value in thing._parts().items()
        if name not in defaults or not _is_default(value, defaults[name])
    ]
    kind = type(thing).__name__
    line = f"{kind}({', '.join(shown)})"
    if len(line) <= WIDTH and "\n" not in line:
        return line
    body = ",\n".join(shown).replace("\n", "\n  ")
    return f"{kind}(\n  {body},\n)"


def _is_default(value: Any, field: Any) -> bool:
    missing = dataclasses.MISSING
    default = field.default
    if default is missing and field.default_factory is not missing:
        default = field.default_factory()
    if default is missing:
        return False
    if isinstance(value, jax.Array) and isinstance(default, int):
        default = float(default)  # as its converter made it
    return default is value or _short(default) == _short(value)


def _short(value: Any) -> str:
    if isinstance(value, Tracer):
        return f"<traced {value.dtype}{list(value.shape)}>"
    if isinstance(value, (jax.Array, np.ndarray)):
        if value.ndim == 0:
            return f"{shortest(value)}"
        return f"<{value.dtype}{list(value.shape)}>"
    if isinstance(value, tuple) and len(value) > 4:
        return f"<{len(value)} of {value[0]!r} ...>"
    return repr(value)
