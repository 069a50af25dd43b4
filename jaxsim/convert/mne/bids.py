"""Recordings as a BIDS data set, with the truth in its derivatives."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.convert.mne.recordings import to_raw
from jaxsim.core.installed import needed
from jaxsim.core.recording import OK, Recording
from jaxsim.store import disk
from jaxsim.store.archive import save
from jaxsim.store.versions import physics_version


DESCRIPTION = "dataset_description.json"


def to_bids(
    recordings: Recording | Mapping[str, Recording],
    root: Any,
    *,
    task: str,
    subject: str = "01",
    session: str | None = None,
    signal: str = "field",
    layout: Any = None,
    onset_s: float | None = None,
    overwrite: bool = False,
) -> Path:
    """Write recordings as a BIDS data set through MNE-BIDS, the truth beside them.

    EEG becomes BrainVision files, MEG becomes FIF. A sweep becomes runs 01, 02, ... of
    its subject, those that failed left out. `derivatives/jaxsim/sub-01/...truth.zarr`
    holds all that was recorded, the true sources among it, with process and key;
    `js.load` reads it. The folder gets its name when it is whole; until then it lies
    beside.

    Args:
        recordings: of one subject, or by subject: `{"01": ..., "02": ...}`.
        root: the folder of the data set.
        task: what the subject did: letters and digits.
        subject: of a single recording.
        session: letters and digits.
        signal: in uV or fT.
        layout, onset_s: as for `to_raw`.
        overwrite: replace a data set that jaxsim wrote.

    Returns:
        The path.

    Raises:
        ModuleNotFoundError: MNE-BIDS, or pybv for EEG, is not installed.
        FileExistsError: the name is taken, or by something not written by jaxsim.
        ValueError: a label that BIDS does not know, a run that failed, or a signal that
            is no field.
    """
    bids = needed("mne_bids", "js.convert.mne.to_bids", "mne")
    alone = isinstance(recordings, Recording)
    by_subject = {subject: recordings} if alone else dict(recordings)
    for label in (task, *(() if session is None else (session,)), *by_subject):
        if not (isinstance(label, str) and label.isascii() and label.isalnum()):
            raise ValueError(
                f"BIDS does not know the label {label!r}: subjects, sessions and tasks "
                "are letters and digits only."
            )
    if not by_subject:
        raise ValueError("there is no recording to write.")
    raws = {
        name: [
            to_raw(run, signal, layout=layout, onset_s=onset_s) for run in _runs(found)
        ]
        for name, found in by_subject.items()
    }
    if any("eeg" in runs[0] for runs in raws.values()):
        needed("pybv", "js.convert.mne.to_bids of EEG", "mne")
    target = Path(os.path.abspath(os.path.expanduser(os.fspath(root))))
    disk.free_name(target, overwrite, _ours)
    with disk.told_when_full(target, "nothing was written."):
        with disk.aside(target) as new:
            for name, runs in raws.items():
                _write_runs(bids, runs, new, name, session, task)
            _describe(bids, new, "raw", "recordings simulated by jaxsim")
            truth = new / "derivatives" / "jaxsim"
            for name, recording in by_subject.items():
                folder = truth / f"sub-{name}"
                middle = "" if session is None else f"_ses-{session}"
                save(
                    recording,
                    folder / f"sub-{name}{middle}_task-{task}_desc-truth.zarr",
                )
            _describe(bids, truth, "derivative", "what is hidden in real recordings")
            disk.sync_tree(new)
            disk.settle(new, target, overwrite)
    return Path(root)


def _runs(recording: Recording) -> list[Recording]:
    """Its runs that ended well, each as a recording of its own.

    Raises:
        ValueError: there is none.
    """
    if not np.ndim(recording.status):
        return [recording]
    n_axes, size = np.ndim(recording.status), np.size(recording.status)
    plain = [np.asarray(s.values) for s in recording.series]
    flat = [v.reshape(size, *v.shape[n_axes:]) for v in plain]
    found = []
    for i in np.flatnonzero(np.ravel(recording.status) == OK):
        series = tuple(
            s.with_values(v[i]) for s, v in zip(recording.series, flat, strict=True)
        )
        status = np.asarray(OK, np.uint8)
        found.append(Recording(series, recording.names, status, recording.process))
    if not found:
        raise ValueError(f"none of the {size} runs ended well: {recording.result}")
    return found


def _write_runs(
    bids: Any, runs: list[Any], root: Path, subject: str, session: Any, task: str
) -> None:
    for number, raw in enumerate(runs, 1):
        path = bids.BIDSPath(
            subject=subject,
            session=session,
            task=task,
            run=f"{number:02d}" if len(runs) > 1 else None,
            datatype="eeg" if "eeg" in raw else "meg",
            root=root,
        )
        bids.write_raw_bids(
            raw,
            path,
            format="BrainVision" if "eeg" in raw else "FIF",
            allow_preload=True,
            verbose="error",
        )
        if "eeg" in raw:  # MNE-BIDS takes the maker of the format for that of the data
            told = path.copy().update(suffix="eeg", extension=".json")
            reference = "average" if raw.proj else "n/a"
            facts = {"Manufacturer": "simulated", "EEGReference": reference}
            bids.update_sidecar_json(told, facts, verbose="error")


def _describe(bids: Any, folder: Path, kind: str, name: str) -> None:
    bids.make_dataset_description(
        path=folder,
        name=name,
        dataset_type=kind,
        authors=["jaxsim"],
        generated_by=[{"Name": "jaxsim", "Version": physics_version()}],
        overwrite=True,
        verbose="error",
    )


def _ours(target: Path) -> bool:
    """Whether jaxsim wrote a data set, so that it may replace it."""
    try:
        told = json.loads((target / DESCRIPTION).read_text())
        return any(by.get("Name") == "jaxsim" for by in told.get("GeneratedBy", ()))
    except (OSError, ValueError, AttributeError):
        return False
