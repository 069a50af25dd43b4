"""A field declared once, with its card: `param`, `static`, `data`, `part`.

The card (unit, bounds, doc) is the only place that states what a value may be.
Building, `replace`, a design, a file and a flag all end in the same `check`, so a
rule and its wording cannot differ by the door through which a value came.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int


if typing.TYPE_CHECKING:  # pyright does not see that a converter takes plain numbers
    Param = Any
else:
    Param = Float[Array, "..."]  # a scalar, or an array over nodes or cells
Data = Float[Array, "..."] | Int[Array, "..."] | Bool[Array, "..."]

Interval = tuple[float | int, float | int]

INF = math.inf
MISSING: Any = dataclasses.MISSING


class Card(NamedTuple):
    """What is known of a field: its role, unit, bounds, meaning and (data) dims."""

    role: Literal["param", "static", "data"]
    unit: str
    bounds: tuple[float, float]
    doc: str
    dims: str = ""
    kind: type | None = None  # of a static: the Python type that its default has

    def allowed(self) -> str:
        """The interval in words, as errors and tables show it."""
        low, high = self.bounds
        unit = "" if self.unit == "1" else f" {self.unit}"
        if math.isinf(low) and math.isinf(high):
            return f"any finite number{unit and ' of' + unit}"
        return f"[{low:g}, {high:g}]{unit}"


def param(default: Any, unit: str, bounds: Interval, doc: str) -> Any:
    """A differentiable number (or array over nodes): a traced leaf with a card.

    Args:
        default: a Python number (arrays would wake a device at import), or None for a
            param that may be absent.
        unit: as this field writes it, "1" for ratios.
        bounds: closed interval, checked in the leaf's own dtype.
        doc: what it is, in a few words.
    """
    card = Card("param", unit, (float(bounds[0]), float(bounds[1])), doc)
    converter = as_leaf if default is not None else _as_leaf_or_none
    return eqx.field(default=default, converter=converter, metadata={"card": card})


def data(dims: str, unit: str, doc: str, default: Any = MISSING) -> Any:
    """An array brought from outside (weights, a leadfield): a leaf without bounds.

    Args:
        dims: names of its axes, "node node".
        unit: of its entries.
        doc: what it is.
        default: nested tuples of numbers, or None for an array that may be absent.
    """
    card = Card("data", unit, (-INF, INF), doc, dims)
    return eqx.field(default=default, converter=as_data, metadata={"card": card})


def static(
    default: Any = MISSING,
    doc: str = "",
    unit: str = "1",
    bounds: Interval = (-INF, INF),
) -> Any:
    """A fact that shapes the program (a size, a step, a mode): hashable, never traced.

    Another value is another program. Choices are said by a `Literal` annotation.
    """
    kind = type(default) if type(default) in (int, float, str, bool) else None
    card = Card("static", unit, (float(bounds[0]), float(bounds[1])), doc, kind=kind)
    return eqx.field(
        default=default,
        static=True,
        converter=lambda value: as_static(_not_spelt(value, default), kind),
        metadata={"card": card},
    )


def part(factory: Callable[[], Any]) -> Any:
    """A nested Declared. A factory, since an instance would wake a device at import."""
    return eqx.field(default_factory=factory)


def optional_part() -> Any:
    """A nested Declared that may be absent (`AbstractX | None`); None by default."""
    return eqx.field(default=None)


def concrete(*values: Any) -> bool:
    """Whether all values can be looked at now: none is being traced by JAX."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(values))


def as_leaf(value: Any, dtype: Any = None) -> Any:
    """A strongly typed JAX array; host values become one without a compilation."""
    dtype = jnp.result_type(float) if dtype is None else dtype
    if isinstance(value, Tracer):
        return jnp.asarray(value, dtype)  # strips the weak type too
    if isinstance(value, jax.Array):
        if value.dtype == dtype and not value.weak_type:
            return value
        value = np.asarray(value)
    if isinstance(value, np.floating):
        value = float(str(value))  # float32(0.4) under x64 means 0.4
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":  # neither text, bool, object nor complex
        raise TypeError(f"expected a number or an array of numbers, got {value!r}")
    return jnp.asarray(array.astype(dtype))


def _as_leaf_or_none(value: Any) -> Any:
    return None if value is None else as_leaf(value)


def as_data(value: Any) -> Any:
    """Like `as_leaf`, but integers and booleans keep their kind, and None is absent."""
    if value is None or isinstance(value, Tracer):
        return value
    kind = np.asarray(value).dtype.kind
    if kind not in "fiub":
        raise TypeError(f"expected an array of numbers, got {value!r}")
    return as_leaf(value) if kind == "f" else jnp.asarray(np.asarray(value))


def _not_spelt(value: Any, default: Any) -> Any:
    """A word where names are asked for would be taken letter by letter."""
    if isinstance(default, tuple) and isinstance(value, str):
        raise TypeError(f"expected a tuple of names, got {value!r}; write ({value!r},)")
    return value


def as_static(value: Any, kind: type | None) -> Any:
    """A plain Python value: 10 and 10.0 for a float are one program and one hash."""
    if isinstance(value, (jax.Array, Tracer)):
        raise TypeError(
            "a static field shapes the program, so it cannot be a JAX array or a "
            "traced value. Give a Python value; to visit several, put them into a "
            "Design (js.grid), which builds one program for each."
        )
    if isinstance(value, np.floating):
        value = float(str(value))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return tuple(as_static(item, None) for item in value)
    if isinstance(value, np.ndarray):
        raise TypeError("a static field cannot be an array; give a tuple of numbers")
    if kind is float and type(value) is int:
        return float(value)
    if kind is not None and value is not None and type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, got {value!r}")
    return value


def check(card: Card, name: str, value: Any, annotation: Any = None) -> None:
    """Refuse a value that its card does not allow, in one sentence.

    Traced values pass: they were checked, or are bounded, before tracing.

    Raises:
        ValueError: outside the bounds, not finite, or not one of the choices.
    """
    if value is None or card.role == "data" or not concrete(value):
        return
    choices = _choices(annotation)
    if choices and value not in choices:
        allowed = ", ".join(map(repr, choices))
        raise ValueError(f"{name} = {value!r} is not one of {allowed}. ({card.doc})")
    if card.role == "static" and type(value) not in (int, float):
        return
    if not isinstance(value, (jax.Array, np.ndarray, int, float)):
        return  # a placeholder of tree surgery (eval_shape, tree_at)
    array = np.asarray(value)
    dtype = array.dtype if array.dtype.kind == "f" else float
    low, high = (np.asarray(bound, dtype) for bound in card.bounds)
    bad = ~(np.isfinite(array) & (array >= low) & (array <= high))
    if bad.any():
        unit = "" if card.unit == "1" else f" {card.unit}"
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        place = f" (at index {where})" if array.ndim else ""
        shown = shortest(array[bad][0] if array.ndim else array)
        raise ValueError(
            f"{name} = {shown}{unit}{place} is outside {card.allowed()}. ({card.doc})"
        )


def _choices(annotation: Any) -> tuple:
    if typing.get_origin(annotation) is Literal:
        return typing.get_args(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return sum((_choices(a) for a in typing.get_args(annotation)), ())
    return ()


def shortest(array: Any) -> Any:
    """Python numbers in the shortest form that restores the array's own dtype."""
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return array.tolist()
    if array.ndim == 0:
        return float(str(array[()]))
    return [shortest(item) for item in array]
