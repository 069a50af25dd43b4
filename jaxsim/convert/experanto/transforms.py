"""Transforms of a configuration: torchvision's by their names, and statistics."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxsim.data.screen import Screen
from jaxsim.data.tracks import Track
from jaxsim.data.transforms import CenterCrop, FrameTransform, Resize


FLAGS = {
    "normalize": "normalize",
    "normalize_variance_only": "normalize_variance_only",
    "standardize": "normalize_variance_only",  # its old name
}
STORED = {"normalize": "zscore", "normalize_variance_only": "scale"}


def frame_transforms(
    where: str, given: Mapping[str, Any], track: Track
) -> tuple[FrameTransform, ...]:
    """Resize and CenterCrop, in their order; ToTensor and Normalize are not frames'.

    Raises:
        ValueError: a transform that is not done here, by name.
    """
    found: list[FrameTransform] = []
    for name, one in given.items():
        if not isinstance(one, Mapping) or name == "normalization":
            continue
        target = str(one.get("_target_", "")).rpartition(".")[2]
        words = set(one) - {"_target_"}
        place = f"{where}.{name}"
        if not str(one.get("_target_", "")).startswith("torchvision.transforms"):
            raise _refused(place, one.get("_target_"))
        if target == "ToTensor" and not words:
            continue
        if target == "Normalize" and words == {"mean", "std"}:
            continue
        if target in ("Resize", "CenterCrop") and words == {"size"}:
            _frames_only(place, track)
            found.append(_sized(place, target, one["size"]))
            continue
        raise _refused(place, f"{target}({', '.join(sorted(words))})")
    return tuple(found)


def _refused(place: str, what: Any) -> ValueError:
    return ValueError(
        f"{place}: {what} is not done here; of torchvision.transforms there are "
        "ToTensor, Normalize(mean, std), Resize(size) and CenterCrop(size). Give a "
        "function of the values to js.Modality(transform=...) yourself."
    )


def _frames_only(place: str, track: Track) -> None:
    if not isinstance(track, Screen):
        raise ValueError(
            f"{place}: '{track.name}' has no frames to change the size of."
        )


def _sized(place: str, target: str, size: Any) -> FrameTransform:
    if target == "CenterCrop":
        return CenterCrop(size)
    if isinstance(size, int):
        raise ValueError(
            f"{place}.size = {size} would be that of the shorter side; write both, "
            "[height, width]."
        )
    return Resize(tuple(size), "linear")


def normalization(
    where: str, given: Mapping[str, Any], track: Track, compat: bool
) -> Any:
    """What `js.Modality(normalize=)` is for the transforms of one modality.

    Raises:
        ValueError: an unknown one, or two of them.
    """
    asked: dict[str, Any] = {}
    if given.get("normalization"):
        asked["normalization"] = given["normalization"]
    for name, one in given.items():
        if compat or name == "normalization":
            continue  # nothing else is applied there
        if isinstance(one, Mapping):
            if str(one.get("_target_", "")).endswith(".Normalize"):
                asked[name] = {"means": one["mean"], "stds": one["std"]}
        elif name not in FLAGS:
            raise ValueError(f"{where} has no '{name}'; flags are {', '.join(FLAGS)}.")
        elif one:
            asked[name] = FLAGS[name]
    kinds = {repr(one) for one in asked.values()}
    if len(kinds) > 1:
        raise ValueError(f"{where}: {' and '.join(asked)} would normalise twice.")
    return _statistics(where, next(iter(asked.values()), None), track, compat)


def _statistics(where: str, how: Any, track: Track, compat: bool) -> Any:
    if how is None:
        return None
    if isinstance(how, str) and how in STORED:
        return STORED[how]
    if how == "screen_default":
        return 80.0, 60.0
    if isinstance(how, Mapping):
        means, stds = track.stats() if len(how) < 2 else (None, None)
        pair = how.get("means", means), how.get("stds", stds)
        return tuple(_flat(one, track) for one in pair)
    if how in ("recompute_responses", "recompute_behavior"):
        if compat:
            data = track.read(0, track.n)
            mean, std = np.nanmean(data, 0), np.nanstd(data, 0)
        else:
            mean, std = track.own_stats()
            std = np.maximum(std, 0.01 * std.mean())
        return (np.zeros_like(mean) if how == "recompute_responses" else mean), std
    raise ValueError(
        f"{where}.normalization = {how!r} is none of normalize, "
        "normalize_variance_only, recompute_responses, recompute_behavior, "
        "screen_default, {means:, stds:}."
    )


def _flat(value: Any, track: Track) -> np.ndarray:
    array = np.asarray(value, float)
    return array.reshape(()) if isinstance(track, Screen) else array.reshape(-1)
