"""Recording -> xarray DataTree and pandas DataFrame, in the names of this field.

`nodes_of` lays a recording out as named arrays with NumPy alone; both the tree and the
store on disk are written from it, so they cannot differ. xarray and pandas are
imported inside functions.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from jaxsim.core.declared import Declared, cards_of
from jaxsim.core.design_coords import Variable, design_coords, lead_names, numbered
from jaxsim.core.param import Card
from jaxsim.core.recording import RESULTS, Recording
from jaxsim.core.schema_leaf import fits_in_text
from jaxsim.core.signal import Series


NAMES = {
    "node": "region",
    "sensor": "channel",
    "cell": "unit_id",
    "y": "height",
    "x": "width",
}  # ours -> those of the programs that read our files


class Node(NamedTuple):
    """A group of the tree: its variables and its coordinates."""

    variables: dict[str, Variable]
    coords: dict[str, Variable]


def to_xarray(recording: Recording) -> Any:
    """A DataTree: `/recording` holds what instruments show, `/truth` the rest.

    Every signal has a group of its own, since clocks differ:
    `tree["recording/eeg"].eeg` has the axes of the design, then time, then the signal's
    own, each by the name this field uses (region, channel, unit_id, frame, height,
    width). Coordinates hold seconds, labels and the design's values; attributes hold
    `units` and `long_name`. `/process` holds the big arrays that made it, by path, and
    `/trials` the table of trials where there is one.
    """
    import xarray as xr

    groups = {}
    for path, node in nodes_of(recording).items():
        groups[path] = xr.Dataset(
            {name: _triple(v) for name, v in node.variables.items()},
            coords={name: _triple(v) for name, v in node.coords.items()},
        )
    return xr.DataTree.from_dict(groups)


def _triple(variable: Variable) -> tuple:
    return variable.dims, np.asarray(variable.values), dict(variable.attrs)


def to_dataframe(recording: Recording) -> Any:
    """A table with a row per run: its design point, its status, its scalar signals.

    Signals with axes of their own are left out; make scalars of them first, with
    `recording.measure(function, name)`.
    """
    import pandas as pd

    lead = np.shape(recording.status)
    shape, columns = lead or (1,), {}
    for axis, found in enumerate(design_coords(recording.design, lead)):
        index = np.indices(shape)[axis].ravel()
        for name, variable in found.items():
            if len(variable.dims) == 1:
                columns[name] = np.asarray(variable.values)[index]
    columns["status"] = np.asarray(recording.status).reshape(-1)
    for name in recording.names:
        values = np.asarray(recording[name].values)
        if values.shape == lead:
            columns[name] = values.reshape(-1)
    return pd.DataFrame(columns)


def nodes_of(recording: Recording) -> dict[str, Node]:
    """The groups of a recording by path: "/", "/recording/eeg", "/truth/activity"."""
    lead = np.shape(recording.status)
    axes = design_coords(recording.design, lead)
    lead_dims = lead_names(recording.design, lead)
    index, along = {}, {}
    for name, found in zip(lead_dims, axes, strict=True):
        index |= {k: v for k, v in found.items() if k == name}
        along |= {k: v for k, v in found.items() if k != name}
    status = Variable(lead_dims, np.asarray(recording.status), status_attrs())
    nodes = {"/": Node({"status": status}, index | along)}
    for name, path in places(recording).items():
        # children inherit index coordinates only, so the others are repeated
        nodes[path] = signal_node(name, recording[name], lead_dims, along)
    if isinstance(recording.process, Declared):
        nodes |= process_nodes(recording.process)
    if recording.trials is not None:
        columns = recording.trials.arrays()
        made = {n: Variable(("trial",), *pair) for n, pair in columns.items()}
        nodes["/trials"] = Node(made, {})
    return nodes


def process_nodes(process: Declared) -> dict[str, Node]:
    """The arrays of a process that are too big for its document, by path."""
    nodes = {}
    for path, array, card in arrays_of(process):
        words = path.split(".")
        dims = _dims(card.dims, array.ndim) or numbered(words[-1], array.ndim)
        attrs = {"units": card.unit, "long_name": card.doc}
        node = Node({words[-1]: Variable(dims, array, attrs)}, {})
        nodes["/process/" + "/".join(words)] = node
    return nodes


def status_attrs() -> dict[str, Any]:
    """What the numbers of `status` mean, as the CF conventions write flags."""
    meanings = "pending ok non_finite error not_converged degenerate"
    return {
        "long_name": "how the run ended",
        "flag_values": list(RESULTS),
        "flag_meanings": meanings,
    }


def places(recording: Recording) -> dict[str, str]:
    """Where each signal lies in the tree: name -> "/recording/eeg"."""
    plain = [n for n in recording.names if "." not in n]
    seen = [n for n in plain if recording[n].card.observed]
    if not seen:  # no instrument: what the last step made is what is looked at
        last = _last_makes(recording.process)
        seen = [n for n in plain if n in last] or plain
    found: dict[str, str] = {}
    for name in sorted(recording.names, key=lambda n: n.count(".")):
        root = "/recording/" if name in seen else "/truth/"
        path = root + name.replace(".", "/")
        above, _, word = path.rpartition("/")
        taken = above in found.values() and above.endswith("/" + word)
        found[name] = path + "_" if taken else path  # a group beside an array
    return {name: found[name] for name in recording.names}


def _last_makes(process: Any) -> tuple[str, ...]:
    steps = (
        tuple(process._parts().values()) if hasattr(process, "steps") else (process,)
    )
    while steps and hasattr(steps[-1], "steps"):
        steps = tuple(steps[-1]._parts().values())
    return tuple(steps[-1].cards()) if steps and hasattr(steps[-1], "cards") else ()


def signal_node(
    name: str,
    series: Series,
    lead_dims: tuple[str, ...],
    along: dict[str, Variable],
) -> Node:
    """One signal with its coordinates: `time` in seconds, labels, design columns."""
    dims = lead_dims + dims_of(series, len(lead_dims))
    card = series.card
    attrs = {"units": card.unit, "long_name": card.doc}
    coords = dict(along)
    if series.clock is not None and card.timed:
        axis = len(lead_dims)
        times = series.clock.times(series.values.shape[axis])
        coords["time"] = Variable(
            (dims[axis],), times, {"units": "s", "long_name": "time"}
        )
        starts = np.asarray(series.clock.start_s)
        if starts.ndim and starts.size and (starts != starts.flat[0]).any():
            told = {"units": "s", "long_name": "time of the first sample of each run"}
            coords["start_s"] = Variable(lead_dims, starts, told)
    for dim, labels in series.labels:
        for new in (
            NAMES.get(dim, dim),
            *(f"{NAMES.get(dim, dim)}_{s}" for s in _SIDES),
        ):
            if new in dims:
                coords[new] = Variable((new,), np.asarray(labels, str))
    if dims and "frame" in dims:
        n = series.values.shape[dims.index("frame")]
        coords["frame"] = Variable(("frame",), np.arange(n))
    return Node({name.rpartition(".")[2]: Variable(dims, series.values, attrs)}, coords)


_SIDES = ("to", "from")  # of a matrix over one kind of thing, w[i, j] is from j to i


def dims_of(series: Series, n_lead: int) -> tuple[str, ...]:
    """The names of a signal's own axes, as our readers know them."""
    ndim = len(series.values.shape) - n_lead
    return _dims(series.card.dims, ndim) or numbered("dim", ndim)


def _dims(card_dims: str, ndim: int) -> tuple[str, ...]:
    words = card_dims.split()
    if len(words) != ndim:
        return ()
    movie = {"time", "y", "x"} <= set(words)
    names = ["frame" if movie and w == "time" else NAMES.get(w, w) for w in words]
    for name in {n for n in names if names.count(n) > 1}:
        sides = iter((*_SIDES, *map(str, range(2, ndim))))
        names = [f"{n}_{next(sides)}" if n == name else n for n in names]
    return tuple(names)


def arrays_of(
    process: Declared, prefix: str = ""
) -> Iterator[tuple[str, np.ndarray, Card]]:
    """Arrays too big for the text of a document: path, values and card of each."""
    cards = cards_of(type(process))
    for name, value in process._parts().items():
        path = prefix + name
        if isinstance(value, Declared):
            yield from arrays_of(value, path + ".")
        elif isinstance(value, tuple):
            for i, item in enumerate(value):
                if isinstance(item, Declared):
                    yield from arrays_of(item, f"{path}.{i}.")
        elif name in cards and hasattr(value, "dtype") and not fits_in_text(value):
            yield path, np.asarray(value), cards[name]
