"""Process <-> document, its JSON schema, and the digest that says what it means."""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from jaxsim.core.declared import FORMER, KINDS, Declared, nearest
from jaxsim.core.param import shortest
from jaxsim.core.pipeline import Pipeline
from jaxsim.core.schema import is_union, kinds_of
from jaxsim.core.schema_leaf import fits_in_text
from jaxsim.core.step import AbstractStep
from jaxsim.store.error_line import error_line
from jaxsim.store.versions import double_precision, physics_version


FORMAT = 1  # of documents and stores; a newer one is refused, an older one read


def to_spec(
    process: Declared, arrays: dict[str, np.ndarray] | None = None
) -> dict[str, Any]:
    """A process as a plain document: kinds, all fields, defaults too.

    Floats are written in the shortest form that restores their own type, so that a
    float32 0.4 is 0.4. An array of more than 64 numbers, or with a number that is not
    finite, stands in the document as its digest and lies beside.

    Args:
        process: any declared object.
        arrays: filled with the arrays that lie beside, by digest.

    Returns:
        `{"kind": "Pipeline", "steps": [{"name": "leak", "kind": "Leak", ...}, ...]}`

    Raises:
        TypeError: not a declared object, or it holds traced values.
    """
    if not isinstance(process, Declared):
        raise TypeError(
            f"expected a process or another declared object, got {process!r}"
        )
    return _document(process, {} if arrays is None else arrays, "")


def _document(value: Any, arrays: dict[str, np.ndarray], path: str) -> Any:
    if isinstance(value, Pipeline):
        doors = {"needs": list(value.doors)} if value.doors else {}
        steps = [
            {"name": name, **_document(step, arrays, f"{path}.{name}".strip("."))}
            for name, step in value._parts().items()
        ]
        return {"kind": type(value).__name__, **doors, "steps": steps}
    if isinstance(value, Declared):
        absent = _absent_by_default(type(value))
        parts = {
            name: _document(part, arrays, f"{path}.{name}".strip("."))
            for name, part in value._parts().items()
            if not (part is None and name in absent)  # TOML has no word for None
        }
        return {"kind": type(value).__name__, **parts}
    if isinstance(value, Tracer):
        raise TypeError(
            f"{path} is being traced by JAX, so it has no document yet. Take documents "
            "and digests outside of jit, vmap and grad."
        )
    if isinstance(value, (jax.Array, np.ndarray, np.generic)):
        return _numbers(np.asarray(value), arrays, path)
    if isinstance(value, (tuple, list)):
        return [_document(item, arrays, f"{path}.{i}") for i, item in enumerate(value)]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise TypeError(f"{path}: {type(value).__name__} has no form in a document.")


@functools.cache
def _absent_by_default(cls: type) -> frozenset[str]:
    return frozenset(f.name for f in dataclasses.fields(cls) if f.default is None)


def _numbers(array: np.ndarray, arrays: dict[str, np.ndarray], path: str) -> Any:
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{path}: an array of {array.dtype} has no form in a document.")
    if fits_in_text(array):
        return shortest(array)
    name = array_digest(array)
    arrays[name] = array
    return {"array": name}


def array_digest(array: Any) -> str:
    """SHA-256 of an array's type, shape and little-endian bytes."""
    array = np.asarray(array)
    array = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    head = f"{array.dtype.str}{array.shape}".encode()
    return "sha256:" + hashlib.sha256(head + array.tobytes()).hexdigest()


def from_spec(
    document: Mapping[str, Any], arrays: Mapping[str, Any] | None = None
) -> Declared:
    """A document as the process it describes, checked as if it were built in code.

    Args:
        document: what `to_spec` gives, or what a person wrote. Fields left out take
            their defaults. At the top, `format` and `jaxsim` (a version) may stand.
        arrays: the arrays that lie beside, by digest.

    Raises:
        ValueError: all that is wrong, one line each, with the path that a person would
            type: `leak.fraction = 1.5 is outside [0, 1].`
    """
    from pydantic import ValidationError

    document = _without_head(document)
    try:
        adapter = _adapter(_class_of(document), frozenset(KINDS.values()))
        return adapter.validate_python(document, context={"arrays": arrays})
    except RecursionError:
        raise ValueError("the document is too deep (or contains itself)") from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise ValueError("\n".join(error_line(e, document) for e in found)) from None


