"""Which chunks there are: every window of every modality must be sound.

Each constraint is a set of times with the windows that must lie in it. What is left of
the recording after each of them is kept, for errors and for a picture.
"""

import dataclasses
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from jaxsim.data.clock import ratio_s
from jaxsim.data.conditions import chosen
from jaxsim.data.intervals import EMPTY, holds, intersection, length_s, union
from jaxsim.data.modality import Modality, told_apart
from jaxsim.data.session import Session
from jaxsim.data.tracks import Track


CLOSE_S = 1e-9  # times nearer than that are the same


@dataclasses.dataclass
class Constraint:
    """Times that may be used, and the modalities whose windows must lie there."""

    what: str
    rows: np.ndarray
    names: tuple[str, ...]


@dataclasses.dataclass
class Report:
    """What each constraint left of a session."""

    session: str
    rows: dict[str, np.ndarray]  # constraint -> times that it allows
    left_s: dict[str, float]  # constraint -> seconds left by it and those before
    n_chunks: int
    chunk_s: float
    starts_s: dict[str, float] = dataclasses.field(default_factory=dict)  # seconds
    # left in which chunks may start, so that whole windows, offset, lie in all of them

    def __str__(self) -> str:
        width = max(map(len, self.left_s))
        lines = []
        for what, seconds in self.left_s.items():
            starts = self.starts_s.get(what)
            more = "" if starts is None else f", {starts:10.3f} s for starts of chunks"
            lines.append(f"  {what:<{width}}  {seconds:10.3f} s{more}")
        return "\n".join(
            [
                f"session '{self.session}', seconds left after each constraint:",
                *lines,
                f"  chunks of {self.chunk_s:g} s that fit: {self.n_chunks}",
            ]
        )


def grid(track: Track, rate: Fraction) -> tuple[Fraction, int]:
    """Where chunks may start: the time of the first place, and how many there are."""
    start = track.start if track.rate is not None else ratio_s(track.range_s[0])
    n = int((ratio_s(track.range_s[1]) - start) * rate) + 1
    return start, max(n, 0)


def valid_starts(
    session: Session,
    modalities: Mapping[str, Modality],
    anchor: str,
    where: Any,
    include_blanks: bool,
    margin: float,
    span: str,
) -> tuple[np.ndarray, Report]:
    """Places on the anchor's grid at which a chunk may start, and why no others.

    Raises:
        ValueError: a condition that cannot be, or meets no trial.
    """
    constraints = list(_constraints(session, modalities, margin))
    constraints += _trials(session, anchor, where, include_blanks, span)
    for name, modality in modalities.items():
        track = session.tracks[name]
        constraints += [
            Constraint(
                f"{name}: {told_apart(one)}", _checked(one, track, name), (name,)
            )
            for one in modality.filters
        ]
    start, n = grid(session.tracks[anchor], modalities[anchor].rate)
    rate = modalities[anchor].rate
    at = float(start) + np.arange(n) * rate.denominator / rate.numerator
    good = np.ones(n, bool)
    for one in constraints:
        for name in one.names:
            first, last = reach(modalities[name])
            good &= holds(one.rows, at + first + CLOSE_S, at + last - CLOSE_S)
    found = np.flatnonzero(good)
    reaches = {name: reach(modality) for name, modality in modalities.items()}
    return found, _report(session, constraints, len(found), reaches, anchor)


def reach(modality: Modality) -> tuple[float, float]:
    """What a window covers, from the start of its chunk, s."""
    end = modality.offset + modality.span_s + modality.boxes / modality.rate
    return float(modality.offset), float(end)


def _constraints(
    session: Session, modalities: Mapping[str, Modality], margin: float
) -> Any:
    for name, modality in modalities.items():
        track = session.tracks[name]
        first, last = track.range_s
        if modality.boxes and track.rate is not None:
            last += track.period_s  # a sample stands for the time until the next
        yield Constraint(f"{name}: recorded", np.array([[first, last]]), (name,))
        if margin:
            rows = np.array([[first + margin, last - margin]])
            rows = rows[rows[:, 0] <= rows[:, 1]]
            yield Constraint(f"{name}: margin {margin:g} s", rows, (name,))


def _trials(
    session: Session, anchor: str, where: Any, include_blanks: bool, span: str
) -> list[Constraint]:
    trials = session.trials
    if where is None and span == "any":
        return []
    if trials is None:
        asked = f"where={where!r}" if where is not None else f'span="{span}"'
        raise ValueError(
            f"{asked} asks for trials, but session '{session.name}' ({session.where}) "
            "has none."
        )
    pick = np.ones(len(trials), bool)
    if where is not None:
        pick = chosen(trials, where, include_blanks)
    rows = np.stack([trials.start_s, trials.stop_s], 1)[pick]
    if span == "any":
        rows = union(rows)
    rows = rows - [0, 2 * CLOSE_S]  # the end of a trial is in the next one
    told = f"trials where {where}" if where is not None else "within one trial"
    return [Constraint(told, rows, (anchor,))]


def _checked(one: Any, track: Track, name: str) -> np.ndarray:
    rows = np.asarray(one(track), float)
    rows = rows if rows.size else EMPTY
    if rows.ndim != 2 or rows.shape[1] != 2 or np.isnan(rows).any():
        raise ValueError(
            f"{name}: the filter {told_apart(one)} must give rows [start, end] in s, "
            f"but gave an array of shape {rows.shape}."
        )
    return union(rows)


def _report(
    session: Session,
    constraints: list[Constraint],
    n_chunks: int,
    reaches: dict[str, tuple[float, float]],
    anchor: str,
) -> Report:
    left = starts = np.array([[-np.inf, np.inf]])
    seconds, for_starts = {}, {}
    for one in constraints:
        left = intersection(left, union(one.rows))
        for name in one.names:
            allowed = one.rows - reaches[name]
            allowed = allowed[allowed[:, 0] <= allowed[:, 1]]
            starts = intersection(starts, union(allowed))
        seconds[one.what], for_starts[one.what] = length_s(left), length_s(starts)
    rows = {one.what: one.rows for one in constraints}
    chunk_s = reaches[anchor][1] - reaches[anchor][0]
    return Report(session.name, rows, seconds, n_chunks, chunk_s, for_starts)
