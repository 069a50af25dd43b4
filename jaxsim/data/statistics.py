"""Mean and std by which each modality of a session is normalised."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxsim.data.modality import Modality
from jaxsim.data.session import Session
from jaxsim.data.tracks import Track


def statistics(
    session: Session, modalities: Mapping[str, Modality], rules: Any
) -> dict[str, Any]:
    """A pair (mean, std) for every modality, or None where it is not normalised.

    Args:
        session: whose tracks are read for them.
        modalities: which, and how each is normalised.
        rules: of the chunks; they say which stds are raised, and the type.

    Raises:
        ValueError: complex numbers, or a pair that does not fit the samples.
    """
    found = {}
    for name, modality in modalities.items():
        track, how = session.tracks[name], modality.normalize
        _refuse_complex(name, track, modality)
        if isinstance(how, str):
            mean, std = track.stats()
            if rules.floors(name):
                floor = 0.01 * np.nanmean(std)
                std = np.maximum(std, floor if floor > 0 else 1.0)
            how = np.zeros_like(mean) if how == "scale" else mean, std
        if how is not None:
            _refuse_unfit(name, how, track, modality)
            kind = rules.kind(track, modality)
            how = tuple(np.asarray(part, kind) for part in how)
        found[name] = how
    return found


def _refuse_complex(name: str, track: Track, modality: Modality) -> None:
    """Refuse statistics of complex numbers."""
    if track.dtype.kind == "c" and isinstance(modality.normalize, str):
        raise ValueError(
            f"'{name}' with normalize={modality.normalize!r}: its numbers are complex, "
            "and have no mean and std to be scaled by. Take their size with a "
            "transform, and give a (mean, std) of that."
        )


def _refuse_unfit(name: str, how: Any, track: Track, modality: Modality) -> None:
    """Refuse a mean and std that do not fit the samples of a track."""
    if modality.transforms:
        return  # they may change the shape
    told = f"'{name}' with normalize={modality.normalize!r}: "
    for part in how:
        fits = len(part.shape) <= len(track.shape) and all(
            n in (1, own)
            for n, own in zip(part.shape[::-1], track.shape[::-1], strict=False)
        )
        if not fits:
            raise ValueError(
                f"{told}a mean and std of shape {part.shape} do not fit samples of "
                f"shape {track.shape}."
            )
