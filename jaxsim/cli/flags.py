"""Flags made from a process: `--network.model.A 5`, typed and documented by its cards.

A tree of plain dataclasses mirrors the process, tyro fills it, and what changed goes to
`replace`. No array of JAX ever reaches tyro, and nobody writes a flag by hand.
"""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from jaxsim.core.declared import Declared, cards_of, hints, leaves, replace
from jaxsim.core.param import shortest


MOST = 8  # numbers that a flag shows; longer arrays are set by --set or a file


def apply_flags(process: Any, arguments: Sequence[str], prog: str) -> Any:
    """The process with the values that its flags give.

    Args:
        process: any declared object.
        arguments: what stood behind the process on the command line.
        prog: how the command began, for the help.

    Raises:
        SystemExit: tyro has told what is wrong, or printed its help.
        ValueError: a value that its card refuses.
    """
    if not arguments:
        return process
    import tyro

    before = _mirror(process)
    if before is None:
        raise ValueError(f"{' '.join(arguments)}: this process has no values to set.")
    after = tyro.cli(
        type(before),
        default=before,
        args=list(arguments),
        prog=prog,
        description="Values of the process; everything has a flag.",
        use_underscores=True,
        config=(tyro.conf.FlagConversionOff,),
    )
    known = leaves(process)
    changed = {
        path: _number(value) if known[path][1].role == "param" else value
        for path, value in _changed(before, after).items()
    }
    return replace(process, changed) if changed else process


def _mirror(node: Declared) -> Any:
    """An instance of a plain dataclass with the values of a declared object."""
    import tyro

    cards, fields = cards_of(type(node)), []
    for name, value in node._parts().items():
        card = cards.get(name)
        if card is None:
            inner = _mirror(value) if isinstance(value, Declared) else None
            if inner is not None:
                fields.append((name, type(inner), dataclasses.field(default=inner)))
            continue
        if card.role == "data" or (card.role == "param" and value is None):
            continue
        kind, default = hints(type(node))[name], value
        if card.role == "param":
            if np.size(value) > MOST:
                continue
            numbers = np.ravel(np.asarray(shortest(value), float)).tolist()
            kind, default = tuple[float, ...], tuple(numbers)
        text = f"{card.doc}; {card.allowed()}" if card.role == "param" else card.doc
        about = tyro.conf.arg(help=text.replace("%", "%%"))
        fields.append(
            (name, Annotated[kind, about], dataclasses.field(default=default))
        )
    if not fields:
        return None
    return dataclasses.make_dataclass(type(node).__name__, fields, frozen=True)()


def _changed(before: Any, after: Any, prefix: str = "") -> dict[str, Any]:
    """Paths whose values differ."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        path = f"{prefix}{field.name}"
        if dataclasses.is_dataclass(old):
            found |= _changed(old, new, f"{path}.")
        elif old != new or type(old) is not type(new):
            found[path] = new
    return found


def _number(values: tuple[float, ...]) -> Any:
    """A param that is given one number is a scalar; several are one per node."""
    return values[0] if len(values) == 1 else np.asarray(values)
