"""experanto 0.1 as it is: the chunks it finds, its rounded times, its layout.

Kept apart from our own rules, for comparing with results that were made by it. What it
does differently: times are rounded to 10 us and float positions are floored, so that a
third of the samples asked at their own time are those before; filters that leave no
time at all are no filters; only the anchor's window is checked. Rows that it drops at
the ends of a recording are here filled and masked, since shapes never change.

Written from its behaviour (its source is under the MIT licence), and compared with it
chunk by chunk in the tests.
"""

from typing import Any

import numpy as np

from jaxsim.data.conditions import chosen
from jaxsim.data.filters import NanFilter
from jaxsim.data.interpolate import check_interp, finished
from jaxsim.data.intervals import complement, intersection, union
from jaxsim.data.modality import Modality
from jaxsim.data.screen import Screen
from jaxsim.data.session import Session
from jaxsim.data.tracks import Track
from jaxsim.data.transforms import ChannelsFirst
from jaxsim.data.validity import Report


SCALE = 10**5  # experanto's interpolate_precision
SHOWN_S = 1e-4  # added to times before a frame is looked up
INTERPS = ("previous", "linear")


class Experanto:
    """The rules of experanto 0.1 for a dataset."""

    def __init__(
        self, modalities: dict[str, Modality], anchor: str, relative_time: bool
    ) -> None:
        self.modalities, self.anchor = modalities, anchor
        self.relative_time = relative_time

    def floors(self, name: str) -> bool:
        """Whether tiny stds are raised."""
        return name == "responses"

    def kind(self, track: Track, modality: Modality) -> Any:
        """In which type values are normalised."""
        wide = track.dtype == np.float64 or modality.interp == "linear"
        return np.float64 if wide else np.float32

    def starts(
        self,
        session: Session,
        where: Any,
        include_blanks: bool,
        margin: float,
        span: str,
    ) -> tuple[np.ndarray, Report]:
        """Times of a grid of floats at which chunks start, s."""
        for name, modality in self.modalities.items():
            self._check(session.tracks[name], name, modality)
        tracks = [session.tracks[name] for name in self.modalities]
        ranges = [valid_range(track) for track in tracks]
        low = max(first for first, _ in ranges) + margin
        high = min(last for _, last in ranges) - margin
        if low >= high:
            raise ValueError(
                f"session '{session.name}': no time is in all modalities, "
                f"{margin:g} s from every end ({low:g} s to {high:g} s)."
            )
        screen = self.modalities[self.anchor]
        grid = np.arange(low, high, 1.0 / float(screen.rate))
        rows = trial_rows(session, where, include_blanks)
        filtered = self._filtered(session)
        if filtered is not None and len(filtered):
            rows = intersection(rows, filtered)
        good = np.zeros(len(grid) + 1, np.int64)
        edges = np.searchsorted(grid, rows, "left")
        np.add.at(good, edges[:, 0], 1)
        np.add.at(good, edges[:, 1], -1)
        bad = np.r_[0, np.cumsum(np.cumsum(good)[:-1] <= 0)]
        n = max(len(grid) - screen.chunk + 1, 0)
        found = grid[:n][bad[screen.chunk :][:n] - bad[:n] == 0]
        span_s = float(screen.chunk / screen.rate)
        told = {"valid": rows}
        left = {"grid": high - low, "starts": len(found) / float(screen.rate)}
        return found, Report(session.name, told, left, len(found), span_s)

    def _check(self, track: Track, name: str, modality: Modality) -> None:
        interp = modality.interp
        if interp not in INTERPS or (isinstance(track, Screen) and interp == "linear"):
            raise ValueError(
                f'\'{name}\' with interp="{interp}": experanto knows "previous" (its '
                'nearest_neighbor), and "linear" for sequences. Leave compat out.'
            )
        if not isinstance(track, Screen) and "sampling_rate" not in track.told:
            raise ValueError(
                f"'{name}' is no sequence or screen of an experanto folder; "
                'compat="experanto" reads those only.'
            )
        check_interp(track, modality, name)

    def _filtered(self, session: Session) -> np.ndarray | None:
        rows = None
        for name, modality in self.modalities.items():
            for one in modality.filters:
                track = session.tracks[name]
                if isinstance(one, NanFilter):
                    found = without_nan(track, one.vicinity_s)
                else:
                    found = np.asarray(one(track), float).reshape(-1, 2)
                rows = found if rows is None else intersection(rows, found)
        return rows

    def time(self, session: Session, start: Any) -> Any:
        """When a chunk starts, s."""
        return start

    def times(self, session: Session, starts: np.ndarray) -> np.ndarray:
        """When chunks start, s."""
        return starts

    def window(
        self, session: Session, name: str, start: Any, out: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values, mask and time stamps of one modality; never in `out`."""
        modality, track = self.modalities[name], session.tracks[name]
        times = rounded_times(
            start, float(modality.offset), float(modality.rate), modality.chunk
        )
        first, last = valid_range(track)
        there = (times >= first) & (times <= last)
        if isinstance(track, Screen):
            index = np.searchsorted(track.stamps, times + SHOWN_S) - 1
            values = track.take(np.clip(index, 0, track.n - 1)).astype(np.float32)
        else:
            values, inside = sequence(track, times, modality.interp)
            there &= inside
            if modality.interp == "linear" and modality.fill == "mean":
                values = without_nans(values, there)
            if values.dtype == np.uint8:
                values = values.astype(np.float32) / np.float32(255)
        if not there.all():
            values, there = finished(values, there, track, modality)
        elif values.ndim == 2:
            there = ~np.isnan(values)
        if self.relative_time:
            zero = session.tracks.get("responses", track).told.get("start_time", 0.0)
            return values, there, (times - zero).astype(np.float32)
        return values, there, times

    def laid_out(self, out: dict[str, Any]) -> dict[str, Any]:
        """The colours of the screen in front."""
        if "screen" in out:
            out["screen"] = ChannelsFirst()(out["screen"])
        return out


def valid_range(track: Track) -> tuple[float, float]:
    """From when to when experanto answers, s."""
    if track.rate is None:
        return float(track.stamps[0]), float(track.stamps[-1])
    first, last = track.told["start_time"], track.told["end_time"]
    if track.phase_s is not None and len(track.phase_s):
        return first + np.max(track.phase_s), last + np.min(track.phase_s)
    return first, last


def rounded_times(start: float, offset: float, rate: float, n: int) -> np.ndarray:
    """Times of a window, s, each a multiple of 10 us."""
    first = int(round(start * SCALE)) + int(round(offset * SCALE))
    step = int(round((1.0 / rate) * SCALE))
    return (first + np.arange(n) * step).astype(np.float64) / SCALE


def trial_rows(session: Session, where: Any, include_blanks: bool) -> np.ndarray:
    """Times of the trials that a condition names; the last one never ends."""
    trials = session.trials
    if trials is None:
        raise ValueError(f"session '{session.name}' has no trials, as experanto needs.")
    pick = np.ones(len(trials), bool)
    if where is not None:
        pick = chosen(trials, where, include_blanks)
    ends = np.append(trials.start_s[1:], np.inf)
    return np.stack([trials.start_s, ends], 1)[pick]


def without_nan(track: Track, vicinity_s: float) -> np.ndarray:
    """Times away from NaN, in experanto's floats."""
    first, last = track.told["start_time"], track.told["end_time"]
    step = 1.0 / track.told["sampling_rate"]
    found = [
        at + np.flatnonzero(np.isnan(block).any(1))
        for at, block in track.blocks()
        if block.dtype.kind == "f"
    ]
    times = first + np.concatenate([np.zeros(0, np.int64), *found]) * step
    low = np.maximum(first, times - vicinity_s)
    high = np.minimum(last, times + vicinity_s)
    return complement(union(np.stack([low, high], 1)), first, last)


def sequence(
    track: Track, times: np.ndarray, interp: str
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a sequence, and which of them there are."""
    start, step = track.told["start_time"], 1.0 / track.told["sampling_rate"]
    at = times[:, None] if track.phase_s is None else times[:, None] - track.phase_s
    index = np.floor((at - start) / step).astype(int)
    last = track.n - 1
    there = ((index >= 0) & (index + (interp == "linear") <= last)).all(1)
    index = np.clip(index, 0, last - (interp == "linear"))
    low = int(index.min())
    rows = track.read(low, min(int(index.max()) + 2, track.n))
    index = np.broadcast_to(index - low, (len(times), rows.shape[1]))
    before = np.take_along_axis(rows, index, 0)
    if interp == "previous":
        return before, there
    after = np.take_along_axis(rows, index + 1, 0)
    lower, upper = start + (index + low) * step, start + (index + low + 1) * step
    width = upper - lower
    return (upper - at) / width * before + (at - lower) / width * after, there


def without_nans(values: np.ndarray, there: np.ndarray) -> np.ndarray:
    """NaN replaced by the mean of its column in this window."""
    bad = np.isnan(values[there])
    if not bad.any():
        return values
    n = (~bad).sum(0)
    with np.errstate(invalid="ignore"):
        mean = np.where(bad, 0, values[there]).sum(0) / n
    return np.where(np.isnan(values), mean, values)
