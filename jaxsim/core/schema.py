"""The pydantic hook: documents are checked by the classes themselves.

Structure, unions, the JSON schema and the collecting of all errors are pydantic's;
numbers are checked by the cards (`jaxsim.core.param.check`); the last act is always
`cls(**fields)`, so an object from a file went through the same door as one from code.
pydantic is imported inside functions: only a document pays for it.
"""

import contextvars
import dataclasses
import inspect
from typing import Any

from jaxsim.core.declared import FORMER, KINDS, Declared, cards_of, hints, nearest
from jaxsim.core.schema_leaf import leaf, refusal, said, unsaid


RESERVED = ("kind", "name", "format", "jaxsim", "needs", "steps")
_building: contextvars.ContextVar[frozenset] = contextvars.ContextVar(
    "jaxsim_schemas_being_built", default=frozenset()
)


def kinds_of(cls: type) -> dict[str, type[Declared]]:
    """The living kinds that a class stands for: itself, or the members of its union."""
    if is_union(cls):
        return {k: c for k, c in KINDS.items() if issubclass(c, cls)}
    return {cls.__name__: cls}


def is_union(cls: type) -> bool:
    """Whether a class is a choice of kinds and not a kind."""
    return cls is Declared or cls.__name__.startswith("Abstract")


def schema_of(cls: type[Declared], handler: Any) -> Any:
    """The pydantic core schema of a class, for `__get_pydantic_core_schema__`."""
    from pydantic_core import core_schema as cs

    ref = f"{cls.__module__}.{cls.__qualname__}"
    if cls in _building.get():
        return cs.definition_reference_schema(ref)  # a pipeline within a pipeline
    token = _building.set(_building.get() | {cls})
    try:
        inner = _union(cls, handler) if is_union(cls) else _record(cls, handler)
    finally:
        _building.reset(token)

    def instance_or(value: Any, go: Any) -> Any:
        return value if isinstance(value, cls) else go(value)

    schema = cs.no_info_wrap_validator_function(instance_or, inner)
    return {**schema, "ref": ref}


def _union(cls: type[Declared], handler: Any) -> Any:
    from pydantic_core import core_schema as cs

    kinds = kinds_of(cls)
    if not kinds:
        raise TypeError(f"{cls.__name__} has no kinds yet: define a subclass of it.")
    known = ", ".join(sorted(kinds))

    def tag(document: Any) -> Any:
        kind = document.get("kind") if isinstance(document, dict) else None
        return FORMER.get(kind, kind) if isinstance(kind, str) else None

    def go(document: Any, inner: Any) -> Any:
        if not isinstance(document, dict) or "kind" not in document:
            raise refusal(f"needs a mapping with a 'kind', one of {known}")
        if tag(document) not in kinds:
            kind = str(document["kind"])
            raise refusal(
                f"kind '{kind}' is unknown here; known: {known}.{nearest(kind, kinds)}"
            )
        return inner(document)

    choices = {name: handler.generate_schema(kind) for name, kind in kinds.items()}
    return cs.no_info_wrap_validator_function(go, cs.tagged_union_schema(choices, tag))


def _record(cls: type[Declared], handler: Any) -> Any:
    from pydantic_core import core_schema as cs

    from jaxsim.core.pipeline import Pipeline

    kind = cls.__name__
    pipeline = issubclass(cls, Pipeline)
    own = _pipeline_fields(handler) if pipeline else _own_fields(cls, handler)
    names = [kind, *cls.__dict__.get("was", ())]
    fields = {
        "kind": cs.typed_dict_field(cs.literal_schema(names), required=False),
        "name": cs.typed_dict_field(cs.str_schema(), required=False),
        **own,
    }

    def build(values: dict[str, Any]) -> Any:
        values = {k: v for k, v in values.items() if k not in ("kind", "name")}
        try:
            return _pipeline(cls, values) if pipeline else cls(**values)
        except (TypeError, ValueError) as error:  # relations between fields, wiring
            raise refusal(_without(kind, str(error))) from None

    def go(document: Any, inner: Any) -> Any:
        if not isinstance(document, dict):
            raise refusal(f"needs a mapping of the fields of {kind}, not {document!r}")
        return inner(_known_fields(kind, document, fields, own))

    about = {"pydantic_js_updates": {"description": _first_lines(cls)}}
    record = cs.typed_dict_schema(
        fields, extra_behavior="forbid", cls_name=kind, metadata=about
    )
    built = cs.no_info_after_validator_function(build, record)
    return cs.no_info_wrap_validator_function(go, built)


def _known_fields(
    kind: str, document: dict[str, Any], fields: dict[str, Any], own: dict[str, Any]
) -> dict[str, Any]:
    """The document, if all its keys are fields of the kind; else one sentence."""
    strange = [key for key in document if key not in fields]
    if strange:
        told = "; ".join(
            f"{kind} has no '{key}'; it has {', '.join(own) or 'no fields'}."
            f"{nearest(str(key), own)}"
            for key in strange
        )
        raise refusal(told)
    given = document.get("kind", kind)
    if FORMER.get(given, given) != kind:
        raise refusal(f"kind '{given}' is unknown here; known: {kind}.")
    return document


def _without(kind: str, sentence: str) -> str:
    """A sentence without the name of the class before it: its path stands there."""
    return sentence.removeprefix(f"{kind}.")


def _first_lines(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def _own_fields(cls: type[Declared], handler: Any) -> dict[str, Any]:
    """One typed-dict field for each field that the constructor takes."""
    from pydantic_core import core_schema as cs

    cards, fields = cards_of(cls), {}
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        if field.name in RESERVED:
            raise TypeError(
                f"{cls.__name__}.{field.name}: documents use the words "
                f"{', '.join(RESERVED)} themselves; give the field another name."
            )
        required = (
            field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        )
        hint, card = hints(cls)[field.name], cards.get(field.name)
        if card is None:
            inner = handler.generate_schema(hint) if said(hint) else unsaid()
        else:
            inner = leaf(card, field, hint, handler)
        fields[field.name] = cs.typed_dict_field(inner, required=required)
    return fields


def _pipeline_fields(handler: Any) -> dict[str, Any]:
    """A pipeline in a document: a list of steps, each a mapping with its name."""
    from pydantic_core import core_schema as cs

    from jaxsim.core.step import AbstractStep

    def named(document: Any, go: Any) -> Any:
        if not isinstance(document, dict) or not isinstance(document.get("name"), str):
            raise refusal("every step of a pipeline needs a 'name', a word")
        return document["name"], go(document)

    step = cs.no_info_wrap_validator_function(
        named, handler.generate_schema(AbstractStep)
    )
    doors = cs.list_schema(cs.str_schema())
    return {
        "needs": cs.typed_dict_field(doors, required=False),
        "steps": cs.typed_dict_field(cs.list_schema(step), required=True),
    }


def _pipeline(cls: type, values: dict[str, Any]) -> Any:
    names = [name for name, _ in values["steps"]]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two steps are named '{name}'; names must differ")
    return cls(tuple(values.get("needs", ())), **dict(values["steps"]))
