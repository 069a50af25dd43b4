"""MATLAB files (v4 to v7) read by ourselves, since scipy's reader can be crashed.

Flipping single bytes of a good file made `scipy.io.loadmat` 1.17 die of a segmentation
fault, which no `try` can turn into a sentence. This one reads what matrices need (full,
sparse and logical arrays, text, lists of text) and passes over everything else.

Layout: "MAT-File Format", The MathWorks, chapter 1 (level 5) and appendix (level 4).
"""

import math
import struct
import zlib

import numpy as np


STORED = {  # how numbers lie in the file: "mi..." types
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4",
    9: "f8", 12: "i8", 13: "u8", 16: "u1", 17: "u2", 18: "u4",
}  # fmt: skip
MATRIX, COMPRESSED = 14, 15
CELL, TEXT, SPARSE = 1, 4, 5
FULL = range(6, 16)  # double to uint64
LEVEL4 = ("f8", "f4", "i4", "i2", "u2", "u1")
DEEPEST = 4  # lists of lists of ... text


def parse_mat(content: bytes, max_bytes: int) -> dict[str, np.ndarray]:
    """The numeric and text arrays of a MATLAB file by name.

    Args:
        content: the whole file.
        max_bytes: what compressed or sparse arrays may grow to.

    Raises:
        ValueError: no such file, damaged, or larger than allowed.
    """
    if content[:4] == b"\x89HDF" or content[:10] == b"MATLAB 7.3":
        raise ValueError(
            "it is of version 7.3, which is HDF5 inside; save it in MATLAB with "
            "save(path, '-v7', ...), or as .npy"
        )
    try:
        if 0 in content[:4]:
            return _level4(content, max_bytes)
        order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
        if order is None:
            raise ValueError("it has no MATLAB header")
        return _level5(content[128:], order, max_bytes)
    except (struct.error, IndexError, UnicodeDecodeError, zlib.error) as error:
        raise ValueError(f"it is cut short or damaged: {error}") from None


def _level5(content: bytes, order: str, budget: int) -> dict[str, np.ndarray]:
    found, at = {}, 0
    while at + 8 <= len(content):
        kind, size = struct.unpack_from(order + "II", content, at)
        body = _slice(content, at + 8, size)
        at += 8 + size
        if kind == COMPRESSED:
            body = _inflated(body, budget)
            budget -= len(body)
            kind, size = struct.unpack_from(order + "II", body, 0)
            body = _slice(body, 8, size)
        if kind == MATRIX:
            name, array = _matrix(body, order, budget)
            if array is not None:
                found[name] = array
    if at != len(content):
        raise ValueError("it is cut short")
    return found


def _elements(body: bytes, order: str) -> list[tuple[int, bytes]]:
    """The parts of a matrix: flags, dimensions, name, values."""
    parts, at = [], 0
    while at + 8 <= len(body):
        kind, size = struct.unpack_from(order + "II", body, at)
        if kind >> 16:  # up to four bytes lie in the tag itself
            kind, size, start, step = kind & 0xFFFF, kind >> 16, at + 4, 8
            if size > 4:
                raise ValueError("it is damaged: a short element is too long")
        else:
            start, step = at + 8, 8 + size + -size % 8
        parts.append((kind, _slice(body, start, size)))
        at += step
    return parts


def _matrix(
    body: bytes, order: str, budget: int, depth: int = 0
) -> tuple[str, np.ndarray | None]:
    """Name and values; None for a class that is passed over (structs, objects)."""
    parts = _elements(body, order)
    if len(parts) < 3:
        raise ValueError("it is cut short or damaged: a matrix without a header")
    flags, nonzero = struct.unpack_from(order + "II", parts[0][1], 0)
    kind = flags & 0xFF
    shape = tuple(int(n) for n in _integers(parts[1], order))
    name = parts[2][1].decode("latin-1")
    count = math.prod(shape)
    if len(shape) < 2 or min(shape) < 0 or count * 8 > budget:
        raise ValueError(f"'{name}' has shape {shape}: too large, or damaged")
    if kind == CELL and depth < DEEPEST:
        cells = [_matrix(cell, order, budget, depth + 1)[1] for _, cell in parts[3:]]
        words = [
            str(c.ravel()[0]) for c in cells if c is not None and c.dtype.kind == "U"
        ]
        return name, np.array(words) if len(words) == count and words else None
    if flags & 0x0800 or (kind not in FULL and kind not in (TEXT, SPARSE)):
        return name, None  # complex numbers, structs, objects
    if kind == SPARSE:
        return name, _sparse(parts[3:], shape, order)
    if len(parts) < 4:
        if count:
            raise ValueError(f"'{name}' has shape {shape} but no values")
        return name, np.zeros(shape)
    values = _numbers(parts[3], order)
    if kind == TEXT:
        return name, _text(parts[3], values, shape)
    if len(values) != count:
        raise ValueError(f"'{name}' has shape {shape} but {len(values)} values")
    return name, values.reshape(shape, order="F")


