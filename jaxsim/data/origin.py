"""Origin: what a session was made with, by path, as each of its samples may say it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxsim.core.declared import Declared, get


class Origin:
    """Values of one session.

    Args:
        values: what is its own: signals without time, values that a design gave the
            run; each a value or a function that reads it.
        process: gives the process that made it, or None where that is not known.
    """

    def __init__(
        self, values: dict[str, Any], process: Callable[[], Any] | None = None
    ) -> None:
        self.values, self.process = values, process

    def __getstate__(self) -> dict[str, Any]:
        return {"values": {}, "process": None}  # a dataset has what it was asked for

    def value(self, path: str, session: str) -> np.ndarray:
        """A number or an array.

        Raises:
            ValueError: nothing at that path, or no numbers.
        """
        if path in self.values:
            found = self.values[path]
            return _numbers(found() if callable(found) else found, path, session)
        process = self.process() if self.process is not None else None
        if not isinstance(process, Declared):
            has = ", ".join(self.values) or "no values"
            raise ValueError(
                f"params: session '{session}' has no '{path}'; it has {has}, and the "
                "process that made it is not known."
            )
        try:
            found = get(process, path)
        except ValueError as error:
            raise ValueError(f"params of session '{session}': {error}") from None
        return _numbers(found, path, session)


def _numbers(found: Any, path: str, session: str) -> np.ndarray:
    array = np.asarray(found)
    if array.dtype.kind not in "biuf":
        raise ValueError(
            f"params: '{path}' of session '{session}' is {type(found).__name__}, and "
            "no number or array of numbers."
        )
    return array


def of_design(
    document: dict[str, Any] | None, run: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """What a design gave one run, where it is numbers.

    Args:
        document: of the design, or None.
        run: its place along the axes.
    """
    if document is None or len(document["axes"]) != len(run):
        return {}
    axes = [name for name, _ in document["axes"]]
    found = {}
    for path, column in document["values"].items():
        value = column["values"][run[axes.index(column["axis"])]]
        if isinstance(value, (bool, int, float, list)):
            found[path] = np.asarray(value)
    return found
