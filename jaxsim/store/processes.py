"""A process on disk: a text file that people read, or a zarr store when it is big."""

import os
from pathlib import Path
from typing import Any

from jaxsim.core.declared import Declared
from jaxsim.core.tree import process_nodes
from jaxsim.store import arrays as zarrs, disk
from jaxsim.store.beside import Beside
from jaxsim.store.documents import dumps, form_of, read_text
from jaxsim.store.facts import about
from jaxsim.store.recordings import array_places, write_node
from jaxsim.store.seal import seal
from jaxsim.store.spec import FORMAT, to_spec
from jaxsim.store.versions import physics_version


def write_process(process: Declared, target: Path, overwrite: bool) -> None:
    """Write a process file (.json, .yaml, .toml), or a zarr store by any other name.

    Arrays of more than 64 numbers do not stand in a text file: they lie in a folder
    beside it, `model.arrays.zarr` for `model.yaml`, each under its digest.
    """
    form = form_of(target)
    kept = f"nothing was saved{', the old one is untouched' * overwrite}."
    with disk.told_when_full(target, kept):
        if form is None:
            _write_store(process, target, overwrite)
        else:
            _write_text(process, target, form, overwrite)


def _write_store(process: Declared, target: Path, overwrite: bool) -> None:
    facts = about("process", process, None, None)
    facts["arrays"] = array_places(process)
    with disk.aside(target) as new:
        root = zarrs.create_group(new)
        put_arrays(root, process)
        seal(root, facts)
        disk.sync_tree(new)
        disk.settle(new, target, overwrite)


def put_arrays(root: Any, process: Declared) -> None:
    """The big arrays of a process, by path, below /process of a store."""
    for path, node in process_nodes(process).items():
        write_node(root, path, node)


def _write_text(process: Declared, target: Path, form: str, overwrite: bool) -> None:
    arrays: dict[str, Any] = {}
    head = {"format": FORMAT, "jaxsim": physics_version()}
    text = dumps(head | to_spec(process, arrays), form)
    with disk.aside(target) as new:
        if arrays:  # first: the text is never ahead of its arrays
            _add_arrays(arrays, arrays_folder(target), new.with_name("arrays"))
        disk.write_file(new, text.encode("utf-8"))
        disk.settle(new, target, overwrite)


def arrays_folder(target: Path) -> Path:
    """Where the arrays of a process file lie: `model.arrays.zarr` for `model.yaml`."""
    return target.with_name(f"{target.stem}.arrays.zarr")


def _add_arrays(arrays: dict[str, Any], folder: Path, room: Path) -> None:
    """Add arrays under their digests; those already there stay, old files need them."""
    known = _beside(folder)
    zarrs.create_group(room)
    if not (folder / "zarr.json").is_file():
        zarrs.create_group(folder)
    for digest, array in arrays.items():
        name = digest.removeprefix("sha256:")
        try:
            known[digest]
        except (KeyError, ValueError):  # not there, or damaged
            dims = tuple(f"dim_{i}" for i in range(array.ndim))
            zarrs.put(zarrs.open_group(room, write=True), name, array, dims)
            disk.sync_tree(room / name)
            disk.settle(room / name, folder / name, (folder / name).exists())


def _beside(folder: Path) -> Beside:
    names = os.listdir(folder) if folder.is_dir() else []
    return Beside(folder, {f"sha256:{n}": n for n in names if len(n) == 64})


def read_process_text(path: Path) -> tuple[dict[str, Any], Beside]:
    """The document in a process file, and the arrays that lie beside it."""
    return read_text(path), _beside(arrays_folder(path))
