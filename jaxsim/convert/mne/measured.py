"""Measured data of MNE as the first step of a process, for the estimators."""

from typing import Any, Literal

import numpy as np

from jaxsim.core.installed import needed
from jaxsim.meeg.leadfield import Leadfield
from jaxsim.meeg.measured import MeasuredField


SCALE = {"eeg": 1e6, "meg": 1e15}  # from V and T


def from_evoked(
    evoked: Any, forward: Any, modality: Literal["eeg", "meg"] = "eeg"
) -> MeasuredField:
    """An `mne.Evoked` and an `mne.Forward` as the first step of a process.

    ```python
    process = js.Pipeline(
        measured=js.convert.mne.from_evoked(evoked, forward),
        level=js.meeg.BaselineNoise(),
        map=js.GammaMap(n_orient=3),
    )
    estimate = js.simulate(process, jax.random.key(0))
    stc = js.convert.mne.to_source_estimate(estimate, vertices=forward)
    ```

    It has the channels that both have, in the order of the forward solution, without
    those marked bad. Projections of the data are applied to both field and gain, and
    EEG is referred to the mean of these channels.

    Args:
        evoked: the average, whose noise the estimator is told.
        forward: for the same head.
        modality: which channels; magnetometers and gradiometers must be parted before
            (`mne.pick_types_forward(forward, meg="mag")`).

    Raises:
        ModuleNotFoundError: MNE is not installed.
        ValueError: no channel that both have.
    """
    return _measured(evoked, forward, modality, "from_evoked")


def from_raw(
    raw: Any, forward: Any, modality: Literal["eeg", "meg"] = "eeg"
) -> MeasuredField:
    """An `mne.io.Raw` and an `mne.Forward` as the first step of a process.

    All its samples are taken: `raw.copy().crop(...)` before. The rest is as for
    `from_evoked`; times begin with the first sample.
    """
    return _measured(raw, forward, modality, "from_raw")


def _measured(thing: Any, forward: Any, modality: Any, asked_by: str) -> MeasuredField:
    mne = needed("mne", f"js.convert.mne.{asked_by}", "mne")
    whole = Leadfield.from_mne(forward, modality)
    there = set(thing.ch_names) - set(thing.info["bads"])
    rows = [i for i, name in enumerate(whole.sensors) if name in there]
    if not rows:
        raise ValueError(
            f"no {modality.upper()} channel of the forward solution "
            f"({', '.join(whole.sensors[:3])}, ...) is a good one of the data "
            f"({', '.join(thing.ch_names[:3])}, ...)."
        )
    names = [whole.sensors[i] for i in rows]
    chosen = thing.copy().load_data() if hasattr(thing, "load_data") else thing.copy()
    chosen = chosen.reorder_channels(names).apply_proj(verbose="error")
    gain = _projected(mne, np.asarray(whole.gain, float)[rows], chosen.info)
    leadfield = Leadfield(
        gain,
        modality=modality,
        reference="average" if modality == "eeg" else "none",
        sensors=tuple(names),
        positions_m=whole.positions_m,
        orientations=whole.orientations,
        n_components=whole.n_components,
    )
    return MeasuredField(
        leadfield,
        chosen.get_data().T * SCALE[modality],
        rate_hz=float(chosen.info["sfreq"]),
        start_s=float(chosen.times[0]),
    )


def _projected(mne: Any, gain: np.ndarray, info: Any) -> Any:
    """The gain through the projections of the data, as if its columns were samples."""
    info = info.copy()
    for projection in info["projs"]:
        projection["active"] = False
    samples = mne.EvokedArray(gain, info, verbose="error")
    return samples.apply_proj(verbose="error").data
