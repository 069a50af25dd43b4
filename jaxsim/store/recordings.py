"""A recording on disk: one zarr v3 store with everything that made it."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from jaxsim.core.recording import Recording
from jaxsim.core.tree import Node, arrays_of, nodes_of, places
from jaxsim.core.trials import Trials
from jaxsim.store import arrays as zarrs, disk
from jaxsim.store.beside import Beside
from jaxsim.store.facts import StoredDesign, about, series_from, signal_facts
from jaxsim.store.seal import seal
from jaxsim.store.spec import array_digest, from_spec, key_from_document


def write_recording(
    recording: Recording,
    target: Path,
    overwrite: bool,
    later: tuple[str, ...] = (),
    fill: Callable[[dict[str, Any]], Any] | None = None,
) -> None:
    """Write a store aside, sync it, and give it its name: whole or not there.

    Its groups and arrays are those of `recording.to_xarray()`; `status` comes last, and
    the root's attributes hold the process, the key, the design, versions and date.

    Args:
        recording: all of it, or its outline where some values come later.
        target: the name of the store.
        overwrite: replace what has that name.
        later: signals of which only the shape, type and card are read here.
        fill: is given their arrays on disk by name, writes them, and returns the
            outline with what only then is known: how runs ended, when samples began.

    Raises:
        TypeError: values still traced by JAX, or of a type that zarr does not know.
        OSError: the disk is full, or cannot be written.
    """
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(recording)):
        raise TypeError("the recording is being traced by JAX: save it outside of jit.")
    facts = about("recording", recording.process, recording.key, recording.design)
    if recording.trials is not None:
        facts["trials"] = list(recording.trials.arrays())
    kept = f"nothing was saved{', the old store is untouched' * overwrite}."
    with disk.told_when_full(target, kept), disk.aside(target) as new:
        root = zarrs.create_group(new)
        if fill is not None:
            recording = fill(_reserved(root, recording, later))
        where = places(recording)
        facts["signals"] = signal_facts(recording, where)
        facts["arrays"] = array_places(recording.process)
        filled = {where[name] for name in later}
        nodes = nodes_of(recording)
        for path, node in nodes.items():
            late = ("status",) if path == "/" else ()
            write_node(root, path, node, late, filled=path in filled)
        status = nodes["/"].variables["status"]
        zarrs.put(root, "status", status.values, status.dims, status.attrs)
        seal(root, facts)
        disk.sync_tree(new)
        disk.settle(new, target, overwrite)


def _reserved(
    root: Any, recording: Recording, later: tuple[str, ...]
) -> dict[str, Any]:
    """Arrays for signals whose values are still to come, by name."""
    nodes, where, found = nodes_of(recording), places(recording), {}
    for name in later:
        ((word, like),) = nodes[where[name]].variables.items()
        group = root.require_group(where[name].strip("/"))
        shape, dtype = like.values.shape, like.values.dtype
        found[name] = zarrs.add_array(group, word, shape, dtype, like.dims)
    return found


def write_node(
    root: Any, path: str, node: Node, late: tuple[str, ...] = (), filled: bool = False
) -> None:
    """A group with its variables; coordinates that are no index are named as such.

    Args:
        root: of the store.
        path: of the group.
        node: what is in it.
        late: variables that are written afterwards.
        filled: its variables have their values, and lack their attributes.
    """
    at = path.strip("/")
    group = root.require_group(at) if at else root
    extra = " ".join(n for n, v in node.coords.items() if v.dims != (n,))
    for name, (dims, values, attrs) in node.coords.items():
        zarrs.put(group, name, values, dims, attrs)
    for name, (dims, values, attrs) in node.variables.items():
        if name not in late:
            more = {"coordinates": extra} if extra else {}
            if filled:
                group[name].attrs.update({**attrs, **more})
            else:
                zarrs.put(group, name, values, dims, {**attrs, **more})


def array_places(process: Any) -> dict[str, str]:
    """Digest -> place in the store, for the arrays that a document leaves out."""
    if process is None:
        return {}
    return {
        array_digest(
            array
        ): f"process/{path.replace('.', '/')}/{path.rpartition('.')[2]}"
        for path, array, _ in arrays_of(process)
    }


def read_recording(
    folder: Path, facts: dict[str, Any], but: tuple[str, ...] = ()
) -> Recording:
    """The recording in a store whose seal was checked; every chunk is checked now.

    Args:
        folder: the store.
        facts: what its seal says.
        but: signals that are left out.

    Raises:
        ValueError: a chunk is missing or damaged; which array, which file.
    """
    root = zarrs.open_group(folder)
    status = read(root, folder, "status")
    names, series = [], []
    for one in facts["signals"]:
        if one["name"] in but:
            continue
        starts = None
        if one["clock"] is not None and "start_s" not in one["clock"]:
            starts = read(root, folder, f"{one['array'].rpartition('/')[0]}/start_s")
        values = read(root, folder, one["array"])
        names.append(one["name"])
        series.append(series_from(one, values, starts))
    check_coordinates(root)
    process, key, design = provenance(folder, facts)
    trials = read_trials(root, folder, facts)
    return Recording(tuple(series), tuple(names), status, process, key, design, trials)


def read_trials(root: Any, folder: Path, facts: dict[str, Any]) -> Trials | None:
    """The table of trials of a store, verified; None where it has none."""
    if "trials" not in facts:
        return None
    found = {}
    for name in facts["trials"]:
        array = open_array(root, folder, f"trials/{name}")
        found[name] = zarrs.read(array), dict(array.attrs)
    return Trials.from_arrays(found)


def open_array(root: Any, folder: Path, name: str) -> Any:
    """One zarr array of a store; a sentence when it is not there."""
    try:
        return zarrs.member(root, name)
    except KeyError:
        told = f"{folder} is not whole: its array '{name}' is missing."
        raise ValueError(told) from None


def read(root: Any, folder: Path, name: str) -> np.ndarray:
    """One array of a store, verified."""
    return zarrs.read(open_array(root, folder, name))


def check_coordinates(root: Any) -> None:
    """Verify what loading does not need itself, but readers of the store will."""
    for _, array in root.arrays():
        if array.ndim <= 1:
            zarrs.read(array)
    for name, group in root.groups():
        if name != "process":  # verified by digest when the process is built
            check_coordinates(group)


def provenance(folder: Path, facts: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Process, key and design of a store.

    A process of kinds that are not imported here comes back as None, with a warning.
    """
    process = None
    if "process" in facts:
        arrays = Beside(folder, facts["arrays"])
        for digest in arrays:
            arrays[digest]  # damage is an error, an unknown kind is not
        try:
            process = from_spec(facts["process"], arrays)
        except ValueError as error:
            warnings.warn(
                f"{folder}: the recording is whole, but the process that made it "
                f"cannot be built here, so recording.process is None: {error}",
                stacklevel=4,
            )
    key = key_from_document(facts["key"]) if "key" in facts else None
    design = StoredDesign(facts["design"]) if "design" in facts else None
    return process, key, design