def _sparse(parts: list[tuple[int, bytes]], shape: tuple, order: str) -> np.ndarray:
    """Column by column: rows, where each column starts, and values."""
    if len(shape) != 2 or len(parts) < 3:
        raise ValueError("a sparse array is damaged")
    rows, starts = _integers(parts[0], order), _integers(parts[1], order)
    values = _numbers(parts[2], order)
    n = int(starts[-1]) if len(starts) else -1
    counts = np.diff(starts)
    if len(starts) != shape[1] + 1 or starts[0] != 0 or (counts < 0).any():
        raise ValueError("a sparse array is damaged")
    if n > min(len(rows), len(values)) or (n and not 0 <= rows[:n].min()):
        raise ValueError("a sparse array is damaged")
    if n and rows[:n].max() >= shape[0]:
        raise ValueError("a sparse array is damaged")
    dense = np.zeros(shape)
    dense[rows[:n], np.repeat(np.arange(shape[1]), counts)] = values[:n]
    return dense


def _text(part: tuple[int, bytes], values: np.ndarray, shape: tuple) -> np.ndarray:
    """The rows of a character array, one word each."""
    if part[0] == 16:  # UTF-8 may take several bytes a character
        letters = list(part[1].decode("utf-8"))
    else:
        letters = [chr(int(v)) for v in values if 0 <= int(v) < 0x110000]
    if len(letters) != math.prod(shape) or len(shape) != 2:
        raise ValueError("a text is damaged")
    grid = np.array(letters, "U1").reshape(shape, order="F")
    return np.array(["".join(row).rstrip() for row in grid] or [""])


def _level4(content: bytes, budget: int) -> dict[str, np.ndarray]:
    found, at = {}, 0
    while at < len(content):
        small = struct.unpack_from("<i", content, at)[0]
        order = "<" if 0 <= small < 5000 else ">"
        head = struct.unpack_from(order + "5i", content, at)
        code, rows, columns, imaginary, length = head
        kind, form = code // 10 % 10, code % 10
        if not (0 <= code < 5000 and kind < 6 and form < 3 and min(rows, columns) >= 0):
            raise ValueError("it has no MATLAB header")
        name = _slice(content, at + 20, length).rstrip(b"\0").decode("latin-1")
        dtype = np.dtype(order + LEVEL4[kind])
        size = rows * columns * dtype.itemsize
        body = _slice(content, at + 20 + length, size)
        at += 20 + length + size * (2 if imaginary else 1)
        values = np.frombuffer(body, dtype).reshape((rows, columns), order="F")
        if form == 0 and not imaginary:
            found[name] = values.copy()
        if form == 2 and columns == 3 and rows:
            found[name] = _sparse4(values, budget)
    return found


def _sparse4(triples: np.ndarray, budget: int) -> np.ndarray:
    """Rows of (i, j, value) from 1; the last one holds the size."""
    if not (np.abs(triples[:, :2]) < 2**31).all():  # NaN is not, either
        raise ValueError("a sparse array is damaged")
    shape = tuple(int(n) for n in triples[-1, :2])
    at = triples[:-1, :2].astype(np.int64) - 1
    if min(shape) < 0 or math.prod(shape) * 8 > budget or (at < 0).any():
        raise ValueError("a sparse array is too large, or damaged")
    if len(at) and (at.max(axis=0) >= shape).any():
        raise ValueError("a sparse array is damaged")
    dense = np.zeros(shape)
    dense[at[:, 0], at[:, 1]] = triples[:-1, 2]
    return dense


def _numbers(part: tuple[int, bytes], order: str) -> np.ndarray:
    if part[0] not in STORED:
        raise ValueError(f"it is damaged: numbers of unknown type {part[0]}")
    dtype = np.dtype(order + STORED[part[0]])
    whole = len(part[1]) - len(part[1]) % dtype.itemsize
    return np.frombuffer(part[1][:whole], dtype)


def _integers(part: tuple[int, bytes], order: str) -> np.ndarray:
    numbers = _numbers(part, order)
    if numbers.dtype.kind == "f":
        raise ValueError("it is damaged: fractions where whole numbers belong")
    return numbers.astype(np.int64)


def _slice(content: bytes, start: int, size: int) -> bytes:
    if size < 0 or start + size > len(content):
        raise ValueError("it is cut short or damaged")
    return content[start : start + size]


def _inflated(content: bytes, budget: int) -> bytes:
    stream = zlib.decompressobj()
    unpacked = stream.decompress(content, budget + 1)
    if len(unpacked) > budget:
        raise ValueError(f"it unpacks to more than {budget} bytes: a bomb")
    if not stream.eof:
        raise ValueError("it is cut short")
    return unpacked