def _without_head(document: Any) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise ValueError(
            f"a process is a mapping with a 'kind', not {type(document).__name__}."
        )
    found = document.get("format", FORMAT)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise ValueError(
            f"format = {found!r} is not a format number; this is {FORMAT}."
        )
    if found > FORMAT:
        raise ValueError(
            f"format {found} is newer than this program's {FORMAT}: update jaxsim."
        )
    return {k: v for k, v in document.items() if k not in ("format", "jaxsim")}


def _class_of(document: dict[str, Any]) -> type[Declared]:
    kind = document.get("kind")
    if not isinstance(kind, str):
        raise ValueError("a process is a mapping with a 'kind', such as Pipeline.")
    found = KINDS.get(FORMER.get(kind, kind))
    if found is None:
        near = nearest(kind, [*KINDS, *FORMER])
        raise ValueError(
            f"kind '{kind}' is unknown; `jaxsim list` shows all. If it is a class of "
            f"your own, import its module first.{near}"
        )
    return found


@functools.lru_cache(maxsize=32)
def _adapter(cls: type[Declared], registry: frozenset) -> Any:
    """Cached by the registry: a kind defined later must be known later."""
    from pydantic import TypeAdapter

    return TypeAdapter(cls)


def json_schema(
    of: Declared | type[Declared] | str | None = None,
) -> dict[str, Any]:
    """JSON Schema (2020-12) of what a document may say.

    Args:
        of: a process, a class, or the name of a kind; all steps when left out.
            Bounds, units (`x-unit`), roles (`x-role`) and docs come from the cards.
    """
    cls: Any = AbstractStep if of is None else of
    if isinstance(of, Declared):
        cls = type(of)
    elif isinstance(of, str):
        cls = _class_of({"kind": of})
    if not (isinstance(cls, type) and issubclass(cls, Declared)):
        raise TypeError(
            f"expected a process, a class or the name of a kind, got {of!r}"
        )
    if is_union(cls) and not kinds_of(cls):
        raise ValueError(f"{cls.__name__} has no kinds yet.")
    schema = _adapter(cls, frozenset(KINDS.values())).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def canonical(document: Any) -> str:
    """JSON with sorted keys and no spaces: one text for one meaning."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(process: Declared, key: Any = None, **facts: Any) -> str:
    """SHA-256 of what a simulation means: the same in every process and machine.

    It covers kinds, all fields, the digests of arrays, the key (implementation and
    data), the format number, x64 or not, and jaxsim's version, since the physics of
    another version may differ.

    Args:
        process: any declared object.
        key: a JAX key, or None.
        **facts: whatever else decides the result: `record`, `block`, a design.
    """
    document = {
        "format": FORMAT,
        "jaxsim": physics_version(),
        "x64": double_precision(),
        "process": to_spec(process),
        "facts": plain_facts(facts),
    }
    if key is not None:
        document["key"] = key_document(key)
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def key_document(key: Any) -> dict[str, Any]:
    """A JAX key as plain values: pickles of keys name private functions of JAX."""
    if isinstance(key, Tracer):
        raise TypeError("the key is being traced by JAX: take digests outside of jit.")
    if not jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.wrap_key_data(key)
    data = np.asarray(jax.random.key_data(key))
    return {"impl": str(jax.random.key_impl(key)), "data": data.tolist()}


def key_from_document(document: Mapping[str, Any]) -> Any:
    """The JAX key that `key_document` wrote."""
    data = jax.numpy.asarray(np.asarray(document["data"], np.uint32))
    return jax.random.wrap_key_data(data, impl=document["impl"])


def plain_facts(value: Any) -> Any:
    """Facts as plain values: arrays by their numbers or digest, objects by document."""
    if hasattr(value, "document"):
        return plain_facts(value.document())
    if isinstance(value, Declared):
        return to_spec(value)
    if isinstance(value, Mapping):
        return {str(k): plain_facts(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain_facts(v) for v in value]
    if isinstance(value, (jax.Array, np.ndarray, np.generic)):
        return _numbers(np.asarray(value), {}, "a fact")
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise TypeError(f"a fact must be made of plain values, not {type(value).__name__}.")
