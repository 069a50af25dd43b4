"""Declared: an immutable module of declared fields, addressed by dotted paths.

One class is the parameter list, the validator, the schema and the flags of a thing.
`replace` rebuilds every node on the way through its constructor, so checks,
converters and relations between fields hold after it as after building.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from jaxsim.core.building import Checked, hints as hints, nearest as nearest
from jaxsim.core.param import Card, check
from jaxsim.core.reprs import changed_only


KINDS: dict[str, type["Declared"]] = {}  # every final class, by its name
FORMER: dict[str, str] = {}  # old name -> living kind


class Declared(Checked):
    """Base of all that has parameters.

    A final class registers under its own name when it is defined; `was` lists the
    names that it had in older documents. Classes named `Abstract...` are not built:
    they are the unions that a document may choose from.
    """

    was: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in cls.__dict__.items():
            if isinstance(value, Declared):
                raise TypeError(
                    f"{cls.__name__}.{name}: write part({type(value).__name__}); an "
                    "instance as default would wake the devices at import."
                )
        if not cls.__name__.startswith("Abstract"):
            _register(cls)

    def __check_init__(self) -> None:
        cls = type(self)
        for name, card in cards_of(cls).items():
            value, hint = getattr(self, name), hints(cls).get(name)
            check(card, f"{cls.__name__}.{name}", value, hint)

    def __repr__(self) -> str:
        return changed_only(self)

    def _parts(self) -> dict[str, Any]:
        """Its fields by name: how `replace` and documents take it apart."""
        fields = dataclasses.fields(self)
        return {f.name: getattr(self, f.name) for f in fields if f.init}

    def _with(self, parts: dict[str, Any]) -> Any:
        """Built anew from parts, through the constructor."""
        return type(self)(**parts)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from jaxsim.core.schema import schema_of

        return schema_of(cls, handler)


# bound to the class itself: other modules could not resolve its name
Process = TypeVar("Process", bound=Declared)


def _register(cls: type[Declared]) -> None:
    name = cls.__name__
    known = KINDS.get(name)
    here = (cls.__module__, cls.__qualname__)
    if known is not None and (known.__module__, known.__qualname__) != here:
        raise ValueError(
            f"the kind '{name}' is taken by {known.__module__}.{known.__qualname__}; "
            "documents know classes by their bare name, so give this one another."
        )
    KINDS[name] = cls
    for old in cls.__dict__.get("was", ()):
        if old in KINDS:
            raise ValueError(f"'{name}' says that it was '{old}', but '{old}' lives.")
        FORMER[old] = name


@functools.cache
def cards_of(cls: type[Declared]) -> dict[str, Card]:
    """The card of every declared field of a class, in order."""
    fields = dataclasses.fields(cls)
    return {f.name: f.metadata["card"] for f in fields if "card" in f.metadata}


def _resolve(root: Declared, path: str) -> tuple[Declared, str, Any]:
    """The node that owns the last name of a path, that name, and what it holds."""
    if not isinstance(root, Declared):
        raise TypeError(
            f"expected a process or another declared object, got {root!r}. Build one "
            "first, for example js.Network(model=js.Wendling())."
        )
    node: Any = root
    owner, name = root, ""
    for i, name in enumerate(names := path.split(".")):
        here = ".".join(names[:i]) or type(root).__name__
        if not isinstance(node, Declared):
            raise ValueError(f"{path}: '{here}' is a value; nothing lies below it.")
        parts = node._parts()
        if name not in parts:
            raise ValueError(
                f"{path}: '{here}' ({type(node).__name__}) has no '{name}'; it has "
                f"{', '.join(parts) or 'no fields'}.{nearest(name, parts)}"
            )
        owner, node = node, parts[name]
    return owner, name, node


def get(process: Declared, path: str) -> Any:
    """What stands at a path; exact, no search.

    Raises:
        ValueError: no such path; the sentence names the nearest.
    """
    return _resolve(process, path)[2]


def card(process: Declared, path: str) -> Card:
    """The card (role, unit, bounds, doc) of the value at a path."""
    owner, name, value = _resolve(process, path)
    found = cards_of(type(owner)).get(name)
    if found is None:
        below = ", ".join(p for p in leaves(process) if p.startswith(path + "."))
        kind = type(value).__name__
        values = f"its values: {below}" if below else "it has no values"
        raise ValueError(f"{path} is a part ({kind}), not a value; {values}.")
    return found


def leaves(process: Declared, prefix: str = "") -> dict[str, tuple[Any, Card]]:
    """Every declared value below a process: path -> (value, card), in order."""
    found = {}
    cards = cards_of(type(process))
    for name, value in process._parts().items():
        if name in cards:
            found[prefix + name] = (value, cards[name])
        elif isinstance(value, Declared):
            found |= leaves(value, f"{prefix}{name}.")
    return found


def replace(process: Process, values: dict[str, Any]) -> Process:
    """A process like the one given, with other values at some paths.

    Every node on the way is rebuilt by its constructor, so that all checks run again.
    Under `vmap` and `grad` the values may be traced; static paths may not.

    Args:
        process: any declared object; it is not changed.
        values: path -> new value, or a new part: `{"network.model.A": 5.0}`.

    Raises:
        ValueError: an unknown path, a value outside its bounds, or a wrong kind.
    """
    if not isinstance(values, Mapping):
        raise TypeError(
            "replace takes a mapping of paths to values, such as "
            f"{{'network.model.A': 5.0}}, got {values!r}."
        )
    tree: dict[str, Any] = {}
    for path, value in values.items():
        owner, name, old = _resolve(process, path)
        new = _convert(owner, name, path, old, value)
        *heads, last = path.split(".")
        at = tree
        for head in heads:
            at = at.setdefault(head, {})
            if isinstance(at, _Edit):
                raise ValueError(
                    f"{path}: its part '{head}' is replaced as a whole too."
                )
        if last in at:
            raise ValueError(f"{path} is replaced as a whole and in part at once.")
        at[last] = _Edit(new)
    return _rebuild(process, tree)


@dataclasses.dataclass(frozen=True)
class _Edit:
    value: Any


def _rebuild(node: Any, edits: dict[str, Any]) -> Any:
    parts = dict(node._parts())
    for name, edit in edits.items():
        inside = not isinstance(edit, _Edit)
        parts[name] = _rebuild(parts[name], edit) if inside else edit.value
    return node._with(parts)


def _convert(owner: Declared, name: str, path: str, old: Any, value: Any) -> Any:
    """The value as its field stores it, checked under the full path."""
    found = cards_of(type(owner)).get(name)
    if found is None:
        if isinstance(value, Declared) or value is None:
            return value
        inside = f"; its values: {', '.join(leaves(old))}" if old is not None else ""
        raise ValueError(
            f"{path} is a part ({type(old).__name__}), so it takes another part, not "
            f"{value!r}{inside}."
        )
    field = next(f for f in dataclasses.fields(owner) if f.name == name)
    try:
        value = field.metadata["converter"](value)
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from None
    check(found, path, value, hints(type(owner)).get(name))
    return value
