"""Whole numbers, as steps and counts are given."""

import operator
from typing import Any


def whole(name: str, value: Any) -> int:
    """A number of batches or samples as an int; 2.5, "2" and True are none.

    Raises:
        TypeError: it is no whole number.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} = {value!r} must be a whole number.") from None
