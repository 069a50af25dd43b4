"""Reading files that strangers made: nothing is run, unpacked to disk or believed.

Sizes are checked before memory is asked for, pickles are refused, archives are read
member by member in memory, and whatever is wrong becomes one sentence with the path.
"""

import bz2
import io
import json
import math
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.core.matlab import parse_mat


MAX_BYTES = 1 << 30  # of one unpacked archive, or of one text file
SUSPICIOUS_BYTES = 1 << 26  # below this, no compression ratio is a danger
MAX_RATIO = 300  # a text matrix of mostly zeros reaches 120; a bomb 1000 and more
MAX_MEMBERS = 1000


def existing_file(path: str | os.PathLike, what: str) -> Path:
    """The path of a file that is there.

    Raises:
        FileNotFoundError: nothing is there; the sentence says what was to be read.
        ValueError: it is a folder.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; {what} was to be read from it.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name the file inside it with {what}.")
    return path


def read_bytes(path: Path) -> bytes:
    """A whole file, if it is not larger than `MAX_BYTES`."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(
            f"{path} holds {_size(size)}; at most {_size(MAX_BYTES)} is read."
        )
    return path.read_bytes()


def read_npy(path: Path) -> np.ndarray:
    """An array from a `.npy` file; its header is checked against the file's size."""
    with path.open("rb") as stream:
        return _array(stream, path.stat().st_size, str(path))


def npy_from_bytes(content: bytes, where: str) -> np.ndarray:
    """An array from the bytes of a `.npy` file, as an `.npz` holds them."""
    return _array(io.BytesIO(content), len(content), where)


def _array(stream: Any, size: int, where: str) -> np.ndarray:
    header = np.lib.format
    readers = {
        (1, 0): header.read_array_header_1_0,
        (2, 0): header.read_array_header_2_0,
    }
    try:
        version = header.read_magic(stream)
        if version not in readers:
            raise ValueError(f"its format version is {version}")
        shape, columns_first, dtype = readers[version](stream)
    except Exception as error:
        raise ValueError(
            f"{where} is not a NumPy array file ({_one_line(error)})."
        ) from None
    if dtype.hasobject:
        raise ValueError(
            f"{where} holds Python objects, which only unpickling can read, and a "
            "pickle can run any program. Save it again as plain numbers: "
            "numpy.save(path, array.astype(float))."
        )
    if dtype.kind not in "fiubcUS":
        raise ValueError(
            f"{where} holds records ({dtype}); save a plain array of numbers."
        )
    left = size - stream.tell()
    count = math.prod(shape)
    needed = count * dtype.itemsize
    if min(shape, default=0) < 0 or needed > left:
        raise ValueError(
            f"{where} is cut short or its header lies: it announces shape {shape} of "
            f"{dtype}, which is {_size(needed)}, but {_size(left)} follow."
        )
    content = stream.read(needed)
    array = np.frombuffer(content, dtype) if count else np.empty(0, dtype)
    return array.reshape(shape, order="F" if columns_first else "C").copy()


