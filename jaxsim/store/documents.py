"""Plain documents as text: JSON, YAML and TOML, read and written alike.

A document is what `to_spec` gives: mappings, lists, text, numbers, booleans. The three
forms hold the same document; the suffix of a file says which one it is.
"""

import datetime
import json
import math
import os
from pathlib import Path
from typing import Any


FORMS = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml"}
MAX_BYTES = 64 * 2**20
MAX_DEPTH = 100
_LOST_IN_YAML = set("\x85\u2028\u2029\ufeff")  # written bare, read as line breaks
MAX_ITEMS = 200_000


def form_of(path: Any) -> str | None:
    """ "json", "yaml" or "toml" by the suffix of a file; None for any other."""
    return FORMS.get(Path(os.fspath(path)).suffix.lower())


def dumps(document: dict[str, Any], form: str) -> str:
    """A document as text.

    Args:
        document: mappings, lists, text, numbers; None where the form has a word for it.
        form: "json", "yaml" or "toml".

    Raises:
        ValueError: another form, or a None in TOML, which has no word for it.
    """
    _known(form)
    if form == "json":
        return _json(document) + "\n"
    if form == "toml":
        return _toml(document).lstrip("\n") + "\n"
    import io

    from ruamel.yaml import YAML
    from ruamel.yaml.representer import SafeRepresenter

    class Representer(SafeRepresenter):
        def rows(self, values: list) -> Any:
            node = self.represent_list(values)
            node.flow_style = not any(isinstance(v, (dict, list)) for v in values)
            return node  # a row of numbers stays on one line

        def words(self, text: str) -> Any:
            node = self.represent_str(text)
            if text.startswith("?"):  # which would be read as the key of a mapping
                node.style = "'"
            return node

    Representer.add_representer(list, Representer.rows)
    Representer.add_representer(str, Representer.words)
    yaml, out = YAML(typ="safe", pure=True), io.StringIO()
    yaml.Representer = Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 88
    yaml.allow_unicode = not (
        _LOST_IN_YAML & set(json.dumps(document, ensure_ascii=False))
    )
    yaml.dump(document, out)
    return out.getvalue()


def loads(text: str, form: str) -> Any:
    """Text as a document; only plain values come out, whatever the text says.

    Raises:
        ValueError: it is not of that form, holds a word twice, or is absurdly deep.
    """
    _known(form)
    try:
        return plain(_parse(text, form))
    except RecursionError:
        raise ValueError("the document is too deep (or contains itself)") from None


def _known(form: str) -> None:
    if form not in ("json", "yaml", "toml"):
        raise ValueError(f"unknown form '{form}'; documents are json, yaml or toml.")


def _parse(text: str, form: str) -> Any:
    if form == "json":
        try:
            return json.loads(text, object_pairs_hook=_once)
        except json.JSONDecodeError as error:
            raise ValueError(f"not JSON: {error}") from None
    if form == "toml":
        import tomllib

        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"not TOML: {error}") from None
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ValueError(f"not YAML: {problem}{where}") from None


def _json(value: Any, indent: str = "") -> str:
    """JSON with a key per line, and rows of numbers on one line each."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        items = (f"{json.dumps(k)}: {_json(v, inner)}" for k, v in value.items())
    elif isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value):
        items = (_json(v, inner) for v in value)
    else:
        return json.dumps(value, ensure_ascii=False)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}{closing}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"not JSON: '{key}' stands twice in one mapping")
        found[key] = value
    return found


def plain(document: Any) -> Any:
    """A copy made of plain values only; refuses what is no document.

    YAML aliases are written out; a document that grows without end by them, or contains
    itself, is refused before anything walks it.
    """
    left = [MAX_ITEMS]

    def copy(value: Any, path: tuple[Any, ...]) -> Any:
        left[0] -= 1
        if left[0] < 0 or len(path) > MAX_DEPTH:
            raise ValueError("the document is too deep (or contains itself)")
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        if isinstance(value, dict):
            return {_word(k, path): copy(v, (*path, k)) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [copy(v, (*path, i)) for i, v in enumerate(value)]
        raise ValueError(f"{_told(path)}: {_strange(value)}")

    return copy(document, ())


def _word(key: Any, path: tuple[Any, ...]) -> str:
    if not isinstance(key, str):
        raise ValueError(f"{_told(path)}: the key {key!r} is no word")
    return key


def _told(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path)) or "the document"


def _strange(value: Any) -> str:
    if isinstance(value, (datetime.date, datetime.time)):
        return f"{value} is read as a date; put quotes around it"
    return f"{type(value).__name__} is not a value of a document"


def read_text(path: Any) -> Any:
    """The document in a text file; every refusal names the file.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it cannot be read as its suffix says.
    """
    name = os.fspath(path)
    form = form_of(name)
    if form is None:
        raise ValueError(f"{name}: a process file ends in {', '.join(FORMS)}.")
    if not os.path.isfile(name):
        raise FileNotFoundError(f"{name}: there is no such file.")
    if os.path.getsize(name) > MAX_BYTES:
        raise ValueError(f"{name} has more than {MAX_BYTES >> 20} MB: no process file.")
    try:
        return loads(Path(name).read_bytes().decode("utf-8"), form)
    except UnicodeDecodeError:
        raise ValueError(f"{name}: not text in UTF-8.") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _toml(table: dict[str, Any], prefix: tuple[str, ...] = ()) -> str:
    """TOML of a mapping: its own values first, then its tables, as TOML must."""
    tables = {k: v for k, v in table.items() if isinstance(v, dict)}
    lists = {k: v for k, v in table.items() if _is_list_of_tables(v)}
    lines = [
        f"{_toml_key(k)} = {_toml_value(v, '.'.join((*prefix, k)))}"
        for k, v in table.items()
        if k not in tables and k not in lists
    ]
    for key, value in tables.items():
        at = (*prefix, key)
        lines += ["", f"[{'.'.join(map(_toml_key, at))}]", _toml(value, at)]
    for key, values in lists.items():
        at = (*prefix, key)
        for value in values:
            lines += ["", f"[[{'.'.join(map(_toml_key, at))}]]", _toml(value, at)]
    return "\n".join(line for i, line in enumerate(lines) if line or i)


def _is_list_of_tables(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(v, dict) for v in value)
    )


def _toml_key(key: str) -> str:
    bare = key and all(c.isascii() and (c.isalnum() or c in "_-") for c in key)
    return key if bare else _toml_text(key)


def _toml_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_value(value: Any, path: str) -> str:
    if isinstance(value, str):
        return _toml_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "inf", -math.inf: "-inf"}.get(value, "nan")
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(v, path) for v in value) + "]"
    if isinstance(value, dict):
        items = (f"{_toml_key(k)} = {_toml_value(v, path)}" for k, v in value.items())
        return "{" + ", ".join(items) + "}"
    if value is None:
        raise ValueError(
            f"{path} is None, for which TOML has no word; save as .yaml or .json"
        )
    raise ValueError(f"{path}: {type(value).__name__} is not a value of a document")
