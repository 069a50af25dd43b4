"""Arrays in zarr v3, as our stores have them: durable, checksummed, never implied.

Every chunk is a file that exists (`write_empty_chunks`) and carries a crc32c, so a
missing, cut or altered chunk is seen. zarr is imported inside functions.
"""

import asyncio
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.store import disk
from jaxsim.store.chunks import chunks_of, is_movie, movie_chunks


def create_group(folder: Path) -> Any:
    """A new, empty zarr group whose files are durable."""
    import zarr

    disk.make_folder(folder)
    return zarr.create_group(_durable(folder), zarr_format=3)


def open_group(folder: Path, *, write: bool = False) -> Any:
    """An existing zarr group; consolidated metadata are never believed."""
    import zarr
    from zarr.storage import LocalStore

    store = _durable(folder) if write else LocalStore(folder, read_only=True)
    mode = "r+" if write else "r"
    return zarr.open_group(store, mode=mode, zarr_format=3, use_consolidated=False)


def member(group: Any, name: str) -> Any:
    """An array of a group; written to, it writes every chunk.

    zarr does not keep `write_empty_chunks` in the array, so opening must say it again,
    or a block of zeros would leave no file and be taken for lost.

    Raises:
        KeyError: there is none.
    """
    import zarr

    with zarr.config.set({"array.write_empty_chunks": True}):
        return group[name]


def _durable(folder: Path) -> Any:
    """A zarr store on a local folder that syncs what it writes."""
    from zarr.storage import LocalStore

    class Durable(LocalStore):
        def _write(self, key: str, value: Any) -> None:
            path = Path(self.root) / key
            disk.make_folder(path.parent)
            disk.write_file(path, value.to_bytes())

        async def set(self, key: str, value: Any) -> None:
            await asyncio.to_thread(self._write, key, value)

        def set_sync(self, key: str, value: Any) -> None:
            self._write(key, value)

        async def set_if_not_exists(self, key: str, value: Any) -> None:
            # zarr makes the groups in between by this
            if not (Path(self.root) / key).exists():
                await self.set(key, value)

    return Durable(folder)


def add_array(
    group: Any,
    name: str,
    shape: tuple[int, ...],
    dtype: Any,
    dims: tuple[str, ...],
    block: int | None = None,
    attrs: dict[str, Any] | None = None,
    fill: Any = None,
) -> Any:
    """An array of a group, still without values.

    Args:
        group: of `create_group`.
        name: path inside it.
        shape: its lengths.
        dtype: its type; text is stored as variable-length UTF-8.
        dims: names of its axes, without which xarray cannot open it.
        block: rows written at a time; no chunk holds rows of two blocks.
        attrs: units, long_name.
        fill: what a chunk not yet written stands for.

    Raises:
        TypeError: a type that zarr does not know.
    """
    from zarr.codecs import Crc32cCodec, ZstdCodec

    dtype = np.dtype(dtype)
    if dtype.kind not in "fiubcUT":
        raise TypeError(
            f"{name}: values of type {dtype} cannot be stored; cast them to float32, "
            "or leave the signal out of record."
        )
    shards = None
    codecs = [ZstdCodec(level=1), Crc32cCodec()]
    if is_movie(dtype, dims):
        chunks, shards = movie_chunks(shape, dims)
        codecs = [Crc32cCodec()]  # shot noise does not compress
    else:
        chunks = chunks_of(shape, dtype.itemsize, block)
    text = dtype.kind in "UT"
    return group.create_array(
        name,
        shape=shape,
        dtype=np.dtypes.StringDType() if text else dtype,
        chunks=chunks,
        shards=shards,
        compressors=codecs,
        fill_value=fill if fill is not None else ("" if text else dtype.type(0)),
        dimension_names=list(dims),
        attributes=attrs or {},
        chunk_key_encoding={"name": "default", "separator": "."},  # one folder each
        config={"write_empty_chunks": True},
    )


def put(
    group: Any,
    name: str,
    values: Any,
    dims: tuple[str, ...],
    attrs: dict[str, Any] | None = None,
) -> Any:
    """An array with its values, in chunks of the default size."""
    values = np.asarray(values)
    array = add_array(group, name, values.shape, values.dtype, dims, attrs=attrs)
    if values.dtype.kind == "U":
        values = values.astype(np.dtypes.StringDType())
    if values.size:
        array[...] = values
    return array


def chunk_files(
    array: Any, rows: slice | None = None
) -> Iterator[tuple[Path, tuple[slice, ...]]]:
    """Each file that an array must have, with the region that it holds.

    Args:
        array: a zarr array.
        rows: only those of some rows; they must be those of whole chunks.
    """
    sizes = array.shards or array.chunks
    folder = Path(array.store.root) / array.path
    counts = [range(-(-n // size)) for n, size in zip(array.shape, sizes, strict=True)]
    if rows is not None:
        counts[0] = range(rows.start // sizes[0], -(-rows.stop // sizes[0]))
    for at in itertools.product(*counts):
        region = tuple(
            slice(i * size, min((i + 1) * size, n))
            for i, size, n in zip(at, sizes, array.shape, strict=True)
        )
        yield folder / array.metadata.encode_chunk_key(at), region


def read(array: Any, rows: slice | None = None) -> np.ndarray:
    """Values of an array, after every chunk of them was found to exist and be sound.

    Args:
        array: a zarr array.
        rows: only some rows, those of whole chunks.

    Raises:
        ValueError: a chunk is missing, cut or altered: which array, which file.
    """
    present = _present(Path(array.store.root) / array.path) if rows is None else None
    for file, _ in chunk_files(array, rows):
        there = file.is_file() if present is None else file.name in present
        if not there:
            raise damaged(array, file, "is missing")
    try:
        values = np.asarray(array[... if rows is None else rows])
    except Exception as error:
        raise _find_damage(array, rows, error) from None
    if values.dtype.kind in "TO":  # astype(str) refuses StringDType of unknown width
        return np.array(values.tolist(), dtype=str).reshape(values.shape)
    return values


def _present(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries}
    except OSError:
        return set()


def _find_damage(array: Any, rows: slice | None, error: Exception) -> ValueError:
    for file, region in chunk_files(array, rows):
        try:
            array[region]
        except Exception as reason:
            return damaged(array, file, f"is damaged ({_first_line(reason)})")
    return damaged(array, Path(array.store.root) / array.path, _first_line(error))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def damaged(array: Any, file: Path, what: str) -> ValueError:
    """The sentence for a store that cannot be believed."""
    return ValueError(
        f"{array.store.root}: '{array.path}' cannot be trusted, its file {file.name} "
        f"{what}. Bring it back from a copy, or compute it again; what is whole can be "
        "read with xarray.open_datatree(path, engine='zarr', consolidated=False)."
    )
