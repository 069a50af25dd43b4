"""`--set path=value`: edits of the document, so that a kind may change too."""

from collections.abc import Sequence
from typing import Any

from jaxsim.core.declared import nearest
from jaxsim.store.documents import loads
from jaxsim.store.spec import from_spec, to_spec


def override(process: Any, edits: Sequence[str]) -> Any:
    """A process with some values set by text.

    All edits are made in the document first and checked together, so `model.kind=X`
    and a value of X may stand in one call, and every refusal names its path.

    Args:
        process: any declared object.
        edits: `path=value`; the value is read as YAML: `5`, `1e-3`, `[1, 2]`, `null`,
            `{kind: Heun}`. A part may be replaced by naming its kind: `path.kind=Heun`.
            `@tvb:76`, `@file` and `@small_world:n_nodes=20` stand for connectomes.
    """
    if not edits:
        return process
    arrays: dict[str, Any] = {}
    document = to_spec(process, arrays)
    for edit in edits:
        path, equals, text = edit.partition("=")
        if not equals or not path.strip():
            raise ValueError(f"--set {edit}: write path=value, as in --set model.A=5")
        _put(document, path.strip().split("."), _value(edit, text, arrays))
    return from_spec(document, arrays)


def _value(edit: str, text: str, arrays: dict[str, Any]) -> Any:
    if text.startswith("@"):
        from jaxsim.cli.named import connectome

        return to_spec(connectome(text[1:]), arrays)
    try:
        return loads(text, "yaml")
    except ValueError as error:
        raise ValueError(f"--set {edit}: the value is {error}") from None


def _put(document: dict[str, Any], names: list[str], value: Any) -> None:
    """Set one value in a document; what is unknown is left for its check to refuse."""
    node = document
    for i, name in enumerate(names[:-1]):
        below = _steps(node).get(name) if "steps" in node else node.setdefault(name, {})
        if below is None and "steps" in node:
            known = ", ".join(_steps(node))
            raise ValueError(
                f"--set {'.'.join(names)}: there is no step '{name}'; the steps are "
                f"{known}.{nearest(name, _steps(node))}"
            )
        if below is None:
            below = node[name] = {}  # an absent part is about to be described
        if not isinstance(below, dict):
            here = ".".join(names[: i + 1])
            raise ValueError(
                f"--set {'.'.join(names)}: '{here}' is a value; nothing lies below it."
            )
        node = below
    last = names[-1]
    if last == "kind":  # another kind: the old one's fields go, its name stays
        kept = {"name": node["name"]} if "name" in node else {}
        node.clear()
        node.update(kept, kind=value)
    elif "steps" in node and last in _steps(node):
        if not isinstance(value, dict):
            raise ValueError(
                f"--set {'.'.join(names)}: '{last}' is a step, not a value; set "
                f"{last}.kind=..., or one of its values: {_values(_steps(node)[last])}."
            )
        step = _steps(node)[last]
        step.clear()
        step.update({"name": last, **value})
    else:
        node[last] = value


def _steps(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in node["steps"]}


def _values(step: dict[str, Any]) -> str:
    return ", ".join(f"{step['name']}.{n}" for n in step if n not in ("name", "kind"))
