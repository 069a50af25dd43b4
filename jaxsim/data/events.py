"""Tracks that are no rows of numbers: labelled times, and times of spikes."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from jaxsim.data.tracks import Track


class Labels(Track):
    """Labelled times: a sample is True where a time is in [start, end) of a label."""

    def __init__(
        self, name: str, rows: dict[str, np.ndarray], first_s: float, last_s: float
    ) -> None:
        super().__init__(
            name, 2, (len(rows),), bool, Fraction(0), None, np.array([first_s, last_s])
        )
        self.rows = rows

    def at(self, times: np.ndarray) -> np.ndarray:
        """(time, label) membership."""
        within = [
            ((times[:, None] >= r[:, 0]) & (times[:, None] < r[:, 1])).any(1)
            for r in self.rows.values()
        ]
        return np.stack(within, 1)

    def keep(self) -> None:
        """All of it is in memory."""

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """It has no rows."""
        return iter(())


class Spikes(Track):
    """Times of events of many units; a sample is how many fell into its time."""

    def __init__(
        self,
        name: str,
        times_s: np.ndarray,
        ends: np.ndarray,
        first: float,
        last: float,
    ) -> None:
        stamps = np.array([first, last])
        shape = (len(ends) - 1,)
        super().__init__(name, 2, shape, np.float32, Fraction(0), None, stamps)
        self.events, self.ends = times_s, ends

    def counts(self, edges: np.ndarray) -> np.ndarray:
        """(time, unit) events in [edge, next edge)."""
        return np.diff(self.below(edges), axis=0).astype(np.float32)

    def below(self, times: np.ndarray) -> np.ndarray:
        """(time, unit) events before each time."""
        units = zip(self.ends[:-1], self.ends[1:], strict=True)
        found = [np.searchsorted(self.events[a:b], times) for a, b in units]
        return np.stack(found, 1)

    def keep(self) -> None:
        """All of it is in memory."""

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """It has no rows."""
        return iter(())
