"""Wrong arguments of a constructor, refused in a sentence before anything is built."""

import dataclasses
import difflib
import functools
import inspect
import types
import typing
from collections.abc import Iterable
from typing import Any

import equinox as eqx


# pyright reads no base class that is computed
ModuleMeta = type if typing.TYPE_CHECKING else type(eqx.Module)


class Built(ModuleMeta):
    """Metaclass of all that is declared: looks at the arguments first.

    Python's own refusal of a misspelt name gives no hint, a converter does not know
    the name of its field, and nothing asks whether a part is a part: an array would
    fail later and elsewhere.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Build an object, or say which argument is wrong."""
        fields = {f.name: f for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
        if not _takes_anything(cls):
            given = dict(zip(fields, args, strict=False)) | kwargs
            _check_names(cls, fields, given)
            for name, value in given.items():
                _check_value(cls, fields[name], value)
        return super().__call__(*args, **kwargs)


if typing.TYPE_CHECKING:
    Checked = eqx.Module  # or it would forget that modules are frozen and hashable
else:

    class Checked(eqx.Module, metaclass=Built):
        """A module whose arguments are looked at."""


@functools.cache
def hints(cls: type) -> dict[str, Any]:
    """Resolved annotations of a class's fields."""
    return typing.get_type_hints(cls, include_extras=True)


@functools.cache
def _takes_anything(cls: type) -> bool:
    """Whether the class has a constructor of its own (as Pipeline has)."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    return any(p.kind is p.VAR_KEYWORD for p in parameters)


def _check_names(cls: type, fields: dict[str, Any], given: dict[str, Any]) -> None:
    for name in given:
        if name not in fields:
            raise TypeError(
                f"{cls.__name__} has no '{name}'; it has "
                f"{', '.join(fields) or 'no fields'}.{nearest(name, fields)}"
            )
    for name, field in fields.items():
        needed = field.default is field.default_factory is dataclasses.MISSING
        if needed and name not in given:
            doc = field.metadata["card"].doc if "card" in field.metadata else ""
            raise TypeError(
                f"{cls.__name__} needs '{name}'{doc and f' ({doc})'}: "
                f"{cls.__name__}({name}=...)."
            )


def _check_value(cls: type, field: Any, value: Any) -> None:
    """That a part is a part of the right family, and that a value converts."""
    if "card" in field.metadata:
        if field.metadata["card"].role == "data":
            return  # its class knows what array it is
        try:
            field.metadata["converter"](value)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.{field.name}: {error}") from None
        return
    hint = hints(cls).get(field.name)
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    allowed = typing.get_args(hint) if union else (hint,)
    wanted = [kind for kind in allowed if isinstance(kind, Built)]
    if not wanted or isinstance(value, tuple(wanted)):
        return
    if value is None and type(None) in allowed:
        return
    if isinstance(value, type) and issubclass(value, tuple(wanted)):
        raise TypeError(
            f"{cls.__name__}.{field.name}: {value.__name__} is a class; build one of "
            f"it, {value.__name__}(...)."
        )
    known = ", ".join(_living(wanted))
    raise TypeError(
        f"{cls.__name__}.{field.name} takes a part ({known}), not {_short(value)}."
    )


def _living(wanted: Iterable[type]) -> list[str]:
    """Names of the classes that may be built of a family."""
    found = []
    for kind in wanted:
        below = _living(kind.__subclasses__())
        abstract = kind.__name__.startswith("Abstract")
        found += below if abstract else [kind.__name__, *below]
    return found


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 and "\n" not in shown else type(value).__name__


def nearest(word: str, words: Iterable[str]) -> str:
    """` Did you mean 'x'?`, or nothing when no word is close."""
    found = difflib.get_close_matches(str(word), list(words), 1, 0.5)
    return f" Did you mean '{found[0]}'?" if found else ""
