"""The rules of chunks: places on a clock of whole numbers."""

from fractions import Fraction
from typing import Any

import numpy as np

from jaxsim.data import clock
from jaxsim.data.interpolate import check_interp, finished, window
from jaxsim.data.modality import Modality
from jaxsim.data.session import Session
from jaxsim.data.validity import Report, grid, valid_starts


class Exact:
    """Chunks on a clock of whole numbers."""

    def __init__(
        self, modalities: dict[str, Modality], anchor: str, relative_time: bool
    ) -> None:
        self.modalities, self.anchor = modalities, anchor
        self.relative_time = relative_time

    def floors(self, name: str) -> bool:
        """Whether tiny stds are raised."""
        return True

    def kind(self, track: Any, modality: Modality) -> Any:
        """In which type values are normalised."""
        return np.float32

    def starts(self, session: Session, *ask: Any) -> tuple[np.ndarray, Report]:
        """Places on the anchor's grid."""
        for name, modality in self.modalities.items():
            check_interp(session.tracks[name], modality, name)
        return valid_starts(session, self.modalities, self.anchor, *ask)

    def time(self, session: Session, start: Any) -> Fraction:
        """When a chunk starts, s."""
        rate = self.modalities[self.anchor].rate
        return grid(session.tracks[self.anchor], rate)[0] + int(start) / rate

    def times(self, session: Session, starts: np.ndarray) -> np.ndarray:
        """When chunks start, s."""
        rate = self.modalities[self.anchor].rate
        first = float(grid(session.tracks[self.anchor], rate)[0])
        return first + starts * rate.denominator / rate.numerator

    def window(
        self, session: Session, name: str, start: Any, out: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values (in `out` where they are just read), mask and time stamps."""
        modality, track = self.modalities[name], session.tracks[name]
        first = self.time(session, start) + modality.offset
        values, mask = finished(*window(track, modality, first, out), track, modality)
        if self.relative_time:
            times = clock.seconds(modality.offset, modality.rate, modality.chunk)
            return values, mask, times.astype(np.float32)
        return values, mask, clock.seconds(first, modality.rate, modality.chunk)

    def laid_out(self, out: dict[str, Any]) -> dict[str, Any]:
        """Time first, as it comes."""
        return out
