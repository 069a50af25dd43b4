"""Many chunks in one buffer per modality, so that no batch is stacked from copies."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


ALIGNED = 64  # bytes, as XLA lays out its arrays
Sample = dict[str, Any]
Read = Callable[[int, Sample], Sample]  # a chunk by number, and where to put its parts


class Stack(list):
    """Samples of a batch whose arrays are rows of one buffer: `whole`."""

    def __init__(self, whole: Sample, n: int) -> None:
        super().__init__(_row(whole, row) for row in range(n))
        self.whole = whole


def stacked(read: Read, indices: Iterable[int]) -> Sample:
    """Chunks with an axis of the batch in front, read into one array per part.

    Raises:
        ValueError: no chunk, or chunks of different shapes.
    """
    indices = list(indices)
    if not indices:
        raise ValueError("a batch needs one chunk or more; its list of them is empty.")
    whole: Sample = {}
    for row, index in enumerate(indices):
        into = _row(whole, row)
        _put(whole, read(index, into), into, row, len(indices))
    return whole


def collate(samples: list[Sample]) -> Sample:
    """Samples as one, with an axis of the batch in front; NumPy arrays.

    What `ChunkDataset.__getitems__` gave lies in one buffer and is not copied. For
    torch: `collate_fn=lambda rows: torch.utils.data.default_convert(collate(rows))`.
    """
    if isinstance(samples, Stack):
        return samples.whole
    return stacked(lambda index, _: samples[index], range(len(samples)))


def aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An empty array that a device of the host's own memory takes without a copy."""
    n_bytes = math.prod(shape) * dtype.itemsize
    room = np.empty(n_bytes + ALIGNED, np.uint8)
    at = -room.ctypes.data % ALIGNED
    return room[at : at + n_bytes].view(dtype).reshape(shape)


def _row(whole: Sample, row: int) -> Sample:
    return {
        name: _row(part, row) if isinstance(part, dict) else part[row]
        for name, part in whole.items()
    }


def _put(whole: Sample, sample: Sample, into: Sample, row: int, n: int) -> None:
    for name, part in sample.items():
        if isinstance(part, dict):
            _put(whole.setdefault(name, {}), part, into.get(name, {}), row, n)
        elif name not in whole:
            whole[name] = aligned((n, *np.shape(part)), np.asarray(part).dtype)
            whole[name][row] = part
        elif np.shape(part) != whole[name].shape[1:]:
            raise ValueError(
                f"'{name}' has shape {np.shape(part)} in one chunk of the batch and "
                f"{whole[name].shape[1:]} in another: of another session, or from a "
                "transform that has no one shape. Take each batch of one session, as "
                "`chunks.batches` does; `chunks.session_of` tells which is of which."
            )
        elif part is not into[name]:
            whole[name][row] = part
