"""export_movie: a movie in the files that other programs read."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jaxsim.core.blocks import FrameBlocks
from jaxsim.core.recording import Recording
from jaxsim.store import disk
from jaxsim.store.movie_files import write_avi, write_folder, write_tiff
from jaxsim.store.movie_source import MovieSource, source_of
from jaxsim.store.nwb import write_nwb


WRITERS: dict[str, Callable[[MovieSource, Path], None]] = {
    ".avi": write_avi,
    ".tif": write_tiff,
    ".tiff": write_tiff,
    ".nwb": write_nwb,
    "": write_folder,
}


def export_movie(
    thing: Recording | FrameBlocks | str | os.PathLike,
    path: Any,
    *,
    signal: str = "movie",
    overwrite: bool = False,
) -> Path:
    """Write a movie for other programs, frame by frame, by the suffix of the name.

    | name | what is written |
    |---|---|
    | `movie.avi` | 8 bits, uncompressed grey ("Y800"): minian, ImageJ, VLC |
    | `folder` | `0.avi`, `1.avi`, ... of 1000 frames, as a Miniscope V4 names them |
    | `movie.tif` | one page per frame, 8 or 16 bits: suite2p, CaImAn, ImageJ |
    | `movie.nwb` | a OnePhotonSeries, and all that was recorded beside it |

    The file gets its name when it is whole; until then it lies beside.

    Args:
        thing: a recording, or js.in_blocks(...), whose frames are made while they are
            written, or the name of a .zarr store, which is read a little at a time.
        path: where; folders above it are made.
        signal: which of its movies.
        overwrite: replace a file of that name, or a folder of such files.

    Returns:
        The path.

    Raises:
        ValueError: an unknown suffix, or values that the format does not hold.
        KeyError: no such signal.
        FileExistsError: the name is taken.
        ModuleNotFoundError: the package that writes the format is not installed.
    """
    target = Path(os.path.abspath(os.path.expanduser(os.fspath(path))))
    write = WRITERS.get(target.suffix.lower())
    if write is None:
        raise ValueError(
            f"{target.name}: export_movie writes .avi, .tif, .nwb, or a folder of .avi "
            "files when the name has no suffix. js.save writes .zarr."
        )
    source = source_of(thing, signal)
    disk.free_name(target, overwrite, _replaceable)
    if target.is_dir() and target.suffix:
        raise FileExistsError(f"{target} is a folder; choose another name.")
    with disk.told_when_full(target, "nothing was written."):
        with disk.aside(target) as new:
            new = new.with_suffix(target.suffix)  # by which some writers go
            write(source, new)
            disk.settle(new, target, overwrite)
    return Path(path)


def _replaceable(target: Path) -> bool:
    """A file of the suffix that was asked for, or a folder of numbered movies."""
    if not target.is_dir():
        return True
    return all(p.suffix == ".avi" and p.stem.isdigit() for p in target.iterdir())
