"""Values in a document: converted and checked by their cards, shown by their schema."""

import math
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxsim.core.declared import Declared
from jaxsim.core.param import Card, check


SMALL = 64  # more numbers than this lie beside the text, in zarr


def fits_in_text(array: Any) -> bool:
    """Whether numbers stand in the document itself and come back as they were.

    Few, finite, at least one, and of the type that reading them again would give
    (a uint8 image of 4 x 4 would come back as int32, so it lies beside).
    """
    array = np.asarray(array)
    plain = array.dtype.kind in "fb" or array.dtype in (np.int32, np.int64)
    return plain and 0 < array.size <= SMALL and bool(np.isfinite(array).all())


def refusal(sentence: str) -> Exception:
    """What pydantic collects: our sentence, as it is."""
    from pydantic_core import PydanticCustomError

    return PydanticCustomError("jaxsim", "{sentence}", {"sentence": sentence})


def said(hint: Any) -> bool:
    """Whether a document can say a field without a card: parts, words, numbers."""
    inside = [a for a in typing.get_args(hint) if a not in (type(None), Ellipsis)]
    if inside and typing.get_origin(hint) is not typing.Literal:
        return all(map(said, inside))
    words = (str, int, float, bool)
    return not isinstance(hint, type) or hint in words or issubclass(hint, Declared)


def unsaid() -> Any:
    """The schema of a field that no document can say."""
    from pydantic_core import core_schema as cs

    def refuse(value: Any) -> Any:
        raise refusal("is a value that only code can give, not a document")

    return cs.no_info_plain_validator_function(
        refuse, json_schema_input_schema=cs.any_schema()
    )


def leaf(card: Card, field: Any, hint: Any, handler: Any) -> Any:
    """A declared value: converted and checked by its card, shown by its schema."""
    from pydantic_core import core_schema as cs

    convert, absent = field.metadata["converter"], field.default is None

    def finish(value: Any, info: Any) -> Any:
        if isinstance(value, dict):
            value = _from_beside(value, (info.context or {}).get("arrays"))
        try:
            value = convert(value)
            check(card, "", value, hint)
        except (TypeError, ValueError) as error:
            raise refusal(str(error)) from None
        return value

    about = {"description": card.doc, "x-unit": card.unit, "x-role": card.role}
    if card.dims:
        about["x-dims"] = card.dims
    if card.role == "static":
        shape = _bounded(handler.generate_schema(hint), card)
    else:
        shape = _numbers(card, absent)
    # plain and not after: the check and its wording are ours, the schema is pydantic's
    return cs.with_info_plain_validator_function(
        finish, json_schema_input_schema=shape, metadata={"pydantic_js_updates": about}
    )


def _from_beside(value: dict[str, Any], arrays: Mapping[str, Any] | None) -> Any:
    name = value.get("array")
    if set(value) != {"array"} or not isinstance(name, str):
        raise refusal("takes numbers, or {array: digest} for an array stored beside")
    if arrays is None:
        raise refusal(
            f"is an array that lies beside the document ({name[:19]}...); read it with "
            "js.load(path), which finds the arrays, and not from the text alone"
        )
    try:
        return arrays[name]
    except KeyError:
        raise refusal(
            f"the array {name[:19]}... is not among the arrays beside the document"
        ) from None


def _bounded(shape: Any, card: Card) -> Any:
    """The schema of a static with the bounds of its card, so that they are exported."""
    if shape["type"] == "nullable":
        return {**shape, "schema": _bounded(shape["schema"], card)}
    if shape["type"] not in ("int", "float"):
        return shape
    low, high = card.bounds
    limits = {"ge": low, "le": high}
    return shape | {k: v for k, v in limits.items() if math.isfinite(v)}


def _numbers(card: Card, absent: bool) -> Any:
    from pydantic_core import core_schema as cs

    low, high = (bound if math.isfinite(bound) else None for bound in card.bounds)
    number = cs.float_schema(ge=low, le=high, allow_inf_nan=False)
    name = cs.typed_dict_field(cs.str_schema(pattern="^sha256:[0-9a-f]{64}$"))
    beside = cs.typed_dict_schema({"array": name}, cls_name="array_beside")
    many = cs.list_schema(cs.any_schema())
    scalar = [number] if card.role == "param" or not card.dims else []
    schema = cs.union_schema([*scalar, many, beside])
    return cs.nullable_schema(schema) if absent else schema
