"""Session: the tracks of one recording with its table of trials, from any source."""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jaxsim.core.recording import Recording
from jaxsim.core.trials import Trials
from jaxsim.data.origin import Origin
from jaxsim.data.tracks import Track


@dataclasses.dataclass
class Session:
    """One recording: tracks by name, its trials where it has any, and what made it."""

    name: str
    tracks: dict[str, Track]
    trials: Trials | None = None
    where: str = "memory"  # for sentences
    origin: Origin = dataclasses.field(default_factory=lambda: Origin({}))

    @property
    def zero_s(self) -> float:
        """What relative times are relative to: the start of its first track, s."""
        return min(track.range_s[0] for track in self.tracks.values())


def sessions_of(source: Any) -> list[Session]:
    """The sessions of a source, with names of their own.

    Args:
        source: a Recording (of a batch, every run is a session), a folder that js.save
            or a sweep wrote, a folder of experanto, a Session, or a list of these.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: no recording, damaged, or two sessions of one name.
    """
    one = isinstance(source, (str, os.PathLike, Recording, Mapping))
    many = isinstance(source, Iterable) and not one and not hasattr(source, "shape")
    sources = list(source) if many else [source]
    found = [session for one in sources for session in _open(one)]
    if not found:
        raise ValueError("there is no session to read: the list of sources is empty.")
    names = [session.name for session in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        places = [s.where for s in found if s.name == twice[0]]
        raise ValueError(
            f"two sessions are called '{twice[0]}' ({', '.join(places)}), and keys by "
            "session would lose one of them. Give each a data_key in its meta.json, or "
            "another name: dataclasses.replace(session, name=...)."
        )
    return found


def _open(source: Any) -> list[Session]:
    from jaxsim.data.read_experanto import is_experanto, read_experanto
    from jaxsim.data.read_recording import read_recording, read_store

    if isinstance(source, Session):
        return [source]
    if isinstance(source, Recording):
        return read_recording(source)
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            "a source of chunks is a recording, a folder, or a list of these, not a "
            f"{type(source).__name__}."
        )
    folder = Path(os.fspath(source)).expanduser()
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: there is no such folder.")
    if is_experanto(folder):
        return [read_experanto(folder)]
    if not (folder / "zarr.json").is_file():
        raise ValueError(
            f"{folder} is neither a recording that js.save or a sweep wrote (it has no "
            "zarr.json) nor a folder of experanto (no */meta.yml)."
        )
    return read_store(folder)
