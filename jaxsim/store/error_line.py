"""An error of pydantic as the line that a person reads."""

from typing import Any

from jaxsim.core.declared import KINDS


def error_line(error: Any, document: Any) -> str:
    """`leak.fraction = 1.5 is outside [0, 1].`: the path, then the sentence."""
    path, sentence = path_of(error["loc"], document), error["msg"].strip()
    if error["type"] == "missing":
        return f"{path}: is needed; it has no default."
    return f"{path} {sentence}" if sentence.startswith("= ") else f"{path}: {sentence}"


def path_of(loc: tuple[Any, ...], document: Any) -> str:
    """pydantic's location, walked beside the document, as the path a person types."""
    out, node = [], document
    for item in loc:
        if isinstance(node, list) and isinstance(item, int) and item < len(node):
            node = node[item]
            named = isinstance(node, dict) and isinstance(node.get("name"), str)
            out.append(node["name"] if named else f"step {item + 1}")
        elif isinstance(node, dict) and item in node:
            node = node[item]
            if item != "steps":
                out.append(str(item))
        elif isinstance(node, dict) and item in KINDS:
            continue  # the tag of a union
        else:
            out.append(str(item))
    return ".".join(out) or "the process"
