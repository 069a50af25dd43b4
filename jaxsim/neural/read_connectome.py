"""What files hold of a connectome: matrices, labels, centres, as plain arrays.

Nothing is judged here but the file itself: whether the numbers make a connectome
(square, finite, lengths not negative) is said once, by `Connectome`.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxsim.core.text_table import Table, parse_table
from jaxsim.core.untrusted import (
    existing_file,
    npy_from_bytes,
    read_bytes,
    read_mat,
    read_npy,
    read_npz,
    read_zip,
    text_of,
)


SUFFIXES = (".npy", ".npz", ".csv", ".tsv", ".txt", ".mat", ".zip")

# Names under which programs keep them, in the order in which they are looked for.
WEIGHTS = ("weights", "w", "sc", "cmat", "connectivity", "data")
LENGTHS = ("tract_lengths_mm", "tract_lengths", "lengths", "length", "len", "dmat")
LABELS = ("labels", "region_labels", "names")
CENTRES = ("centres_mm", "centres", "centers")


class ConnectomeFile(NamedTuple):
    """The contents of a file; what it does not have is None or empty."""

    weights: np.ndarray
    tract_lengths_mm: np.ndarray | None = None
    labels: tuple[str, ...] = ()
    centres_mm: np.ndarray | None = None


def read_connectome(
    path: str | os.PathLike, variable: str | None = None
) -> ConnectomeFile:
    """Read weights, and what else a file has, by its suffix.

    Args:
        path: `.npy`, `.csv`, `.tsv`, `.txt` (weights alone), `.npz` or `.mat` (arrays
            by name: `W`, `sc`, `weights`, `data`, then the only other square array;
            lengths are `tract_lengths`, `lengths`, `len`), or a TVB `.zip`.
        variable: the array to take as weights, where the names leave a choice.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another suffix; damaged, hostile or unreadable content.
    """
    path = existing_file(path, "a connectome")
    suffix = path.suffix.lower()
    if variable is not None and suffix not in (".npz", ".mat"):
        raise ValueError(
            f"{path} holds one array, so variable={variable!r} means nothing."
        )
    if suffix == ".zip":
        return _from_zip(path)
    if suffix == ".npy":
        return ConnectomeFile(_numbers(read_npy(path), str(path)))
    if suffix in (".csv", ".tsv", ".txt"):
        table = parse_table(text_of(read_bytes(path), str(path)), str(path))
        return ConnectomeFile(table.numbers, labels=_agreed(table, path))
    if suffix in (".npz", ".mat"):
        arrays = read_npz(path) if suffix == ".npz" else read_mat(path)
        return _from_arrays(arrays, path, variable)
    raise ValueError(
        f"{path}: a connectome is read from {', '.join(SUFFIXES)}, not from "
        f"'{path.suffix or 'a file without suffix'}'."
    )


def read_lengths(path: str | os.PathLike) -> np.ndarray:
    """Tract lengths from a file of their own; in a `.mat` they may be called `len`."""
    path = existing_file(path, "tract lengths")
    if path.suffix.lower() not in (".npz", ".mat"):
        return read_connectome(path).weights
    arrays = read_npz(path) if path.suffix.lower() == ".npz" else read_mat(path)
    name = _first(arrays, LENGTHS)
    if name is not None:
        return _numbers(arrays[name], f"{path}, '{name}'")
    return _from_arrays(arrays, path, None).weights


def _from_arrays(
    arrays: dict[str, np.ndarray], path: Path, variable: str | None
) -> ConnectomeFile:
    if variable is not None and variable not in arrays:
        raise ValueError(f"{path} has no '{variable}'; it has {', '.join(arrays)}.")
    name = variable or _first(arrays, WEIGHTS)
    lengths = _first(arrays, LENGTHS)
    if name is None:
        known = (lengths, _first(arrays, CENTRES))
        numeric = {n: a for n, a in arrays.items() if a.dtype.kind in "fiub"}
        square = [n for n, a in numeric.items() if a.ndim == 2 and len(a) == a.shape[1]]
        square = [n for n in square if numeric[n].size > 1] or square
        others = [n for n in square if n not in known] or square
        if len(others) != 1:
            held = ", ".join(f"{n} {a.shape}" for n, a in arrays.items()) or "no array"
            raise ValueError(
                f"{path}: which of its arrays are the weights? It holds {held}. "
                "Say it: Connectome.from_file(path, variable='...')."
            )
        name = others[0]

    def matrix(name: str) -> np.ndarray:
        return _numbers(arrays[name], f"{path}, '{name}'")

    labels, centres = _first(arrays, LABELS), _first(arrays, CENTRES)
    return ConnectomeFile(
        weights=matrix(name),
        tract_lengths_mm=None if lengths in (None, name) else matrix(lengths),
        labels=() if labels is None else _names(arrays[labels]),
        centres_mm=None if centres is None else matrix(centres),
    )


def _from_zip(path: Path) -> ConnectomeFile:
    """TVB's archive: text tables, maybe in a folder, maybe each packed by bz2."""
    members: dict[str, str] = {}
    archive = read_zip(path)
    for name in archive:
        stem, _, suffix = name.rsplit("/", 1)[-1].lower().partition(".")
        if suffix in ("txt", "csv", "npy") and stem in members:
            raise ValueError(
                f"{path} holds '{members[stem]}' and '{name}': which is meant cannot "
                "be known. Keep one connectome in an archive."
            )
        if suffix in ("txt", "csv", "npy"):
            members[stem] = name
    if "weights" not in members:
        raise ValueError(
            f"{path} has no weights.txt, which a TVB connectivity archive must have; "
            f"it holds {', '.join(archive) or 'nothing'}."
        )

    def table(stem: str) -> np.ndarray:
        where = f"{path}, member '{members[stem]}'"
        content = archive[members[stem]]
        if members[stem].endswith(".npy"):
            return _numbers(npy_from_bytes(content, where), where)
        return parse_table(text_of(content, where), where).numbers

    labels, centres = (), None
    centre_file = members.get("centres", members.get("centers"))
    if centre_file is not None:
        where = f"{path}, member '{centre_file}'"
        labels, centres = _centres(text_of(archive[centre_file], where), where)
    lengths = table("tract_lengths") if "tract_lengths" in members else None
    return ConnectomeFile(table("weights"), lengths, labels, centres)


