"""Tables that people read: the parameters of a process, and the signals it makes."""

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax.core import Tracer

from jaxsim.core.declared import Declared, leaves
from jaxsim.core.param import INF, shortest
from jaxsim.core.pipeline import as_pipeline
from jaxsim.core.rows import Table
from jaxsim.core.signal import Series
from jaxsim.core.step import AbstractStep, step_name


def table(process: Declared) -> Table:
    """Every value of a process: path, value, unit, bounds, role and meaning."""
    if not isinstance(process, Declared):
        raise TypeError(
            f"js.table shows the values of a process or a part, not {process!r}."
        )
    rows = []
    for path, (value, card) in leaves(process).items():
        low, high = card.bounds
        bounds = "" if (low, high) == (-INF, INF) else f"{low:g} to {high:g}"
        rows.append((path, show(value), card.unit, bounds, card.role, card.doc))
    return Table(("path", "value", "unit", "bounds", "role", "meaning"), rows)


def check(process: AbstractStep) -> Table:
    """Trace a process without running it; every signal with its axes, shape and unit.

    Raises:
        ValueError: anything that would stop `simulate`, or a signal whose number of
            axes is not that of its card.
    """
    pipeline = as_pipeline(process, step_name(type(process)))
    made = eqx.filter_eval_shape(pipeline, jax.random.key(0))
    rows = []
    for name, value in made.items():
        if not isinstance(value, Series):
            continue
        dims, shape = value.card.dims.split(), value.values.shape
        if len(dims) != len(shape):
            raise ValueError(
                f"'{name}' has shape {shape}, but its card says it has the axes "
                f"'{value.card.dims}'."
            )
        rate = f"{value.clock.rate_hz:g} Hz" if value.clock else ""
        sizes = " ".join(f"{d}={n}" for d, n in zip(dims, shape, strict=True))
        rows.append((name, sizes, value.card.unit, rate, value.card.doc))
    return Table(("signal", "shape", "unit", "rate", "meaning"), rows)


def show(value: Any) -> str:
    """A value in a few characters."""
    if value is None:
        return "none"
    if isinstance(value, (jax.Array, np.ndarray)):
        if isinstance(value, Tracer):
            return f"traced {value.shape}"
        if value.size == 1 and value.ndim == 0:
            return f"{shortest(value)}"
        shape = "x".join(map(str, value.shape))
        return f"array {shape}"
    if isinstance(value, tuple) and len(value) > 4:
        return f"({value[0]!r}, ... {value[-1]!r}): {len(value)}"
    return str(value)
