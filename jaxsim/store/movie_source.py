"""The frames of a movie, one after the other, from wherever they come."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxsim.core.blocks import FrameBlocks
from jaxsim.core.recording import Recording
from jaxsim.core.signal import Series
from jaxsim.store import arrays as zarrs, seal
from jaxsim.store.facts import series_from
from jaxsim.store.recordings import open_array, read_recording


class MovieSource(NamedTuple):
    """A movie to be written."""

    name: str
    rate_hz: float
    shape: tuple[int, int, int]  # frame, height, width
    dtype: np.dtype
    blocks: Iterator[np.ndarray]  # (frame, height, width) each
    around: Recording  # what was recorded beside it


def source_of(thing: Any, signal: str) -> MovieSource:
    """The frames of one signal of a recording, or of one still to be made.

    Raises:
        TypeError: neither a recording, nor js.in_blocks(...), nor a name.
        KeyError: it has no such signal.
        ValueError: the signal is no movie, or of a sweep.
    """
    if isinstance(thing, (str, os.PathLike)):
        series, blocks, around = _stored(Path(thing), signal)
        shape = series.values.shape
    elif isinstance(thing, FrameBlocks):
        if signal not in thing.framewise:
            raise KeyError(_missing(signal, thing.framewise))
        frames = iter(thing)
        first = next(frames)[1]
        values = np.asarray(first[signal].values)
        shape = (thing.n_frames, *values.shape[1:])
        blocks = _chained(first, frames, signal)
        series, around = first[signal], thing.whole
    elif isinstance(thing, Recording):
        if np.ndim(thing.status):
            raise ValueError(
                "this recording is of many runs; export one of them: js.simulate(...)."
            )
        series = thing[signal]
        shape, blocks = series.values.shape, iter([np.asarray(series.values)])
        around = thing
    else:
        raise TypeError(
            "export_movie takes a recording, js.in_blocks(...) or the name of a "
            f".zarr store, not {type(thing).__name__}."
        )
    if series.card.dims != "time y x" or series.clock is None:
        raise ValueError(
            f"'{signal}' ({series.card.dims}) is no movie: its axes are not time y x."
        )
    frames, height, width = shape
    return MovieSource(
        signal,
        series.clock.rate_hz,
        (frames, height, width),
        np.dtype(series.values.dtype),
        blocks,
        around,
    )


def counts(source: MovieSource, bits: tuple[int, ...], where: str) -> None:
    """Refuse values that a format cannot hold.

    Raises:
        ValueError: not whole numbers of so many bits.
    """
    if source.dtype.kind == "u" and 8 * source.dtype.itemsize in bits:
        return
    words = " or ".join(map(str, bits))
    raise ValueError(
        f"{where} holds whole numbers of {words} bits, but '{source.name}' is "
        f"{source.dtype}. "
        + (
            "Export it as .tif, or simulate with sensor.bit_depth = 8."
            if source.dtype == np.uint16
            else "Export what a digital ImageSensor makes, or keep it with js.save."
        )
    )


def _chained(
    first: Recording, frames: Iterator[tuple[int, Recording]], signal: str
) -> Iterator[np.ndarray]:
    yield np.asarray(first[signal].values)
    for _, block in frames:
        yield np.asarray(block[signal].values)


def _stored(folder: Path, signal: str) -> tuple[Series, Iterator[np.ndarray], Any]:
    """A movie on disk, read a few frames at a time."""
    facts = seal.unseal(folder)
    if facts["holds"] != "recording":
        raise ValueError(f"{folder} holds a {facts['holds']}, not one recording.")
    names = {one["name"]: one for one in facts["signals"]}
    if signal not in names:
        raise KeyError(_missing(signal, tuple(names)))
    array = open_array(zarrs.open_group(folder), folder, names[signal]["array"])
    outline = np.broadcast_to(np.zeros((), array.dtype), array.shape)
    step = (array.shards or array.chunks)[0]  # frames of one file
    blocks = (
        zarrs.read(array, slice(at, min(at + step, len(outline))))
        for at in range(0, len(outline), step)
    )
    around = read_recording(folder, facts, (signal,))
    return series_from(names[signal], outline, None), blocks, around


def _missing(signal: str, names: tuple[str, ...]) -> str:
    return f"no frames of '{signal}' are made here, but of {', '.join(names)}."
