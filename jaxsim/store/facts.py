"""What a store says about a recording beside its numbers, as plain values and back."""

import datetime
import math
import warnings
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxsim.core.declared import Declared
from jaxsim.core.param import shortest
from jaxsim.core.recording import Recording
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.store.spec import FORMAT, key_document, plain_facts, to_spec
from jaxsim.store.versions import double_precision, versions


def about(holds: str, process: Any, key: Any, design: Any) -> dict[str, Any]:
    """What made a store: document, key, design, versions, date.

    Args:
        holds: "recording", "sweep" or "process".
        process: declared object, or None where it is not known.
        key: JAX key or None.
        design: something with a `document()`, or None.
    """
    now = datetime.datetime.now(datetime.UTC)
    found: dict[str, Any] = {
        "format": FORMAT,
        "holds": holds,
        "versions": versions(),
        "written": now.isoformat(timespec="seconds"),
        "x64": double_precision(),
    }
    if isinstance(process, Declared):
        try:
            found["process"] = to_spec(process)
        except TypeError as error:
            warnings.warn(
                f"the process is not kept with its {holds}, since it has no document: "
                f"{error}",
                stacklevel=5,
            )
    if key is not None:
        found["key"] = key_document(key)
    if design is not None:
        found["design"] = plain_facts(design.document())
    return found


def signal_facts(recording: Recording, places: dict[str, str]) -> list[dict[str, Any]]:
    """Card, clock, labels and place of every signal of a recording."""
    return [
        {
            "name": name,
            "array": _array_path(name, places[name]),
            "card": _card_facts(recording[name].card),
            "clock": _clock_facts(recording[name].clock),
            "labels": [[dim, list(words)] for dim, words in recording[name].labels],
        }
        for name in recording.names
    ]


def _array_path(name: str, place: str) -> str:
    return f"{place.strip('/')}/{name.rpartition('.')[2]}"


def _card_facts(card: Signal) -> dict[str, Any]:
    low, high = (b if math.isfinite(b) else None for b in card.plausible)
    return card._asdict() | {"plausible": [low, high]}


def _clock_facts(clock: Clock | None) -> dict[str, Any] | None:
    if clock is None:
        return None
    found: dict[str, Any] = {"rate_hz": clock.rate_hz}
    if isinstance(clock.start_s, jax.ShapeDtypeStruct):
        return found  # of a sweep: each block brings its own
    start = np.asarray(clock.start_s)
    found |= {"dtype": str(start.dtype), "shape": list(start.shape)}
    if start.size and (start == start.flat[0]).all():
        found["start_s"] = shortest(start.flat[0])
    return found


def series_from(
    facts: dict[str, Any], values: np.ndarray, starts: np.ndarray | None
) -> Series:
    """A series from what a store says of it.

    Args:
        facts: one item of `signal_facts`.
        values: its numbers.
        starts: time of the first sample per run, where they differ.
    """
    card = dict(facts["card"])
    low, high = card.pop("plausible")
    bounds = (-math.inf if low is None else low, math.inf if high is None else high)
    known = {k: v for k, v in card.items() if k in Signal._fields}
    labels = tuple((dim, tuple(words)) for dim, words in facts["labels"])
    clock = facts["clock"]
    if clock is not None:
        dtype, shape = np.dtype(clock["dtype"]), tuple(clock["shape"])
        given = clock["start_s"] if starts is None else starts
        start = np.array(np.broadcast_to(np.asarray(given, dtype), shape))
        clock = Clock(start, clock["rate_hz"])
    return Series(values, clock, Signal(**known, plausible=bounds), labels)


class Axis(NamedTuple):
    """One axis of a design: its name and how many points lie along it."""

    name: str
    length: int


class StoredDesign:
    """A design as it comes back from a store: its axes and the values along them."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def document(self) -> dict[str, Any]:
        """The plain data that the design gave."""
        return self._document

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Names and lengths, in the order of the leading axes of every value."""
        return tuple(Axis(name, n) for name, n in self._document["axes"])

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(axis.length for axis in self.axes)

    @property
    def paths(self) -> tuple[str, ...]:
        """Which parameters moved."""
        return tuple(self._document["values"])

    def __len__(self) -> int:
        return math.prod(self.shape)

    def __eq__(self, other: object) -> bool:
        return hasattr(other, "document") and self.document() == plain_facts(other)

    def __hash__(self) -> int:
        return hash(self.axes)

    def __repr__(self) -> str:
        axes = ", ".join(f"{axis.name}={axis.length}" for axis in self.axes)
        return f"StoredDesign({axes})"
