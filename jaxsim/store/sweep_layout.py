"""How the arrays of a sweep lie in its store, before any of its runs is done."""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxsim.core.design_coords import Variable, design_coords
from jaxsim.core.recording import PENDING, Recording
from jaxsim.core.signal import Series
from jaxsim.core.tree import dims_of, places, status_attrs
from jaxsim.store import arrays as zarrs
from jaxsim.store.differ import tell_differences
from jaxsim.store.facts import about, signal_facts
from jaxsim.store.processes import put_arrays
from jaxsim.store.recordings import array_places, open_array
from jaxsim.store.seal import seal, unseal
from jaxsim.store.spec import key_document, plain_facts, to_spec
from jaxsim.store.versions import double_precision, physics_version


class Plan(NamedTuple):
    """All that is known of a sweep before it runs.

    Attributes:
        facts: what makes this sweep this sweep, plain values.
        template: shapes and cards of one run.
        block: runs per block.
        runs: number of the run in each slot, -1 for padding.
        design: something with `document()` and `shape`, or None.
        process: what runs, or None.
        key: its key, or None.
    """

    facts: dict[str, Any]
    template: Recording
    block: int
    runs: np.ndarray
    design: Any
    process: Any
    key: Any

    def identity(self) -> dict[str, Any]:
        """What must agree before a sweep is taken up again."""
        made = zip(self.template.names, self.template.series, strict=True)
        shapes = {n: [str(s.values.dtype), *s.values.shape] for n, s in made}
        own = {**self.facts, "signals": shapes, "block": self.block, "runs": self.runs}
        if self.process is not None:
            own["process"] = to_spec(self.process)
        if self.key is not None:
            own["key"] = key_document(self.key)
        if self.design is not None:
            own["design"] = self.design.document()
        own["x64"] = double_precision()
        return plain_facts(own | {"jaxsim": physics_version()})

    def signals(self) -> list[dict[str, Any]]:
        """Card, clock, labels and place of each signal."""
        named = self.template
        if self.process is not None:  # it decides what is observed and what is truth
            named = Recording(
                named.series, named.names, np.asarray(PENDING, np.uint8), self.process
            )
        return signal_facts(self.template, places(named))


def per_run(template: Recording, block: int) -> Recording:
    """Shapes of one run, from those of one run or of one block."""
    if not template.status.shape:
        return template

    def cut(x: Any) -> Any:
        if not x.shape or x.shape[0] != block:
            raise ValueError(
                f"the template's leading axis is not one block of {block}."
            )
        return jax.ShapeDtypeStruct(x.shape[1:], x.dtype)

    return jax.tree.map(cut, template)


def build(new: Path, plan: Plan) -> None:
    """The empty store of a sweep, sealed."""
    root = zarrs.create_group(new)
    head = about("sweep", plan.process, plan.key, plan.design)
    head |= {"facts": plan.identity(), "signals": plan.signals(), "block": plan.block}
    head["arrays"] = array_places(plan.process)
    n = len(plan.runs)
    zarrs.put(root, "run", plan.runs, ("slot",), {"long_name": "number of the run"})
    columns = _columns(plan.design, plan.runs)
    for name, column in columns.items():
        zarrs.put(root, name, column.values, column.dims)
    if plan.process is not None:
        put_arrays(root, plan.process)
    for one in head["signals"]:
        _add_signal(root, one, plan.template[one["name"]], n, plan.block)
    told = status_attrs() | {"coordinates": " ".join(["run", *columns])}
    status = zarrs.add_array(
        root, "status", (n,), np.uint8, ("slot",), plan.block, told, PENDING
    )
    status[...] = np.full(n, PENDING, np.uint8)  # written, so that a lost one is seen
    seal(root, head)


def _columns(design: Any, runs: np.ndarray) -> dict[str, Variable]:
    """What the design says of every slot, by path."""
    if design is None or not design.shape:
        return {}
    at = np.unravel_index(np.maximum(runs, 0), design.shape)
    found = {}
    for index, coords in zip(at, design_coords(design, design.shape), strict=True):
        for name, variable in coords.items():
            if name not in ("run", "slot", "status"):
                dims = ("slot", *variable.dims[1:])
                found[name] = Variable(dims, np.asarray(variable.values)[index])
    return found


def _add_signal(
    root: Any, one: dict[str, Any], series: Series, n: int, block: int
) -> None:
    """The arrays of one signal, without values."""
    own = dims_of(series, 0)
    shape, card = series.values.shape, series.card
    told = {"units": card.unit, "long_name": card.doc}
    root.require_group(folder_of(one["array"]))
    if series.clock is not None:
        start = {"units": "s", "long_name": "time of the first sample of each run"}
        name, dtype = beside(one, "start_s"), series.clock.start_s.dtype
        zarrs.add_array(root, name, (n,), dtype, ("slot",), block, start)
        told["coordinates"] = "start_s"
        if has_times(one):
            told["coordinates"] += " time" * (own[0] != "time")
            time = {"units": "s", "long_name": "time"}
            name = beside(one, "time")
            zarrs.add_array(
                root, name, shape[:1], np.float64, own[:1], None, time, np.nan
            )
    zarrs.add_array(
        root,
        one["array"],
        (n, *shape),
        series.values.dtype,
        ("slot", *own),
        block,
        told,
    )
    for dim, labels in series.labels:
        for word, ours in zip(card.dims.split(), own, strict=False):
            if word == dim and own.count(ours) == 1:
                zarrs.put(root, beside(one, ours), np.asarray(labels, str), (ours,))


def has_times(one: dict[str, Any]) -> bool:
    """Whether a signal has samples in time, and so a coordinate that dates them."""
    return one["clock"] is not None and one["card"]["dims"].split()[:1] == ["time"]


def folder_of(path: str) -> str:
    """The group that an array of a store lies in."""
    return path.rpartition("/")[0]


def beside(one: dict[str, Any], word: str) -> str:
    """The path of an array in the group of a signal."""
    return f"{folder_of(one['array'])}/{word}"


class Arrays(NamedTuple):
    """The arrays of an open sweep store that blocks are written to."""

    status: Any
    values: dict[str, Any]
    starts: dict[str, Any]
    times: dict[str, Any]


def arrays_in(folder: Path, signals: list[dict[str, Any]], *, write: bool) -> Arrays:
    """Open the arrays of a sweep store whose seal was checked."""
    root = zarrs.open_group(folder, write=write)
    clocked = [one for one in signals if one["clock"] is not None]

    def named(ones: list[dict[str, Any]], word: str | None) -> dict[str, Any]:
        where = {o["name"]: beside(o, word) if word else o["array"] for o in ones}
        return {name: open_array(root, folder, path) for name, path in where.items()}

    return Arrays(
        open_array(root, folder, "status"),
        named(signals, None),
        named(clocked, "start_s"),
        named([one for one in clocked if has_times(one)], "time"),
    )


def same_sweep(folder: Path, plan: Plan) -> None:
    """Refuse a folder that holds something else.

    Raises:
        ValueError: what differs, and what to do.
    """
    found = unseal(folder)
    if found["holds"] != "sweep":
        raise ValueError(
            f"{folder} holds a {found['holds']}, not a sweep in progress. Give the "
            "sweep another name."
        )
    told = tell_differences(found["facts"], plan.identity())
    if told:
        raise ValueError(
            f"{folder} holds another sweep: {told}. Give this one another name, or "
            "remove the folder."
        )