def _centres(text: str, where: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Lines of `label x y z`, with anything after; or of `x y z` alone."""
    lines = [words for line in text.splitlines() if (words := line.split())]
    unnamed = all(len(words) == 3 for words in lines)
    places = [words if unnamed else words[1:4] for words in lines]
    positions: np.ndarray
    try:
        positions = np.array([[float(word) for word in place] for place in places])
    except ValueError:
        positions = np.empty(0)
    if positions.ndim != 2 or positions.shape[1] != 3:
        raise ValueError(f"{where} must have lines of a label and x, y, z in mm.")
    return () if unnamed else tuple(words[0] for words in lines), positions


def _first(arrays: dict[str, np.ndarray], names: tuple[str, ...]) -> str | None:
    """The array whose name, in any case, comes first among the known ones."""
    known = {name.lower(): name for name in arrays}
    return next((known[name] for name in names if name in known), None)


def _numbers(array: np.ndarray, where: str) -> np.ndarray:
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{where} holds {array.dtype}, not real numbers.")
    return np.asarray(array, float)


def _names(array: np.ndarray) -> tuple[str, ...]:
    return tuple(str(name).strip() for name in np.ravel(array))


def _agreed(table: Table, path: Path) -> tuple[str, ...]:
    """The names of a table's rows and columns, which must be the same nodes."""
    if table.rows and table.columns and table.rows != table.columns:
        raise ValueError(
            f"{path}: its rows and columns name different nodes, or in different order "
            f"(first row '{table.rows[0]}', first column '{table.columns[0]}')."
        )
    return table.rows or table.columns
