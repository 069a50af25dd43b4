"""Movies as AVI and TIFF, through PyAV and tifffile."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.core.installed import needed
from jaxsim.store.movie_source import MovieSource, counts


FRAMES_PER_FILE = 1000  # as the Miniscope's software cuts


def write_avi(source: MovieSource, path: Path) -> None:
    """One file of uncompressed grey frames."""
    counts(source, (8,), "an .avi file")
    _write_avi(source, path, _frames(source))


def write_folder(source: MovieSource, path: Path) -> None:
    """Files 0.avi, 1.avi, ... of 1000 frames each."""
    counts(source, (8,), "an .avi file")
    path.mkdir()
    frames = _frames(source)
    for number in range(-(-source.shape[0] // FRAMES_PER_FILE)):
        here = islice(frames, FRAMES_PER_FILE)
        _write_avi(source, path / f"{number}.avi", here)


def write_tiff(source: MovieSource, path: Path) -> None:
    """A page per frame; BigTIFF where 4 GB are not enough."""
    counts(source, (8, 16), "a .tif file")
    tifffile = needed("tifffile", "export_movie of a .tif file", "movie")
    n_bytes = int(np.prod(source.shape)) * source.dtype.itemsize
    with tifffile.TiffWriter(path, bigtiff=n_bytes > 2**32 - 2**25) as file:
        file.write(
            _frames(source),
            shape=source.shape,
            dtype=source.dtype,
            photometric="minisblack",
            metadata={"axes": "TYX", "fps": source.rate_hz},
        )


def _frames(source: MovieSource) -> Iterator[np.ndarray]:
    for block in source.blocks:
        yield from block


def _write_avi(source: MovieSource, path: Path, frames: Iterator[Any]) -> None:
    av = needed("av", "export_movie of an .avi file", "movie")
    _, height, width = source.shape
    rate = Fraction(source.rate_hz).limit_denominator(1_000_000)
    with av.open(str(path), "w", format="avi") as file:
        stream = file.add_stream("rawvideo", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "gray"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "gray")
            file.mux(stream.encode(picture))
        file.mux(stream.encode())
