"""Looking for a part of a process by what it knows."""

from typing import Any

from jaxsim.core.declared import Declared


def last_with(thing: Any, field: str) -> Declared | None:
    """The last part of a process, in the order of its steps, that has a field.

    Args:
        thing: a process, or anything (which has none).
        field: its name, "sensor_positions_m".
    """
    if isinstance(thing, tuple):
        found = None
        inside = thing
    elif isinstance(thing, Declared):
        parts = thing._parts()
        found = thing if field in parts else None
        inside = tuple(parts.values())
    else:
        return None
    for part in inside:
        deeper = last_with(part, field)
        found = found if deeper is None else deeper
    return found
