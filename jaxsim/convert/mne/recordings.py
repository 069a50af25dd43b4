"""Recordings as mne.EvokedArray, RawArray and EpochsArray."""

from typing import Any

import numpy as np

from jaxsim.convert.mne.info import SI, sensed, to_info
from jaxsim.core.installed import needed
from jaxsim.core.lookup import last_with
from jaxsim.core.recording import OK, RESULTS, Recording
from jaxsim.core.signal import Series
from jaxsim.meeg.epoch import clock_of


STIMULUS = "stimulus"
CENTRED = 1e-5  # mean over sensors as a fraction of the largest value: float32's sums


def to_evoked(
    recording: Recording, signal: str = "field", *, layout: Any = None
) -> Any:
    """A signal of one run as `mne.EvokedArray`, in V or T.

    A field whose mean over electrodes is zero has an average reference, and gets the
    projection by which MNE knows that. MNE counts time in whole samples from zero: a
    first sample that lies between two of them is moved to the nearest.

    Args:
        recording: of one run.
        signal: in uV or fT.
        layout: as for `to_info`.

    Raises:
        ModuleNotFoundError: MNE is not installed.
        ValueError: many runs, a run that failed, or a signal that is no field.
    """
    mne = needed("mne", "js.convert.mne.to_evoked", "mne")
    series = of_one_run(recording, signal, "to_epochs(...).average()")
    info, values = to_info(recording, signal, layout), in_si(series)
    start_s = start_of(series)
    evoked = mne.EvokedArray(values.T, info, start_s, signal, 1, verbose="error")
    return _referenced(evoked, values)


def to_raw(
    recording: Recording,
    signal: str = "field",
    *,
    layout: Any = None,
    onset_s: float | None = None,
) -> Any:
    """A signal of one run as `mne.io.RawArray`, in V or T, the stimulus annotated.

    Times of a raw recording begin with its first sample.

    Args:
        recording: of one run.
        signal: in uV or fT.
        layout: as for `to_info`.
        onset_s: of the stimulus, on the recording's own clock. None: as the sources of
            the process have it; without any, there is no annotation.

    Raises:
        ModuleNotFoundError: MNE is not installed.
        ValueError: many runs, a run that failed, or a signal that is no field.
    """
    mne = needed("mne", "js.convert.mne.to_raw", "mne")
    series = of_one_run(recording, signal, "to_epochs")
    info, values = to_info(recording, signal, layout), in_si(series)
    raw = mne.io.RawArray(values.T, info, verbose="error")
    onset_s = _onset(recording) if onset_s is None else onset_s
    if onset_s is not None:
        after = onset_s - start_of(series)
        if not 0 <= after <= (len(values) - 1) / clock_of(series).rate_hz:
            raise ValueError(
                f"onset_s = {onset_s} s lies outside the recording, which starts at "
                f"{start_of(series):g} s and has {len(values)} samples."
            )
        raw.set_annotations(mne.Annotations([after], [0.0], [STIMULUS]))
    return _referenced(raw, values)


def to_epochs(runs: Recording, signal: str = "field", *, layout: Any = None) -> Any:
    """The runs of a sweep as `mne.EpochsArray`, each a trial, in V or T.

    `metadata` holds the point of the design and the status of each. Runs that failed
    are left out; `drop_log` says why.

    Args:
        runs: of a sweep, as with repeats; or of one run.
        signal: in uV or fT.
        layout: as for `to_info`.

    Raises:
        ModuleNotFoundError: MNE is not installed.
        ValueError: no run ended well, or the signal is no field.
    """
    mne = needed("mne", "js.convert.mne.to_epochs", "mne")
    series, status = sensed(runs, signal), np.ravel(np.asarray(runs.status))
    kept = np.flatnonzero(status == OK)
    if not kept.size:
        raise ValueError(f"none of the {status.size} runs ended well: {runs.result}")
    values = in_si(series)
    values = values.reshape(status.size, *values.shape[-2:])[kept]
    start_s, n_samples = start_of(series), values.shape[1]
    zero = max(0, round(-start_s * clock_of(series).rate_hz))
    events = np.stack([kept * n_samples + zero, 0 * kept, 0 * kept + 1], axis=1)
    epochs = mne.EpochsArray(
        np.swapaxes(values, 1, 2),
        to_info(runs, signal, layout),
        events=events,
        tmin=start_s,
        event_id={STIMULUS: 1},
        metadata=runs.to_dataframe().iloc[kept],
        selection=kept,
        drop_log=tuple(() if code == OK else (RESULTS[code],) for code in status),
        verbose="error",
    )
    return _referenced(epochs, values)


def of_one_run(recording: Recording, signal: str, instead: str) -> Series:
    """A field of one run that ended well.

    Raises:
        ValueError: of many runs, or of one that failed.
    """
    if np.ndim(recording.status):
        raise ValueError(
            f"this is a sweep of {np.size(recording.status)} runs, and one run is "
            f"asked for: take js.convert.mne.{instead}."
        )
    if not recording.ok:
        raise ValueError(f"the run did not end well: {recording.result}")
    return sensed(recording, signal)


def in_si(series: Series) -> np.ndarray:
    """Values in V, T or Am, in float64 as MNE holds them."""
    return np.asarray(series.values, np.float64) * SI[series.card.unit]


def start_of(series: Series) -> float:
    """Time of the first sample: the nearest decimal of what its float type holds.

    Raises:
        ValueError: runs that start at different times.
    """
    starts = np.unique(np.asarray(clock_of(series).start_s))
    if starts.size > 1:
        raise ValueError(
            f"the runs start at different times, {starts.min():g} to {starts.max():g} "
            "s; MNE's trials share theirs."
        )
    return float(str(starts[0]))


def _onset(recording: Recording) -> float | None:
    sources: Any = last_with(recording.process, "onset_s")
    return None if sources is None else float(sources.onset_s)


def _referenced(thing: Any, values: np.ndarray) -> Any:
    """With the projection of the average reference, where it has been taken."""
    if "eeg" not in thing:
        return thing
    mean, largest = np.abs(values.mean(-1)).max(), np.abs(values).max()
    if largest > 0 and mean <= CENTRED * largest:
        thing.set_eeg_reference("average", projection=True, verbose="error")
        thing.apply_proj(verbose="error")
    return thing
