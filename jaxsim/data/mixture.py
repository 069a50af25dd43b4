"""SessionMixture: datasets cut each in its own way, in one order of batches."""

import hashlib
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxsim.data.asked import checked_seed
from jaxsim.data.chunks import ChunkDataset
from jaxsim.data.stacked import Sample


class SessionMixture:
    """Several datasets as one, where each session has modalities of its own.

    One `ChunkDataset` cuts all of its sessions alike; a mixture joins datasets with
    other rates, conditions or signals. Batches are of one session each.

    ```python
    mixture = js.SessionMixture([mouse, monkey])
    for batch in mixture.batches(16, mix={"mouse": 3.0, "monkey": 1.0}):
        ...
    ```

    Args:
        datasets: of `js.ChunkDataset`.
        seed: of the shuffled orders.

    Raises:
        TypeError: something else than datasets.
        ValueError: none of them, or two sessions of one name.
    """

    def __init__(self, datasets: Any, *, seed: int = 0) -> None:
        if isinstance(datasets, (ChunkDataset, str)):
            raise TypeError(
                "a SessionMixture is of a list of ChunkDatasets, not of one "
                f"{type(datasets).__name__}; write js.SessionMixture([one, other])."
            )
        self.datasets = list(datasets)
        for one in self.datasets:
            if not isinstance(one, ChunkDataset):
                raise TypeError(
                    f"a SessionMixture is of ChunkDatasets, not of {one!r}."
                )
        if not self.datasets:
            raise ValueError("a SessionMixture needs one ChunkDataset or more.")
        self.seed = checked_seed(seed)
        self.sessions = [s for one in self.datasets for s in one.sessions]
        names = [session.name for session in self.sessions]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            places = [s.where for s in self.sessions if s.name == twice[0]]
            raise ValueError(
                f"two sessions are called '{twice[0]}' ({', '.join(places)}), so "
                "weights and batches could not tell them apart."
            )
        self.starts = [starts for one in self.datasets for starts in one.starts]
        self.first = np.cumsum([0] + [len(starts) for starts in self.starts])
        self._part = [i for i, one in enumerate(self.datasets) for _ in one.sessions]

    def __len__(self) -> int:
        return int(self.first[-1])

    def __repr__(self) -> str:
        return "\n".join(["SessionMixture of", *map(repr, self.datasets)])

    def __getitem__(self, index: int) -> Sample:
        """One chunk, finished."""
        return self._chunk(index, lambda part, own: part[own])

    def raw(self, index: int, into: Sample | None = None) -> Sample:
        """One chunk in the types of its files."""
        return self._chunk(index, lambda part, own: part.raw(own, into))

    def _chunk(self, index: int, read: Callable[[ChunkDataset, int], Sample]) -> Sample:
        """A chunk of the dataset that has it, under its number here."""
        number = operator.index(index)
        number += len(self) * (number < 0)
        if not 0 <= number < len(self):
            raise IndexError(f"chunk {index} of {len(self)}")
        session = int(np.searchsorted(self.first, number, "right")) - 1
        before = self._part.index(self._part[session])
        part = self.datasets[self._part[session]]
        sample = read(part, int(number - self.first[before]))
        sample["meta"] |= {"session": np.int32(session), "index": np.int32(number)}
        return sample

    def part_of(self, session: int) -> ChunkDataset:
        """The dataset that cuts a session."""
        return self.datasets[self._part[session]]

    def normal(self, session: int, kind: Any = None) -> dict[str, Any]:
        """Mean and std of each modality of a session that is normalised."""
        part = self._part[session]
        return self.datasets[part].normal(session - self._part.index(part), kind)

    @property
    def session_of(self) -> np.ndarray:
        """(n_chunks,) number of each chunk's session."""
        return np.repeat(np.arange(len(self.sessions)), np.diff(self.first))

    @property
    def fingerprint(self) -> str:
        """A digest of what is cut from what."""
        told = "\n".join(one.fingerprint for one in self.datasets)
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def batches(self, batch: int, **how: Any) -> Any:
        """Shuffled batches on the device; see `jaxsim.data.loader.Batches`."""
        from jaxsim.data.loader import Batches

        return Batches(self, batch, **how)
