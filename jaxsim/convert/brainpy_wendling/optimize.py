"""Its `optimize`: a search of parameters that bring a spectrum near a target."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxsim.convert.brainpy_wendling.config import checked
from jaxsim.convert.brainpy_wendling.objective import Problem, problem
from jaxsim.core.declared import get
from jaxsim.study.fit import GRADIENTS, SEARCHES, fit
from jaxsim.study.fitted import Fitted


@dataclasses.dataclass
class OptResult:
    """What a search found, in the shape that scripts of that program expect.

    Attributes:
        best_params: name -> value, of the smallest loss that was seen.
        best_loss: that loss.
        history: (params, loss) of every evaluation; for gradients, of every start.
        meta: optimizer, budget, seed, seconds, and the unweighted terms of the loss at
            every evaluation, with their weighted sum `_total`.
        fitted: the same as a `js.Fitted`, with the best process.
    """

    best_params: dict[str, float]
    best_loss: float
    history: list[tuple[dict[str, float], float]] = dataclasses.field(
        default_factory=list
    )
    meta: dict[str, Any] = dataclasses.field(default_factory=dict)
    fitted: Fitted | None = None


def optimize(
    opt_cfg: Mapping[str, Any] | None,
    objective_cfg: Mapping[str, Any] | None,
    target_psd: Any = None,
    target_freqs: Any = None,
    verbose: bool = True,
    *,
    compat: bool = False,
) -> OptResult:
    """Search the parameters whose spectrum is nearest to a target.

    Every evaluation sees the same noise. One compiled program serves them all.

    Args:
        opt_cfg: `budget` simulations; `optimizer`, any of nevergrad's names, or
            "gradient", "screen", "evolution", "cma", "random", "latin_hypercube",
            "sobol" of `js.fit`, with `options` for it; `num_workers` points at a time;
            `seed`; `search_space`: bounds, or {"bounds", "log_scale", "fixed"}, or a
            `SearchSpace`.
        objective_cfg: `sim_cfg`, `network_cfg`, `noise_cfg` (and `model_cfg`,
            `stim_cfg`) of each evaluation; `psd_cfg`; `loss_name` and `loss_cfg`, or
            `losses`, [name | {"name", "weight", "cfg"}].
        target_psd: (freq,) or (freq, node), mV^2/Hz.
        target_freqs: its bins in Hz; the target is interpolated to those compared.
        verbose: show a bar.
        compat: what that program made of the dicts, instead of what they say.

    Raises:
        ValueError: an unknown key or word, no target, or a loss written in NumPy with
            a method that needs gradients.
    """
    opt = checked("opt_cfg", opt_cfg, compat)
    task = problem(opt_cfg, objective_cfg, target_psd, target_freqs, compat=compat)
    name, budget = str(opt.get("optimizer", "NGOpt")), int(opt.get("budget", 100))
    method = name if name in (*GRADIENTS, *SEARCHES) else f"nevergrad:{name}"
    options: dict[str, Any] = dict(opt.get("options") or {})
    if method not in GRADIENTS:
        options = {
            "budget": budget,
            "workers": int(opt.get("num_workers", 1)),
        } | options
    began = time.perf_counter()
    found = fit(
        task.process, task.loss, task.free, task.key, record=("activity",),
        method=method, progress=None if verbose else False, **options,
    )  # fmt: skip
    meta = {
        "optimizer": name,
        "budget": budget,
        "num_workers": int(opt.get("num_workers", 1)),
        "seed": opt.get("seed"),
        "elapsed_s": time.perf_counter() - began,
        "simulations": found.simulations,
        "loss_details": _details(found),
        "compat": compat,
    }
    best = {name: float(get(found.best, path)) for path, name in task.names.items()}
    return OptResult(best, found.best_loss, _history(task, found), meta, found)


def _history(task: Problem, found: Fitted) -> list[tuple[dict[str, float], float]]:
    names = list(task.names.values())
    if "points" in found.details:
        points, losses = found.details["points"], found.losses[0]
    else:
        points = np.stack([found.values[path] for path in task.names], axis=1)
        losses = found.best_losses
    rows = zip(np.asarray(points), losses, strict=True)
    return [
        ({n: float(x) for n, x in zip(names, row, strict=True)}, float(loss))
        for row, loss in rows
    ]


def _details(found: Fitted) -> list[dict[str, float]]:
    """Terms of every evaluation, start after start."""
    terms = {name: np.ravel(values) for name, values in found.terms.items()}
    totals = np.ravel(found.losses)
    if any(len(values) != len(totals) for values in terms.values()):
        return []
    return [
        {**{n: float(v[i]) for n, v in terms.items()}, "_total": float(totals[i])}
        for i in range(len(totals))
    ]
