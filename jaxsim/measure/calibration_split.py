"""Which runs teach a recalibration, and which runs it is tried on.

Each function takes columns of a table of runs, one entry for each run, and gives
`Split`s. They ask how honest estimates are as they come (`uncalibrated_splits`); what
recalibration can do at best, taught by the very condition that it is tried on
(`oracle_splits`); what one map for all does (`pooled_splits`), one that never saw this
head (`mismatch_splits`), and one taught at a single condition (`fixed_splits`).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jaxsim.measure.calibration import (
    Recalibration,
    fit_recalibration,
    recalibrated_curve,
)
from jaxsim.measure.isotonic import Flat


class Split(NamedTuple):
    """Runs to learn a recalibration from, and runs to try it on.

    Attributes:
        name: which condition, for tables and legends.
        train: (run,) of booleans; none of them means no recalibration.
        test: (run,) of booleans.
    """

    name: str
    train: np.ndarray
    test: np.ndarray


def uncalibrated_splits(training: Any) -> list[Split]:
    """All test runs, without recalibration.

    Args:
        training: (run,) of booleans: which runs may be learnt from. The others are for
            tests, in every design alike. `table.run_id <= 10`, say.
    """
    train = _flags(training)
    return [Split("uncalibrated", np.zeros_like(train), ~train)]


def oracle_splits(training: Any, **columns: Any) -> list[Split]:
    """Each condition taught by itself.

    Args:
        training: as in `uncalibrated_splits`.
        **columns: of the table, (run,) each, that make a condition together:
            `head=..., snr_db=..., n_active=...`.
    """
    train = _flags(training)
    names = _together(columns, len(train))
    return [
        Split(name, train & (names == name), ~train & (names == name))
        for name in dict.fromkeys(names.tolist())
    ]


def pooled_splits(training: Any) -> list[Split]:
    """One map for all conditions, taught by all."""
    train = _flags(training)
    return [Split("pooled", train, ~train)]


def mismatch_splits(training: Any, head: Any) -> list[Split]:
    """Each head by a map that all other heads taught.

    Args:
        training: as in `uncalibrated_splits`.
        head: (run,) of names or numbers of heads.

    Raises:
        ValueError: one head only.
    """
    train = _flags(training)
    heads = _column(head, "head", len(train))
    each = list(dict.fromkeys(heads.tolist()))
    if len(each) < 2:
        raise ValueError(
            f"mismatch_splits leaves one head out, but all runs have head {each[0]!r}."
        )
    return [
        Split(f"without {one}", train & (heads != one), ~train & (heads == one))
        for one in each
    ]


def fixed_splits(training: Any, column: Any, value: Any) -> list[Split]:
    """Every value of a column by a map that one of its values taught.

    Args:
        training: as in `uncalibrated_splits`.
        column: (run,), the signal to noise ratio or the number of sources, say.
        value: the one to learn from.

    Raises:
        ValueError: no training run has this value.
    """
    train = _flags(training)
    found = _column(column, "column", len(train))
    if not (train & (found == value)).any():
        raise ValueError(
            f"no training run has {value!r}; the column holds "
            f"{', '.join(map(repr, dict.fromkeys(found.tolist())))}."
        )
    return [
        Split(str(one), train & (found == value), ~train & (found == one))
        for one in dict.fromkeys(found.tolist())
    ]


def fit_splits(
    splits: Sequence[Split],
    level: Any,
    curves: Any,
    wanted: Any = None,
    flat: Flat = "mid",
) -> dict[str, Recalibration]:
    """The map of each split, from the mean of the curves of its training runs.

    Args:
        splits: of one of the designs.
        level: nominal coverages, increasing.
        curves: (run, level), the coverage curve of each run. Runs with a NaN (of no
            active source) are left out.
        wanted: levels of the maps; `level` by default.
        flat: as in `fit_recalibration`.

    Raises:
        ValueError: a split whose training runs all have a NaN.
    """
    nominal, curves = np.asarray(level, float), _curves(curves, level)
    known = np.isfinite(curves).all(axis=1)
    maps = {}
    for split in splits:
        if not split.train.any():
            mean = nominal
        elif not (split.train & known).any():
            raise ValueError(
                f"split '{split.name}': no training run has a whole coverage curve."
            )
        else:
            mean = curves[split.train & known].mean(axis=0)
        maps[split.name] = fit_recalibration(nominal, mean, wanted, flat=flat)
    return maps


def recalibrated_splits(
    splits: Sequence[Split],
    level: Any,
    curves: Any,
    wanted: Any = None,
    flat: Flat = "mid",
) -> np.ndarray:
    """The curves of the test runs after recalibration, NaN for the other runs.

    They are read between the points of each curve, as `recalibrated_curve` does. Exact
    ones need the data: fit with `fit_splits`, and use `recalibrated_coverage`.

    Args:
        splits: of one of the designs; each run is tested in one of them at most.
        level: nominal coverages, increasing.
        curves: (run, level).
        wanted: levels of the result; `level` by default.
        flat: as in `fit_recalibration`.
    """
    known = _curves(curves, level)
    n_levels = len(level if wanted is None else wanted)
    after = np.full((len(known), n_levels), np.nan)
    nominal = np.asarray(level, float)
    maps = fit_splits(splits, level, known, wanted, flat)
    for split in splits:
        for run in np.flatnonzero(split.test):
            after[run] = recalibrated_curve(
                maps[split.name], jnp.asarray(nominal), jnp.asarray(known[run])
            )
    return after


def _flags(training: Any) -> np.ndarray:
    train = np.asarray(training)
    if train.dtype != bool or train.ndim != 1 or train.all() or not train.any():
        raise ValueError(
            "training tells for each run, by True or False, whether it may be learnt "
            "from; some runs of both kinds are needed."
        )
    return train


def _column(values: Any, name: str, n_runs: int) -> np.ndarray:
    found = np.asarray(values)
    if found.shape != (n_runs,):
        raise ValueError(
            f"the {name} has shape {found.shape}; there are {n_runs} runs."
        )
    return found


def _together(columns: dict[str, Any], n_runs: int) -> np.ndarray:
    """One name for each run, of all columns."""
    if not columns:
        raise ValueError("oracle_splits needs a column that tells conditions apart.")
    rows = zip(
        *(_column(c, n, n_runs).tolist() for n, c in columns.items()), strict=True
    )
    return np.asarray(
        [
            ", ".join(f"{n} {v}" for n, v in zip(columns, row, strict=True))
            for row in rows
        ]
    )


def _curves(curves: Any, level: Any) -> np.ndarray:
    known = np.asarray(curves, float)
    if known.ndim != 2 or known.shape[1] != len(level):
        raise ValueError(
            f"curves have shape {known.shape}; they must be (run, {len(level)})."
        )
    return known
