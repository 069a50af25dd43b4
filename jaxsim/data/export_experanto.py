"""Recordings as folders that experanto 0.1 reads, and the way back is exact.

What makes a folder load there, beyond its own pages: `end_time` is the time of the last
sample (querying n / rate overruns the array); YAML holds plain numbers; sequences are
float32 (bytes are divided by 255, float64 goes on into batches); trials hold some
seconds, since whole files are read for every chunk; `screen` and `responses` exist,
blank where nothing was shown; and `combined_meta.json` is there, so that a folder need
not be writable to be read.
"""

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.core.declared import nearest
from jaxsim.core.trials import Trials
from jaxsim.data.screen import Screen
from jaxsim.data.session import Session, sessions_of
from jaxsim.data.tracks import Track
from jaxsim.data.write_experanto import (
    RESPONSES,
    Shown,
    write_screen,
    write_sequence,
    yaml_of,
)
from jaxsim.store import disk


SCREEN = "screen"
NO_NAMES = ("", ".", "..", "meta.json", "experanto.yaml")  # of a modality's folder
CHUNK_S, MARGIN_S = 2.0, 0.5
BETWEEN = {"tier": "between", "valid_trial": False}


def export_experanto(
    source: Any,
    path: Any,
    *,
    modality_names: Mapping[str, str | None] | None = None,
    trials: Sequence[Mapping[str, Any]] | None = None,
    trial_s: float | int = 10.0,
    dtype: Any = "float32",
    phase_s: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write recordings as folders of experanto 0.1, with a configuration to read them.

    `experanto.yaml` inside lists every modality at its own rate: `OmegaConf.load` of it
    goes to experanto's `ChunkDataset` as it is.

    Args:
        source: a recording, the folder it was saved to, or a list of these. Every run
            of a batch has a folder of its own.
        path: the folder; several sessions lie inside it under their names.
        modality_names: our signal -> its name there; None leaves it out. By default the
            movie is "screen" (of several the one that is called so), the first signals
            are "responses", the rest keep theirs. A movie that is given a name here,
            and not "screen", becomes a sequence of its pixels.
        trials: rows in order of time, each with `start_s` and any columns (`tier`,
            `stim_type`); a trial lasts until the next starts. By default those of the
            recording, with trials of tier "between" in its gaps; else all are
            "train".
        trial_s: length of trials where they are not given, s.
        dtype: of sequences. float32 is what experanto hands on best.
        phase_s: signal -> (n_signals,) how much later each of them was sampled, s.
        overwrite: replace what is there.

    Returns:
        The folders, one per session.

    Raises:
        ValueError: two movies, an unknown signal, or trials that do not fit.
        FileExistsError: the name is taken.
    """
    asked = {} if modality_names is None else modality_names
    if not isinstance(asked, Mapping):
        raise TypeError(
            "modality_names must be a mapping of signals to names, such as "
            f"{{'activity': 'lfp'}}, not {asked!r}."
        )
    home = Path(path).expanduser()
    sessions = sessions_of(source)
    alone = len(sessions) == 1
    folders = [home if alone else home / session.name for session in sessions]
    for folder in folders:
        disk.free_name(folder, overwrite, _ours)
    for session, folder in zip(sessions, folders, strict=True):
        names = _names(session, asked)
        with disk.aside(folder.resolve()) as new:
            new.mkdir()
            config = _write(new, session, names, trials, float(trial_s), dtype, phase_s)
            facts = {
                "data_key": session.name if alone is False else folder.name,
                "trials": trials is not None or session.trials is not None,
                "jaxsim": {
                    name: _facts(session.tracks[ours]) for ours, name in names.items()
                },
            }
            (new / "meta.json").write_text(json.dumps(facts, indent=1))
            (new / "experanto.yaml").write_text(yaml_of(config))
            disk.sync_tree(new)
            disk.settle(new, folder.resolve(), overwrite)
    return folders


def _ours(folder: Path) -> bool:
    return (folder / "experanto.yaml").is_file() and (folder / "meta.json").is_file()


def _facts(track: Track) -> dict[str, Any]:
    """What import needs to make the same signal again."""
    known = ("name", "card", "clock", "labels")
    found = {word: track.told[word] for word in known if word in track.told}
    return found | {"shape": list(track.shape)}


def _names(session: Session, asked: Mapping[str, Any]) -> dict[str, str]:
    """Our signal -> its name there."""
    for ours, name in asked.items():
        if name is not None and (not isinstance(name, str) or name in NO_NAMES):
            raise ValueError(
                f"modality_names: '{ours}' cannot be called {name!r}; give the name of "
                "a folder, or None to leave the signal out."
            )
        if ours not in session.tracks:
            raise ValueError(
                f"modality_names: '{session.name}' has no '{ours}'; it has "
                f"{', '.join(session.tracks)}.{nearest(ours, session.tracks)}"
            )
    names = {ours: asked.get(ours, ours) for ours in session.tracks}
    taken = set(asked.values())
    free = [ours for ours in names if ours not in asked]
    movies = [ours for ours in free if _movie(session.tracks[ours])]
    movies.sort(key=lambda ours: ours != SCREEN)  # what is called so comes first
    if movies and SCREEN not in taken:
        names[movies.pop(0)] = SCREEN
    if movies:
        raise ValueError(
            f"'{movies[0]}' is a movie, and a folder has one screen. Leave it out: "
            f"modality_names={{'{movies[0]}': None}}; or have its pixels as signals, "
            f"side by side: modality_names={{'{movies[0]}': '{movies[0]}'}}."
        )
    lines = [ours for ours in free if not _movie(session.tracks[ours])]
    if lines and RESPONSES not in taken | set(lines):
        names[lines[0]] = RESPONSES
    found = {ours: str(name).replace("/", ".") for ours, name in names.items() if name}
    if not found:
        raise ValueError(
            f"modality_names: all signals of '{session.name}' are left out."
        )
    if len(set(found.values())) < len(found):
        raise ValueError(f"modality_names: two signals have one name in {found}.")
    if RESPONSES not in found.values():
        warnings.warn(
            f"'{session.name}' has no signal but its movie, so there is no "
            "'responses', without which experanto's ChunkDataset does not run.",
            stacklevel=3,
        )
    return found


def _movie(track: Track) -> bool:
    return len(track.shape) == 2 or (len(track.shape) == 3 and track.shape[2] == 3)


def _write(
    new: Path,
    session: Session,
    names: dict[str, str],
    trials: Sequence[Mapping[str, Any]] | None,
    trial_s: float,
    dtype: Any,
    phase_s: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """All modalities; experanto's configuration of them."""
    tracks = {name: session.tracks[ours] for ours, name in names.items()}
    low = max(track.range_s[0] for track in tracks.values())
    high = min(track.range_s[1] for track in tracks.values())
    chunk_s = min(CHUNK_S, max((high - low - 2 * MARGIN_S) / 2, 0.0))
    if chunk_s <= 0:
        warnings.warn(
            f"'{session.name}': its signals overlap for {high - low:.3g} s, and "
            f"experanto leaves {MARGIN_S} s out at both ends: no chunk fits.",
            stacklevel=4,
        )
    shown = _shown(tracks.pop(SCREEN, None), session, low, high, trials, trial_s)
    config = {SCREEN: write_screen(new / SCREEN, shown, chunk_s)}
    for name, track in tracks.items():
        ours = next(key for key, value in names.items() if value == name)
        phase = (phase_s or {}).get(ours)
        config[name] = write_sequence(new / name, track, dtype, phase, chunk_s)
    return config


def _shown(
    track: Track | None,
    session: Session,
    low: float,
    high: float,
    trials: Sequence[Mapping[str, Any]] | None,
    trial_s: float,
) -> Shown:
    if isinstance(track, Screen) and trials is None and session.trials is not None:
        told = [dict(trial.told) for trial in track.trials]  # as it came
        return Shown(track, track.stamps, track.first, told)
    if track is None:
        stamps = low + np.arange(math.ceil(high - low) + 1, dtype=np.float64)
    else:
        stamps = track.times(np.arange(track.n))
    if trials is None and session.trials is not None:
        trials = _without_gaps(session.trials, float(stamps[0]))
    if trials is None:
        starts = np.arange(stamps[0], stamps[-1] + 1e-9, trial_s)
        trials = [{"start_s": float(start), "tier": "train"} for start in starts]
    starts = np.array([row["start_s"] for row in trials], float)
    if starts[0] > stamps[0] + 1e-6 or not (np.diff(starts) > 0).all():
        raise ValueError(
            f"trials must start in order, the first at {stamps[0]:g} s or before, but "
            f"start at {starts[:5].tolist()} s."
        )
    first = np.append(np.searchsorted(stamps, starts - 1e-6), len(stamps))
    first[0] = 0
    kept = np.flatnonzero(np.diff(first))
    told = [
        {k: v for k, v in trials[i].items() if k != "start_s"} for i in kept.tolist()
    ]
    return Shown(track, stamps, np.append(first[kept], len(stamps)), told)


def _without_gaps(trials: Trials, first_s: float) -> list[dict[str, Any]]:
    """Rows that follow each other, as experanto's do: gaps are trials of their own."""
    rows: list[dict[str, Any]] = []
    end = first_s
    for number, (start, stop) in enumerate(
        zip(trials.start_s.tolist(), trials.stop_s.tolist(), strict=True)
    ):
        if start > end + 1e-6:
            rows.append(BETWEEN | {"start_s": end})
        told = {n: column[number] for n, column in trials.columns.items()}
        kept = {name: value for name, value in told.items() if value is not None}
        rows.append(kept | {"start_s": start})
        end = stop
    return [*rows, BETWEEN | {"start_s": end}] if np.isfinite(end) else rows
