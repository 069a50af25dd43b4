"""How large the pieces of an array on disk are."""

import numpy as np


CHUNK_BYTES = 4 * 2**20
MOVIE_CHUNK, MOVIE_SHARD = 8, 64  # frames


def is_movie(dtype: np.dtype, dims: tuple[str, ...]) -> bool:
    """Whether values are the counts of a camera."""
    return dtype in (np.uint8, np.uint16) and {"frame", "height", "width"} <= set(dims)


def movie_chunks(
    shape: tuple[int, ...], dims: tuple[str, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Chunk and shard of a movie: some frames, all pixels, one run."""
    at = dims.index("frame")
    n = shape[at]
    chunk = min(MOVIE_CHUNK, max(n, 1))
    shard = min(MOVIE_SHARD, -(-max(n, 1) // chunk) * chunk)
    lead, rest = (1,) * at, tuple(max(s, 1) for s in shape[at + 1 :])
    return (*lead, chunk, *rest), (*lead, shard, *rest)


def chunks_of(
    shape: tuple[int, ...], itemsize: int, block: int | None = None
) -> tuple[int, ...]:
    """Whole trailing axes, cut along the leading ones to some megabytes.

    A block of rows is one chunk of its own while it is that small, else every row is.
    """
    chunks = [max(n, 1) for n in shape]
    if block is not None:
        row = int(np.prod(chunks[1:])) * max(itemsize, 1)
        lead = block if block * row <= CHUNK_BYTES else 1
        return (lead, *chunks_of(shape[1:], itemsize))
    for axis in range(len(chunks)):
        rest = int(np.prod(chunks[axis + 1 :])) * max(itemsize, 1)
        chunks[axis] = max(1, min(chunks[axis], CHUNK_BYTES // max(rest, 1)))
        if chunks[axis] > 1:
            break
    return tuple(chunks)
