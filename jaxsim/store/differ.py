"""Where two documents differ, by the paths that a person types."""

from collections.abc import Iterator
from typing import Any


SHOWN = 5


def tell_differences(there: Any, here: Any) -> str:
    """What differs, in words; empty when nothing does."""
    found = list(differences(there, here))
    told = [f"{p} is {_short(a)} there and {_short(b)} here" for p, a, b in found]
    more = [f"{len(told) - SHOWN} more"] * (len(told) > SHOWN)
    return "; ".join(told[:SHOWN] + more)


def differences(
    there: Any, here: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, Any, Any]]:
    """Path, one value and the other, wherever they differ; None for a missing one."""
    there, here = _by_name(there), _by_name(here)
    if isinstance(there, dict) and isinstance(here, dict):
        for key in dict.fromkeys((*here, *there)):
            below = (*path, key) if key != "process" else path
            yield from differences(there.get(key), here.get(key), below)
    elif there != here:
        yield ".".join(path) or "process", there, here


def _by_name(value: Any) -> Any:
    """The steps of a pipeline as a mapping, so that their names make the path."""
    if isinstance(value, dict) and isinstance(value.get("steps"), list):
        steps = {step.get("name"): step for step in value["steps"]}
        return {k: v for k, v in value.items() if k != "steps"} | steps
    return value


def _short(value: Any) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
