"""A modality configuration of experanto, word by word."""

import copy
import importlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from jaxsim.convert.experanto.transforms import frame_transforms, normalization
from jaxsim.core.declared import nearest
from jaxsim.data.events import Spikes
from jaxsim.data.filters import NanFilter, nan_filter
from jaxsim.data.modality import Modality
from jaxsim.data.screen import Screen
from jaxsim.data.session import Session
from jaxsim.data.tracks import Track
from jaxsim.data.transforms import ChannelsFirst, Resize


_NAN_FILTER = {
    "nan_filter": {
        "__target__": "experanto.filters.common_filters.nan_filter",
        "__partial__": True,
        "vicinity": 0.05,
    }
}
_NEAREST = {"interpolation_mode": "nearest_neighbor"}


def _behaviour(rate: int, chunk: int, how: str) -> dict[str, Any]:
    return {
        "keep_nans": False,
        "sampling_rate": rate,
        "chunk_size": chunk,
        "offset": 0,
        "transforms": {"normalization": how},
        "interpolation": _NEAREST,
        "filters": _NAN_FILTER,
    }


DEFAULT_MODALITY_CONFIG: dict[str, Any] = {
    "screen": {
        "keep_nans": False,
        "sampling_rate": 30,
        "chunk_size": 60,
        "valid_condition": {"tier": "train"},
        "offset": 0,
        "sample_stride": 1,
        "include_blanks": True,
        "transforms": {
            "normalization": "normalize",
            "Resize": {
                "_target_": "torchvision.transforms.v2.Resize",
                "size": [144, 256],
            },
        },
        "interpolation": {"rescale": True, "rescale_size": [144, 256]},
    },
    "responses": _behaviour(8, 16, "normalize_variance_only"),
    "eye_tracker": _behaviour(30, 60, "normalize"),
    "treadmill": _behaviour(30, 60, "normalize"),
}

ENTRY = ("sampling_rate", "chunk_size", "offset", "transforms", "interpolation")
ENTRY += ("filters", "keep_nans")
SCREEN_ENTRY = (*ENTRY, "valid_condition", "sample_stride", "include_blanks")
SEQUENCE = ("interpolation_mode", "keep_nans", "normalize", "normalize_subtract_mean")
SEQUENCE += ("normalize_std_threshold",)
SCREEN = ("rescale", "rescale_size", "normalize", "use_stimuli_names")
SPIKES = ("interpolation_window", "interpolation_align", "smoothing_sigma")
INTERPS = {"nearest_neighbor": "previous", "linear": "linear"}


def read_config(config: Any) -> dict[str, Any]:
    """A modality configuration as plain dicts.

    Args:
        config: a mapping, an object of OmegaConf, or a YAML file; one that holds
            `dataset: modality_config:`, as experanto's own, may be given whole.

    Raises:
        TypeError: none of these.
    """
    if isinstance(config, (str, os.PathLike)):
        from jaxsim.store.documents import read_text

        config = read_text(config)
    if type(config).__module__.startswith("omegaconf"):
        omegaconf = importlib.import_module("omegaconf")  # it is there: this is its own
        config = omegaconf.OmegaConf.to_container(config, resolve=True)
    if not isinstance(config, Mapping):
        raise TypeError(f"modality_config must be a mapping, got {config!r}.")
    for name in ("dataset", "modality_config"):
        config = config.get(name, config)
    return copy.deepcopy(dict(config))


def refuse_unknown(name: str, given: Iterable[str], known: Iterable[str]) -> None:
    """One sentence for the first word that is not known."""
    known = tuple(known)
    for key in given:
        if key not in known:
            raise ValueError(
                f"{name} has no '{key}'; it has {', '.join(known)}."
                f"{nearest(str(key), known)}"
            )


