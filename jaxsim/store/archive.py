"""`save` and `load`: whatever jaxsim makes, to disk and back, verified."""

import os
from pathlib import Path
from typing import Any

from jaxsim.core.blocks import FrameBlocks
from jaxsim.core.declared import Declared
from jaxsim.core.recording import Recording
from jaxsim.store import disk, seal
from jaxsim.store.beside import Beside
from jaxsim.store.documents import form_of, read_text
from jaxsim.store.processes import read_process_text, write_process
from jaxsim.store.recordings import read_recording, write_recording
from jaxsim.store.spec import from_spec
from jaxsim.store.streams import write_blocks
from jaxsim.store.sweeps import read_sweep


FOREIGN = frozenset(
    ".h5 .hdf5 .nc .npy .npz .mat .pkl .pickle .csv .tsv .txt .parquet .zip .avi .mp4 "
    ".tif .tiff .png .edf .fif .nwb".split()
)  # what a folder must not be called


def save(thing: Any, path: Any, *, overwrite: bool = False) -> Path:
    """Save a recording, the result of a sweep, or a process.

    A recording becomes a zarr v3 folder that xarray opens by itself
    (`xarray.open_datatree(path, engine="zarr", consolidated=False)`), with the process,
    key, design and versions inside. A process becomes a text file by its suffix
    (.json, .yaml, .toml; arrays of more than 64 numbers lie in `<name>.arrays.zarr`
    beside it), or a zarr folder by any other name. What is saved is whole or not there
    at all, even if the program is killed or the power fails.

    Args:
        thing: a Recording or any declared object; or js.in_blocks(...), whose frames
            are made and written by turns, so that a movie is never held whole.
        path: where; folders above it are made.
        overwrite: replace what is there; until the new one is whole, the old one stays.

    Returns:
        The path.

    Raises:
        FileExistsError: the name is taken, or taken by something not written by jaxsim.
        OSError: the disk is full (`errno.ENOSPC`); what was there before is untouched.
        TypeError: something that cannot be saved.
    """
    target = _target(path)
    if isinstance(thing, (Recording, FrameBlocks)):
        target = folder_for(path, overwrite)
        if isinstance(thing, FrameBlocks):
            write_blocks(thing, target, overwrite)
        else:
            write_recording(thing, target, overwrite)
    elif isinstance(thing, Declared):
        disk.free_name(target, overwrite, _ours)
        write_process(thing, target, overwrite)
    else:
        raise TypeError(
            f"save takes a recording or a process, not {type(thing).__name__}. Arrays "
            "of your own go to numpy.save or xarray."
        )
    return Path(path)


def folder_for(path: Any, overwrite: bool) -> Path:
    """Where a recording of that name goes, refused when the name cannot be had.

    Raises:
        ValueError: the suffix of another format. FileExistsError: the name is taken.
    """
    target = _target(path)
    if form_of(target) is not None:
        raise ValueError(
            f"{target.name}: a recording is a folder of arrays, not a text file; "
            f"call it {target.stem}.zarr."
        )
    disk.free_name(target, overwrite, _ours)
    return target


def _target(path: Any) -> Path:
    target = Path(os.path.realpath(os.path.expanduser(os.fspath(path))))
    if target.suffix.lower() in FOREIGN:
        raise ValueError(
            f"{target.name}: save does not write {target.suffix} files; call it "
            f"{target.stem}.zarr. Movies go to .avi, .tif and .nwb by js.export_movie; "
            "for other formats, recording.to_xarray() and to_dataframe() have writers."
        )
    return target


def load(path: Any) -> Any:
    """Load what `save` wrote, or what a sweep wrote into its store.

    Everything is verified: metadata by their digests, chunks by their existence and
    checksums, arrays of the process by their digests.

    Args:
        path: a zarr folder, or a process file (.json, .yaml, .toml).

    Returns:
        A Recording with NumPy values, or a process.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: damaged, not whole, written by a newer jaxsim, or not ours: the
            sentence names the array and the file.
    """
    target = Path(os.path.expanduser(os.fspath(path)))
    if target.is_dir():
        facts = seal.unseal(target)
        if facts["holds"] == "recording":
            return read_recording(target, facts)
        if facts["holds"] == "sweep":
            return read_sweep(target, facts)
    document, arrays = read_document(target)
    try:
        return from_spec(document, arrays)
    except ValueError as error:
        raise ValueError(f"{target}: {error}") from None


def read_document(path: Any) -> tuple[dict[str, Any], Beside]:
    """The document of a process, and its arrays, from a process file or any store.

    Raises:
        FileNotFoundError: nothing is there. ValueError: it holds no process.
    """
    target = Path(os.path.expanduser(os.fspath(path)))
    if not target.is_dir():
        _say_where_it_is(target)
        return read_process_text(target)
    facts = seal.unseal(target)
    if "process" not in facts:
        raise ValueError(f"{target} does not say which process made it.")
    return facts["process"], Beside(target, facts["arrays"])


def _say_where_it_is(target: Path) -> None:
    if target.exists():
        return
    aside = sorted(target.parent.glob(f"{target.name}{disk.PARTIAL}*/{disk.OLD}"))
    if aside:
        raise FileNotFoundError(
            f"{target}: a program stopped while replacing it; the old one is safe. "
            f"js.store.clean('{target.parent}') gives it its name back."
        )
    unfinished = any(target.parent.glob(f"{target.name}{disk.PARTIAL}*"))
    more = " A save that was stopped left an unfinished one beside." * unfinished
    raise FileNotFoundError(f"{target}: there is no such file or folder.{more}")


def _ours(target: Path) -> bool:
    """Whether something was written by jaxsim, whole or damaged: safe to replace."""
    if target.is_dir():
        try:
            return bool(seal.about(target))
        except (ValueError, FileNotFoundError):
            return False
    try:
        return form_of(target) is not None and "kind" in read_text(target)
    except (ValueError, TypeError):
        return False
