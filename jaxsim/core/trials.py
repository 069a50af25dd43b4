"""Trials: what was shown or done when, a row per trial with any columns."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


PLAIN = {bool: False, int: 0, float: np.nan, str: ""}  # what stands where none is
START, STOP = "start_s", "stop_s"


class Trials:
    """A table of trials in order of time, none of them overlapping.

    Made of rows by `Trials.from_rows`; a column holds None where a trial has no value.
    """

    def __init__(self, start_s: Any, stop_s: Any, columns: dict[str, list]) -> None:
        self.start_s = np.asarray(start_s, np.float64)
        self.stop_s = np.asarray(stop_s, np.float64)
        self.columns = columns

    @classmethod
    def from_rows(cls, rows: Any) -> "Trials":
        """A table from its rows, or from a pandas table.

        Args:
            rows: mappings, each with `start_s`, and any columns beside. `stop_s` is
                when the next trial starts where it is not given; the last one then
                lasts until the recording ends.

        Raises:
            TypeError: no rows.
            ValueError: no or unordered times, overlapping trials; which trial.
        """
        if isinstance(rows, Trials):
            return rows
        if hasattr(rows, "to_dict"):  # a table of pandas
            rows = rows.to_dict("records")
        if isinstance(rows, (str, Mapping)) or not isinstance(rows, Iterable):
            raise TypeError(
                "trials are rows such as [{'start_s': 0.0, 'tier': 'train'}, ...], or "
                f"a pandas table, not a {type(rows).__name__}."
            )
        rows = list(rows)
        if not rows:
            raise ValueError("trials hold no row; leave them out instead.")
        start = [_time(row, START, number) for number, row in enumerate(rows)]
        stop = [
            _time(row, STOP, number) if row.get(STOP) is not None else following
            for number, (row, following) in enumerate(
                zip(rows, [*start[1:], np.inf], strict=True)
            )
        ]
        for number, (first, last) in enumerate(zip(start, stop, strict=True)):
            if not first < last:
                raise ValueError(
                    f"trial {number} goes from {first:g} s to {last:g} s: each must "
                    "stop after it starts, and start after the one before."
                )
            if number and first < stop[number - 1] - 1e-9:
                raise ValueError(
                    f"trial {number} starts at {first:g} s, before trial {number - 1} "
                    f"stops ({stop[number - 1]:g} s): trials must not overlap."
                )
        names = dict.fromkeys(name for row in rows for name in row)
        for name in names:
            if not isinstance(name, str) or not name or set("/.") & set(name):
                raise ValueError(
                    f"trials: {name!r} cannot name a column; use words without . and /."
                )
        return cls(
            start,
            stop,
            {
                name: [_plain(row.get(name)) for row in rows]
                for name in names
                if name not in (START, STOP)
            },
        )

    def __len__(self) -> int:
        return len(self.start_s)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Trials)
            and np.array_equal(self.start_s, other.start_s)
            and np.array_equal(self.stop_s, other.stop_s)
            and self.columns == other.columns
        )

    def __hash__(self) -> int:
        return hash((self.start_s.tobytes(), tuple(self.columns)))

    def __repr__(self) -> str:
        return f"Trials({len(self)} with {', '.join(self.columns) or 'no columns'})"

    def arrays(self) -> dict[str, tuple[np.ndarray, dict[str, Any]]]:
        """Every column as an array with what else is needed to have it back."""
        seconds = {"units": "s"}
        times = {START: (self.start_s, seconds), STOP: (self.stop_s, seconds)}
        return times | {n: _array(values) for n, values in self.columns.items()}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, tuple[np.ndarray, Mapping[str, Any]]]
    ) -> "Trials":
        """The table that `arrays` gave."""
        times = arrays[START][0], arrays[STOP][0]
        rest = {n: pair for n, pair in arrays.items() if n not in (START, STOP)}
        return cls(*times, {name: _values(*pair) for name, pair in rest.items()})


def _time(row: Any, word: str, number: int) -> float:
    if not isinstance(row, Mapping) or row.get(word) is None:
        raise ValueError(f"trial {number} must be a mapping with '{word}', s: {row!r}.")
    try:
        found = float(row[word])
    except (TypeError, ValueError):
        found = np.nan
    if not np.isfinite(found):
        raise ValueError(f"trial {number}: {word} = {row[word]!r} is no time in s.")
    return found


def _plain(value: Any) -> Any:
    """Python's own values."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, tuple):
        value = list(value)
    return None if isinstance(value, float) and np.isnan(value) else value


def _array(values: list) -> tuple[np.ndarray, dict[str, Any]]:
    """One type for all: of numbers, of text, or the text of JSON."""
    absent = [number for number, value in enumerate(values) if value is None]
    kinds = {type(value) for value in values if value is not None}
    told: dict[str, Any] = {"absent": absent} if absent else {}
    if len(kinds) == 1 and (kind := kinds.pop()) in PLAIN:
        fill = PLAIN[kind]
        try:
            found = [fill if value is None else value for value in values]
            return np.asarray(found, np.int64 if kind is int else kind), told
        except OverflowError:
            pass
    text = [json.dumps(value) for value in values]
    return np.asarray(text, str), {"encoding": "json"}


def _values(array: np.ndarray, told: Mapping[str, Any]) -> list:
    if told.get("encoding") == "json":
        return [json.loads(text) for text in array.tolist()]
    found = array.tolist()
    for number in told.get("absent", ()):
        found[number] = None
    return found
