"""Tables of numbers in text, separated by commas, semicolons, tabs or spaces."""

import csv
import io
from typing import NamedTuple

import numpy as np


class Table(NamedTuple):
    """Numbers of a text table, and the names in its first row and column, if any."""

    numbers: np.ndarray  # (row, column), float64
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


def parse_table(text: str, where: str) -> Table:
    """Read a table of numbers; `#` starts a comment, blank lines are skipped.

    Args:
        text: the table.
        where: the file (and member) that it came from, for the sentences.

    Raises:
        ValueError: empty, ragged, or an entry that is no number, by row and column.
    """
    lines = [line.strip(" \r") for line in text.splitlines()]
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    if not lines:
        raise ValueError(f"{where} is empty: a table of numbers was expected.")
    mark = next((m for m in "\t;," if m in lines[0].strip("\t")), None)
    try:
        return Table(np.loadtxt(io.StringIO("\n".join(lines)), delimiter=mark, ndmin=2))
    except ValueError:
        return _parse_slowly(lines, mark, where)


def _parse_slowly(lines: list[str], mark: str | None, where: str) -> Table:
    """The same by hand: takes names and trailing marks, and says what is wrong."""
    if mark is None:
        cells = [line.split() for line in lines]
    else:
        try:
            cells = list(csv.reader(lines, delimiter=mark))
        except csv.Error as error:
            raise ValueError(f"{where} is no table ({error}).") from None
    if all(row[-1] == "" for row in cells):
        cells = [row[:-1] for row in cells]  # every line ends in a separator
    body_width = len(cells[-1])
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    heads = cells[0][-body_width + 1 :]
    if len(cells) > 1 and any(heads) and not any(_is_number(head) for head in heads):
        columns, cells = tuple(c.strip() for c in cells[0]), cells[1:]
    if body_width > 1 and not any(_is_number(row[0]) for row in cells if row):
        rows = tuple(row[0].strip() for row in cells)
        cells = [row[1:] for row in cells]
    width = len(cells[0])
    for i, row in enumerate(cells):
        if len(row) != width:
            raise ValueError(
                f"{where} is no table: row {i + 1} has {len(row)} entries, the first "
                f"has {width}. (Cut short, or another separator than {mark or ' '!r}?)"
            )
        for j, cell in enumerate(row):
            if not _is_number(cell):
                raise ValueError(
                    f"{where}: row {i + 1}, column {j + 1} is {cell[:40]!r}, which is "
                    "not a number."
                )
    numbers = np.array([[float(cell) for cell in row] for row in cells])
    return Table(numbers, columns[-width:], rows)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
