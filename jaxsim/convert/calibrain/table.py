"""Its table of runs, column by column, and what is new behind them."""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxsim.convert.calibrain.grids import Config
from jaxsim.convert.calibrain.subject import Subject
from jaxsim.core.recording import ERROR, NON_FINITE, OK, RESULTS, Recording
from jaxsim.measure.coverage import LEVELS


SCHEMA_VERSION = 1
# signal -> column, in order
MADE = {
    "n_iter": "n_iter",
    "evidence": "evidence",
    "eta": "eta",
    "snr_db": "snr_db",
    "effective_size": "effective_active",
    "oracle.noise_variance": "oracle_var",
    "baseline.noise_variance": "baseline_var",
    "rmse": "rmse",
    "peak_error": "peak_error_m",
    "region_error": "region_error_m",
}
THEIRS = {
    "gamma": "gamma",
    "noise_variance": "noise_var",
    "active_size": "active_indices_size",
}
CURVES = ("coverage", "coverage_active")
# LEVELS, and a level a decade towards the ends, where recalibration looks for levels of
# posteriors that are much too sure, or much too unsure
COVERED = tuple(sorted({*LEVELS, 1e-4, 1e-3, 0.999, 0.9999, 0.99999, 0.999999}))
INNER = COVERED[1:-1]  # at 0 and 1 there is nothing to tell
POSTERIOR = ("activity", "estimate", "posterior_blocks")
CODE = "estimate.status"
COVERAGE_90 = "coverage_0.9"


def recorded(process: Any, save_posterior: bool) -> tuple[str, ...]:
    """The signals that a sweep keeps for the table, and perhaps the posteriors."""
    scalars = [n for n in MADE if "." not in n or n.partition(".")[0] in process.names]
    names = (*THEIRS, *scalars, *CURVES, CODE)
    return (*names, *POSTERIOR) if save_posterior else names


def asked(
    config: Config, solver: str, seed: int, run_id: int, global_run_id: int
) -> dict[str, Any]:
    """The columns that are known before anything runs."""
    return {
        "run_id": run_id,
        "global_run_id": global_run_id,
        "seed": int(seed),
        "solver": solver,
        **config.row,
    }


def found(
    recording: Recording, run: int, subject: Subject, n_times: int, saved: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """CaliBrain's columns of one run, and the new ones.

    Args:
        recording: of its sweep.
        run: its number there.
        subject: of the run.
        n_times: samples of the epoch.
        saved: path of the posteriors, or None.
    """

    def value(name: str) -> Any:
        return np.asarray(recording[name].values)[run].item()

    of_run, code = int(np.asarray(recording.status)[run]), value(CODE)
    status = of_run if of_run in (NON_FINITE, ERROR) else code
    theirs = seen(subject, n_times)
    theirs |= {column: value(name) for name, column in THEIRS.items()}
    if saved is not None:
        theirs["posterior_summary"] = str(saved)
    if status in (NON_FINITE, ERROR):
        theirs["error_message"] = RESULTS[status]
    new: dict[str, Any] = {"status": status, "converged": status == OK}
    for name, column in MADE.items():
        new[column] = value(name) if name in recording else np.nan
    for name in ("peak_error_m", "region_error_m"):
        new[name] = np.nan if new[name] < 0 else new[name]
    for name in CURVES:
        curve = np.asarray(recording[name].values, float)[run]
        curve = np.where(curve < 0, np.nan, curve)
        at = dict(zip(COVERED, curve.tolist(), strict=True))
        new |= {f"{name}_{level:g}": at[level] for level in INNER}
    if saved is not None:
        new["posterior_run"] = run
    return theirs, new


def failed(error: Exception, subject: Subject, n_times: int) -> tuple[dict, dict]:
    """The columns of a run whose sweep was stopped by an error."""
    theirs = seen(subject, n_times) | {"error_message": str(error)}
    return theirs, {"status": ERROR, "converged": False}


def seen(subject: Subject, n_times: int) -> dict[str, Any]:
    """What the sensors are, and how large the problem is."""
    return {
        "sensor_kind": subject.sensor_kind,
        "coil_type": subject.coil_type,
        "n_sources": subject.n_locations,
        "n_times": n_times,
    }


def content_hash(of_config: str, seed: int) -> str:
    """What a run means, of the digest of its process and key, and its seed."""
    return hashlib.sha256(f"{of_config}:{seed}".encode()).hexdigest()[:16]


def as_frame(theirs: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> Any:
    """One table: CaliBrain's columns in its order, then the new ones."""
    import pandas as pd

    front, back = pd.DataFrame(list(theirs)), pd.DataFrame(list(new))
    last = [n for n in ("posterior_summary", "error_message") if n in front]
    front = front[[n for n in front if n not in last] + last]
    return pd.concat([front, back], axis=1)


class TableCurves(NamedTuple):
    """Coverage of every run, as `jaxsim.plot.plot_coverage` takes it.

    Attributes:
        level: nominal coverages, (run, level), the same in each row.
        empirical: of all sources.
        empirical_active: of the active ones; NaN without any.
    """

    level: np.ndarray
    empirical: np.ndarray
    empirical_active: np.ndarray


def curves(table: Any) -> TableCurves:
    """The coverage curves of a table of runs, with levels 0 and 1.

    Level 0 holds nothing, and level 1 everything. Recalibrated curves that are read
    from these are as good as a curve is straight between two levels; one that jumps
    from 0.5 at the last level to 1 cannot be mended by other levels.

    Args:
        table: as `DataGenerator.run` gives it, or some of its rows.
    """

    def curve(name: str) -> np.ndarray:
        inner = table[[f"{name}_{level:g}" for level in INNER]].to_numpy(float)
        none, all_of_it = np.zeros((len(inner), 1)), np.ones((len(inner), 1))
        return np.concatenate([none, inner, all_of_it], axis=1)

    level = np.broadcast_to(np.asarray(COVERED), (len(table), len(COVERED)))
    return TableCurves(level, *map(curve, CURVES))
