"""Where rows of numbers lie: memory-mapped files and zarr arrays, opened when read.

What is opened is never pickled, nor handed to a forked process: each opens its own.
"""

import dataclasses
import importlib
import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.data.shards import Shards


_PROCESS = os.getpid()  # that imported this; in a forked one it is another


def there(path: Path) -> None:
    """Refuse a folder that lost a file."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the folder is not whole. Copy or export it again."
        )


@dataclasses.dataclass(frozen=True)
class Raw:
    """A file of nothing but numbers."""

    path: Path
    dtype: np.dtype
    shape: tuple[int, ...]

    def open(self) -> Any:
        """The numbers, memory-mapped."""
        there(self.path)
        size, need = self.path.stat().st_size, int(np.prod(self.shape))
        if size != need * self.dtype.itemsize:
            raise ValueError(
                f"{self.path}: {size} bytes are not {self.shape} numbers of type "
                f"{self.dtype}, as its meta.yml says."
            )
        # a plain array over the map: slicing a np.memmap costs ten times as much
        return np.asarray(np.memmap(self.path, self.dtype, "r", shape=self.shape))


@dataclasses.dataclass(frozen=True)
class Npy:
    """A .npy file."""

    path: Path

    def open(self) -> Any:
        """The numbers, memory-mapped."""
        there(self.path)
        return np.asarray(np.load(self.path, mmap_mode="r", allow_pickle=False))


@dataclasses.dataclass(frozen=True)
class ZarrRows:
    """An array of a zarr store.

    Movies, which lie there uncompressed, are read out of their files directly; other
    rows by tensorstore where it is installed, by zarr where not.
    """

    folder: Path
    path: str
    lead: tuple[int, ...] = ()  # which run of a batch
    reader: str | None = None  # "shards", "tensorstore" or "zarr"; None: the fastest

    def open(self) -> Any:
        """Something that gives rows when it is sliced."""
        array, axis = self._zarr(), len(self.lead)
        n = array.shape[axis]
        if self.reader in (None, "shards") and Shards.fits(array, axis):
            return Shards(array, self.lead)
        if array.chunks[axis] >= n:  # any read would decode all of it: keep it
            return _Led(array, self.lead)[0:n]
        found = self._tensorstore() if self.reader in (None, "tensorstore") else None
        return _Led(array if found is None else found, self.lead)

    def _zarr(self) -> Any:
        from jaxsim.store.arrays import member, open_group

        return member(open_group(self.folder), self.path)

    def _tensorstore(self) -> Any:
        if self.reader is None and (
            os.getpid() != _PROCESS  # its threads do not live on in a forked process
            or importlib.util.find_spec("tensorstore") is None
        ):
            return None
        tensorstore = importlib.import_module("tensorstore")
        place = {"driver": "file", "path": str(self.folder / self.path)}
        spec = {"driver": "zarr3", "kvstore": place}
        return tensorstore.open(spec, open=True, read=True).result()


class _Led:
    """Rows of one run of an array with axes of a batch in front."""

    def __init__(self, array: Any, lead: tuple[int, ...]) -> None:
        self.array, self.lead = array, lead

    def __getitem__(self, rows: slice) -> np.ndarray:
        return np.asarray(self.array[(*self.lead, rows)])
