"""Frames of an uncompressed movie, read out of the shards of its zarr store.

A shard holds some chunks of frames, each with its crc32c behind it, and at its end an
index of where they lie, with a crc32c of its own (the sharding codec of zarr v3). What
is asked for is read straight into the array that it is wanted in, and every chunk that
is touched is checked. Nothing stays open: threads and forked processes may read.
"""

from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.store.arrays import damaged


CRC = 4  # bytes
MISSING = np.uint64(2**64 - 1)


class Shards:
    """Rows of one run of a movie.

    Args:
        array: of zarr, one that `fits`.
        lead: which run of a batch.
    """

    def __init__(self, array: Any, lead: tuple[int, ...]) -> None:
        axis = len(lead)
        self.array, self.lead, self.dtype = array, lead, array.dtype
        self.n, self.frame = array.shape[axis], array.shape[axis + 1 :]
        self.chunk, self.shard = array.chunks[axis], array.shards[axis]
        self.folder = Path(array.store.root) / array.path
        self.chunk_bytes = self.chunk * int(np.prod(self.frame)) * self.dtype.itemsize

    @staticmethod
    def fits(array: Any, axis: int) -> bool:
        """Whether chunks are whole frames of one run, checked but not compressed."""
        if array.shards is None or len(array.metadata.codecs) != 1:
            return False
        (codec,) = array.metadata.codecs
        told = codec.to_dict().get("configuration", {})
        inner = [one["name"] for one in told.get("codecs", ())]
        index = [one["name"] for one in told.get("index_codecs", ())]
        sizes = array.chunks[axis + 1 :], array.shards[axis + 1 :]
        return (
            inner == ["bytes", "crc32c"]
            and index == ["bytes", "crc32c"]
            and str(told.get("index_location")).endswith("end")
            and array.dtype.newbyteorder("<") == array.dtype
            and array.shards[:axis] == (1,) * axis
            and all(size == array.shape[axis + 1 :] for size in sizes)
        )

    def __getitem__(self, rows: slice) -> np.ndarray:
        out = np.empty((rows.stop - rows.start, *self.frame), self.dtype)
        self.fill(out, rows.start)
        return out

    def fill(self, out: np.ndarray, low: int) -> None:
        """Read the rows from number `low` on into an array.

        Raises:
            ValueError: a chunk is missing, cut or altered.
        """
        high = low + len(out)
        for number in range(low // self.shard, -(-high // self.shard)):
            begin = number * self.shard
            first, last = max(low, begin), min(high, begin + self.shard)
            part = out[first - low : last - low]
            self._from_shard(number, part, first - begin)

    def _from_shard(self, number: int, out: np.ndarray, low: int) -> None:
        """Rows of one shard, counted from its own first."""
        key = (*self.lead, number, *(0,) * len(self.frame))
        path = self.folder / self.array.metadata.encode_chunk_key(key)
        try:
            with open(path, "rb", buffering=0) as file:
                index = self._index(file, path)
                high = low + len(out)
                for at in range(low // self.chunk, -(-high // self.chunk)):
                    begin = at * self.chunk
                    first, last = max(low, begin), min(high, begin + self.chunk)
                    rows = out[first - low : last - low]
                    if last - first == self.chunk and rows.flags.c_contiguous:
                        self._read(file, path, index[at], rows)
                        continue
                    whole = np.empty((self.chunk, *self.frame), self.dtype)
                    self._read(file, path, index[at], whole)
                    rows[...] = whole[first - begin : last - begin]
        except FileNotFoundError:
            raise damaged(self.array, path, "is missing") from None

    def _index(self, file: FileIO, path: Path) -> np.ndarray:
        """(chunk, 2) where each chunk begins, and its bytes."""
        found = np.empty(self.shard // self.chunk * 16 + CRC, np.uint8)
        try:
            file.seek(-len(found), 2)
        except OSError:
            raise damaged(self.array, path, "is cut") from None
        self._whole(file, path, found)
        if _crc(found[:-CRC]) != int(found[-CRC:].view("<u4")[0]):
            raise damaged(self.array, path, "is damaged (its index)")
        return found[:-CRC].view("<u8").reshape(-1, 2)

    def _read(
        self, file: FileIO, path: Path, where: np.ndarray, out: np.ndarray
    ) -> None:
        """One chunk, checked."""
        if where[0] == MISSING or int(where[1]) != self.chunk_bytes + CRC:
            raise damaged(self.array, path, "is damaged (a chunk is missing)")
        file.seek(int(where[0]))
        flat, crc = out.reshape(-1).view(np.uint8), np.empty(1, "<u4")
        self._whole(file, path, flat)
        self._whole(file, path, crc.view(np.uint8))
        if _crc(flat) != int(crc[0]):
            raise damaged(self.array, path, "is damaged (its checksum differs)")

    def _whole(self, file: FileIO, path: Path, out: np.ndarray) -> None:
        """Fill all of it: one call may give less."""
        at = 0
        while at < len(out):
            n = file.readinto(out[at:].data)
            if not n:
                raise damaged(self.array, path, "is cut")
            at += n


def _crc(content: np.ndarray) -> int:
    import google_crc32c  # of zarr

    return google_crc32c.value(content)
