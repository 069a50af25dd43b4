"""Experiment: any modality of a recording at any times, and whether it was there."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from jaxsim.core.declared import nearest
from jaxsim.data.clock import Places
from jaxsim.data.events import Labels, Spikes
from jaxsim.data.interpolate import check_interp, points
from jaxsim.data.modality import Modality
from jaxsim.data.session import Session, sessions_of
from jaxsim.data.tracks import Track


SAME = 1e-6  # a time this close to a sample, in samples, is its time
PARTS = 2**40


class Experiment:
    """The tracks of one recording, to be asked for values at any times.

    ```python
    experiment = js.Experiment("recording.zarr")
    values, there = experiment.at([1.0, 1.5, 99.0], "activity", interp="linear")
    ```

    Args:
        source: a recording of one run, its folder, or a folder of experanto.

    Raises:
        ValueError: several runs; give one of them.
    """

    def __init__(self, source: Any) -> None:
        sessions = sessions_of(source)
        if len(sessions) > 1:
            raise ValueError(
                f"an Experiment is of one session, not of {len(sessions)}; "
                "js.ChunkDataset takes many."
            )
        self.session: Session = sessions[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities."""
        return tuple(self.session.tracks)

    def range_s(self, name: str) -> tuple[float, float]:
        """From when to when a modality is known, s."""
        return self._stream(name).range_s

    def at(
        self, times: Any, name: str, interp: str = "previous", window_s: Any = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values of a modality at times, with their validity.

        Args:
            times: (time,) in s, rising.
            name: of the modality.
            interp: "previous", "nearest" or "linear"; "count" for times of spikes.
            window_s: of "count": spikes in [t, t + window_s), s.

        Returns:
            Values (time, ...), one row per time, 0 where there is none; and (time,)
            whether there is one.

        Raises:
            ValueError: an unknown modality, or times that do not rise.
        """
        track = self._stream(name)
        asked = np.asarray(list(times) if isinstance(times, Iterable) else times, float)
        if (
            asked.ndim != 1
            or not np.isfinite(asked).all()
            or (np.diff(asked) < 0).any()
        ):
            raise ValueError(
                f"times of '{name}' must be one row of rising, finite seconds."
            )
        check_interp(track, Modality(1, 1, interp=interp), name)
        first, last = track.range_s
        if not len(asked):
            return np.zeros((0, *track.shape), track.dtype), np.zeros(0, bool)
        if isinstance(track, Spikes):
            return self._counts(track, asked, window_s)
        if isinstance(track, Labels):
            return track.at(asked), (asked >= first) & (asked <= last)
        if interp in ("mean", "count"):
            raise ValueError(
                f"'{name}' with interp=\"{interp}\": that is of a js.Modality, whose "
                "samples follow each other; ask for previous, nearest or linear."
            )
        values, there = points(track, _among(track, asked), interp)
        if not there.all():
            values[~there] = 0
        return values, there

    def _stream(self, name: str) -> Track:
        if name not in self.session.tracks:
            raise ValueError(
                f"'{self.session.name}' has no '{name}'; it has "
                f"{', '.join(self.names)}.{nearest(name, self.names)}"
            )
        return self.session.tracks[name]

    def _counts(
        self, track: Spikes, times: np.ndarray, window_s: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        if window_s is None or not 0 < window_s < np.inf:
            raise ValueError(
                f"'{track.name}': spikes are counted in a window; give window_s in s, "
                f"not {window_s}."
            )
        first, last = track.range_s
        there = (times >= first) & (times + window_s <= last)
        edges = np.stack([times, times + window_s], 1).ravel()
        counts = track.below(edges).reshape(len(times), 2, -1)
        return (counts[:, 1] - counts[:, 0]).astype(np.float32), there


def _among(track: Track, times: np.ndarray) -> Places:
    if track.rate is None:
        return track.among_stamps(times)
    x = (times - float(track.start)) * float(track.rate)
    near = np.round(x)
    x = np.where(np.abs(x - near) < SAME, near, x)
    whole = np.floor(x)
    part = np.minimum(((x - whole) * PARTS).astype(np.int64), PARTS - 1)
    return Places(whole.astype(np.int64), part, PARTS)
