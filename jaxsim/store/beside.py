"""Arrays beside a document: known by their digest, believed only if it holds."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.store import arrays as zarrs
from jaxsim.store.spec import array_digest


class Beside(Mapping):
    """The arrays of a process by digest, read and verified when asked for.

    Args:
        folder: a zarr group.
        places: digest -> path of the array inside the group.
    """

    def __init__(self, folder: Path, places: dict[str, str]) -> None:
        self.folder, self.places = folder, places
        self._group: Any = None

    def __getitem__(self, digest: str) -> np.ndarray:
        place = self.places[digest]
        if self._group is None:
            self._group = zarrs.open_group(self.folder)
        try:
            array = zarrs.member(self._group, place)
        except KeyError:
            raise ValueError(
                f"{self.folder}: the array '{place}' is missing; bring it back from a "
                "copy."
            ) from None
        values = zarrs.read(array)
        if array_digest(values) != digest:
            raise zarrs.damaged(array, Path(array.path), "does not match its digest")
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)
