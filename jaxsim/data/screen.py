"""Screen: frames that lie in one file per trial, with blanks between."""

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.data.tracks import Track


OPEN_FILES = 256


class Trial:
    """One file of a screen, or a blank: how many frames, and which."""

    def __init__(self, path: Path | None, n: int, value: float, told: dict) -> None:
        self.path, self.n, self.value, self.told = path, n, value, told


class Screen(Track):
    """Frames in one file per trial, with blanks between; only frames asked are read."""

    def __init__(
        self, name: str, trials: list[Trial], *facts: Any, **more: Any
    ) -> None:
        super().__init__(name, *facts, **more)
        self.trials = trials
        self.first = np.cumsum([0] + [trial.n for trial in trials])
        self.room: int | None = OPEN_FILES
        self._forget()

    def _forget(self) -> None:
        self._maps: OrderedDict[int, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_maps"], state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def trial(self, number: int) -> np.ndarray:
        """The frames of one trial, memory-mapped."""
        with self._lock:
            found = self._maps.get(number)
            if found is None:
                found = self._maps[number] = self._open(number)
                if self.room is not None and len(self._maps) > self.room:
                    self._maps.popitem(last=False)
            return found

    def _open(self, number: int) -> np.ndarray:
        one = self.trials[number]
        if one.path is None:
            value = np.asarray(one.value, self.dtype)
            return np.broadcast_to(value, (one.n, *self.shape))
        data = np.asarray(np.load(one.path, mmap_mode="r", allow_pickle=False))
        if data.shape == self.shape and one.n == 1:
            data = data[None]
        if data.shape != (one.n, *self.shape) or data.dtype != self.dtype:
            raise ValueError(
                f"{one.path} holds {data.shape} of type {data.dtype}, where its trial "
                f"says {one.n} frames, and the first file has frames of {self.shape} "
                f"of type {self.dtype}. One recording has one size and type."
            )
        return data

    def read(self, low: int, high: int, out: np.ndarray | None = None) -> np.ndarray:
        """A copy of frames low to high."""
        if out is None:
            out = np.empty((high - low, *self.shape), self.dtype)
        number = int(np.searchsorted(self.first, low, "right")) - 1
        at = low
        while at < high:
            end = min(high, int(self.first[number + 1]))
            begin = int(self.first[number])
            out[at - low : end - low] = self.trial(number)[at - begin : end - begin]
            at, number = end, number + 1
        return out

    def keep(self) -> None:
        """Read all of it into memory."""
        self.room = None
        for number in range(len(self.trials)):
            self._maps[number] = np.array(self._open(number))