def read_zip(path: Path) -> dict[str, bytes]:
    """The members of a zip archive by name, held in memory, `.bz2` members unpacked.

    Raises:
        ValueError: no zip, damaged, encrypted, a name that leaves the archive, two
            members of one name, or contents that would fill the memory.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ValueError(
            f"{path} is not a zip archive, or it is cut short ({_one_line(error)})."
        ) from None
    with archive:
        infos = [i for i in archive.infolist() if not i.is_dir()]
        _check_members(path, infos)
        found: dict[str, bytes] = {}
        budget = MAX_BYTES
        for info in infos:
            if info.filename.startswith("__MACOSX/"):
                continue  # what a Mac adds to every archive
            where = f"{path}, member '{info.filename}'"
            try:
                content = archive.read(info)
            except Exception as error:  # zlib, CRC, a method that zipfile lacks, ...
                raise ValueError(f"{where} is damaged ({_one_line(error)}).") from None
            name = info.filename
            if name.endswith(".bz2"):
                content, name = (
                    _unpack_bz2(content, budget, where),
                    name[: -len(".bz2")],
                )
            budget -= len(content)
            if name in found:
                raise ValueError(f"{path} holds '{name}' twice, plain and as .bz2.")
            found[name] = content
    return found


def _check_members(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    """Everything that can be refused from the directory, before a byte is unpacked."""
    if len(infos) > MAX_MEMBERS:
        raise ValueError(
            f"{path} has {len(infos)} members; at most {MAX_MEMBERS} are read."
        )
    total, seen = 0, set()
    for info in infos:
        name = info.orig_filename
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or name[:1] in "/\\" or ":" in parts[0] or "\0" in name:
            raise ValueError(
                f"{path} has a member named {name!r}, which points out of the archive: "
                "such a file was made to harm. Nothing was read."
            )
        if info.filename in seen:
            raise ValueError(
                f"{path} has two members named '{info.filename}'; which one is meant "
                "cannot be known. Pack it again."
            )
        if info.flag_bits & 1:
            raise ValueError(
                f"{path}, member '{info.filename}' is encrypted; unlock it."
            )
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(  # Python unpacks the others without a limit
                f"{path}, member '{info.filename}' is packed by a method other than "
                "'stored' and 'deflate'; pack it again with the usual one."
            )
        seen.add(info.filename)
        total += info.file_size
        ratio = info.file_size / max(info.compress_size, 1)
        if info.file_size > SUSPICIOUS_BYTES and ratio > MAX_RATIO:
            raise ValueError(
                f"{path}, member '{info.filename}' would grow {ratio:.0f}-fold to "
                f"{_size(info.file_size)} when unpacked: a zip bomb. Nothing was read."
            )
    if total > MAX_BYTES:
        raise ValueError(
            f"{path} would unpack to {_size(total)}; at most {_size(MAX_BYTES)} is "
            "read."
        )


def _unpack_bz2(content: bytes, budget: int, where: str) -> bytes:
    unpacked = bytearray()
    limit = min(budget, max(SUSPICIOUS_BYTES, MAX_RATIO * len(content)))
    while content:
        stream = bz2.BZ2Decompressor()
        try:
            unpacked += stream.decompress(content, limit - len(unpacked) + 1)
        except (OSError, ValueError) as error:
            raise ValueError(f"{where} is no bz2 ({_one_line(error)}).") from None
        if len(unpacked) > limit:
            raise ValueError(f"{where} unpacks to more than {_size(limit)}: a bomb.")
        if not stream.eof:
            raise ValueError(f"{where} is cut short.")
        content = stream.unused_data
    return bytes(unpacked)


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an `.npz` file by name; pickled ones are refused."""
    members = read_zip(path)
    where = {name: f"{path}, member '{name}'" for name in members}
    arrays = {name: npy_from_bytes(members[name], where[name]) for name in members}
    return {name.removesuffix(".npy"): array for name, array in arrays.items()}


def read_mat(path: Path) -> dict[str, np.ndarray]:
    """The numeric and text arrays of a MATLAB file (v4 to v7), sparse ones dense.

    Raises:
        ValueError: not such a file, damaged, too large, or v7.3 (which is HDF5).
    """
    try:
        return parse_mat(read_bytes(path), MAX_BYTES)
    except ValueError as error:
        raise ValueError(
            f"{path} is not a MATLAB file that can be read ({_one_line(error)})."
        ) from None


def text_of(content: bytes, where: str) -> str:
    """Bytes as text, UTF-8 or else Latin-1; binary content is refused."""
    if b"\0" in content:
        raise ValueError(f"{where} is not text: it holds binary data.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def read_labels(path: str | os.PathLike) -> tuple[str, ...]:
    """Names from a file: one per line that is not blank, or a JSON list."""
    path = existing_file(path, "a list of labels")
    text = text_of(read_bytes(path), str(path))
    if path.suffix.lower() != ".json":
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    try:
        listed: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({_one_line(error)}).") from None
    if not isinstance(listed, list) or any(isinstance(v, (list, dict)) for v in listed):
        raise ValueError(f"{path} must hold a JSON list of names, one per node.")
    return tuple(str(name) for name in listed)


def _size(n_bytes: int) -> str:
    amount = float(n_bytes)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.4g} {unit}"
        amount /= 1024
    return f"{amount:.4g} GiB"


def _one_line(error: BaseException) -> str:
    """The message of another library's error, short enough for a sentence."""
    return " ".join(str(error).split())[:200] or type(error).__name__