def modalities(
    config: Any,
    session: Session,
    rate: float | int | None = None,
    chunk: int | None = None,
    compat: bool = False,
    fill: str = "mask",
) -> dict[str, Modality]:
    """The modalities of a configuration, for the tracks of a session.

    Args:
        config: of experanto.
        session: whose tracks tell of what kind each modality is.
        rate: for all, instead of `sampling_rate`, Hz.
        chunk: for all, instead of `chunk_size`.
        compat: what experanto 0.1 makes of it.
        fill: where a sample is missing.

    Raises:
        ValueError: a word that is not known, or that is not done here; by its path.
    """
    found = {}
    for name, entry in read_config(config).items():
        if name not in session.tracks:
            if compat:
                continue  # skipped there too
            raise ValueError(
                f"modality_config.{name}: '{session.where}' has no such modality; it "
                f"has {', '.join(session.tracks)}."
            )
        track, where = session.tracks[name], f"modality_config.{name}"
        shown = isinstance(track, Screen)
        refuse_unknown(where, entry, SCREEN_ENTRY if shown else ENTRY)
        hertz = rate or entry.get("sampling_rate")
        length = chunk or entry.get("chunk_size")
        for word, value in (("sampling_rate", hertz), ("chunk_size", length)):
            if value is None:
                raise ValueError(
                    f"{where}.{word} is null, and no global_{word} says it either."
                )
        interp, own_fill, steps = _interpolation(where, entry, track, hertz)
        transforms = entry.get("transforms") or {}
        if not compat:
            steps += frame_transforms(f"{where}.transforms", transforms, track)
        how = normalization(f"{where}.transforms", transforms, track, compat)
        if shown and not compat:
            steps += (ChannelsFirst(),)
        found[name] = Modality(
            hertz,
            length,
            entry.get("offset") or 0,
            interp,
            own_fill or fill,
            how,
            steps or None,
            _filters(f"{where}.filters", entry.get("filters") or {}),
        )
    return found


def _interpolation(
    where: str, entry: Mapping[str, Any], track: Track, rate: Any
) -> tuple[str, str | None, tuple]:
    """How to interpolate, what to fill with, and frames' size."""
    how = entry.get("interpolation")
    where += ".interpolation"
    how = {} if how is None else how
    if not isinstance(how, Mapping) or "_target_" in how:
        told = how.get("_target_") if isinstance(how, Mapping) else type(how).__name__
        raise ValueError(f"{where}: an interpolator of your own ({told}) is not run.")
    if isinstance(track, Spikes):
        refuse_unknown(where, how, SPIKES)
        wide = how.get("interpolation_window", 0.3)
        same = np.isclose(wide * float(rate), 1.0)
        if not same or how.get("interpolation_align", "center") != "left":
            raise ValueError(
                f"{where}: spikes are counted from each sample to the next, which is "
                f"interpolation_align: left and interpolation_window: {1 / rate:g} (s)."
            )
        if how.get("smoothing_sigma"):
            raise ValueError(f"{where}.smoothing_sigma: counts are not smoothed.")
        return "count", None, ()
    refuse_unknown(where, how, SCREEN if isinstance(track, Screen) else SEQUENCE)
    for word in ("normalize", "use_stimuli_names"):
        if how.get(word):
            raise ValueError(
                f"{where}.{word}: is not done here. To normalise say transforms: "
                "{normalization: ...}; names of stimuli are said in meta.yml."
            )
    if isinstance(track, Screen):
        size = how.get("rescale_size") or track.shape[:2]
        return (
            "previous",
            None,
            (Resize((size[0], size[1])),) if how.get("rescale") else (),
        )
    mode = how.get("interpolation_mode", "nearest_neighbor")
    if mode not in INTERPS:
        told = f"{where}.interpolation_mode = {mode!r} is not one of {tuple(INTERPS)}."
        raise ValueError(told)
    replaced = mode == "linear" and not how.get("keep_nans", False)
    return INTERPS[mode], "mean" if replaced else None, ()


def _filters(where: str, given: Mapping[str, Any]) -> tuple[NanFilter, ...]:
    found = []
    for name, one in given.items():
        target = one.get("__target__", "") if isinstance(one, Mapping) else str(one)
        if target.rpartition(".")[2] != "nan_filter":
            raise ValueError(
                f"{where}.{name}: the filter {target} is not run here; nan_filter is. "
                "Give a function of a track to js.Modality(filters=...) yourself."
            )
        known = ("__target__", "__partial__", "vicinity")
        refuse_unknown(f"{where}.{name}", one, known)
        found.append(nan_filter(one.get("vicinity", 0.05)))
    return tuple(found)
