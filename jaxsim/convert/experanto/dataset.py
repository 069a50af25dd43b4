"""experanto's `ChunkDataset(...)`, its arguments as they stand."""

from collections.abc import Iterable
from typing import Any

from jaxsim.convert.experanto.config import (
    DEFAULT_MODALITY_CONFIG,
    modalities,
    read_config,
    refuse_unknown,
)
from jaxsim.data import chunks
from jaxsim.data.session import sessions_of


def ChunkDataset(
    root_folder: Any,
    global_sampling_rate: float | int | None = None,
    global_chunk_size: int | None = None,
    add_behavior_as_channels: bool = False,
    replace_nans_with_means: bool = False,
    cache_data: bool = False,
    out_keys: Iterable[str] | None = None,
    normalize_timestamps: bool = True,
    modality_config: Any = DEFAULT_MODALITY_CONFIG,
    seed: int | None = None,
    safe_interval_threshold: float | int = 0.5,
    interpolate_precision: int = 5,
    *,
    compat: bool = False,
) -> chunks.ChunkDataset:
    """A dataset of ours from the arguments of experanto's.

    Args:
        root_folder: of the recording.
        global_sampling_rate: for all modalities, Hz.
        global_chunk_size: for all modalities.
        add_behavior_as_channels: must be False.
        replace_nans_with_means: fill what is missing with the mean of its signal.
        cache_data: read all of it into memory.
        out_keys: which modalities samples hold; "timestamps" are always there.
        normalize_timestamps: from the start of the chunk; else as the file counts.
        modality_config: a mapping, an object of OmegaConf, or a YAML file.
        seed: of shuffled orders; None is 0.
        safe_interval_threshold: s left out at both ends.
        interpolate_precision: 5; times are exact here. *compat*: they have 5 decimals.
        compat: chunks, rounding and skipped transforms as in experanto 0.1.

    Raises:
        ValueError: what is not done here, by name.
    """
    if add_behavior_as_channels:
        raise ValueError(
            "add_behavior_as_channels is not done here; each modality comes as it is, "
            "under its name."
        )
    if interpolate_precision != 5 and compat:
        raise ValueError(
            f"interpolate_precision = {interpolate_precision}: compat=True rounds "
            "times to 5 decimals, the default there; without it they are exact."
        )
    config = read_config(modality_config)
    (session,) = sessions_of(root_folder)
    means = replace_nans_with_means and not compat
    found = modalities(
        config,
        session,
        global_sampling_rate,
        global_chunk_size,
        compat,
        "mean" if means else "mask",
    )
    if out_keys is not None:
        out_keys = list(out_keys)
        refuse_unknown("out_keys", out_keys, (*found, "timestamps"))
    screen = config.get("screen", {})
    blanks = screen.get("include_blanks", True)
    return chunks.ChunkDataset(
        session,
        found,
        stride=screen.get("sample_stride", 1),
        where=screen.get("valid_condition"),
        include_blanks=blanks,
        margin=safe_interval_threshold,
        out=out_keys and [key for key in out_keys if key != "timestamps"],
        relative_time=normalize_timestamps,
        seed=seed or 0,
        cache=cache_data,
        compat="experanto" if compat else None,
    )
