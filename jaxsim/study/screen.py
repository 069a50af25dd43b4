"""A vmapped screen over the whole box, then gradients from its best points."""

from typing import Any

import jax
import numpy as np

from jaxsim.study.design import unit_points
from jaxsim.study.evaluator import Evaluator
from jaxsim.study.fitted import Fitted, pick
from jaxsim.study.gradient import descend


def screen(
    evaluator: Evaluator, n_candidates: int, keep: int, method: str = "screen"
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Losses at Sobol points of the box, the process given among them.

    Returns:
        The best `keep` bounded points (keep, d), their losses, and all points and
        losses.
    """
    space = evaluator.space
    space.require_box(method)
    if not 1 <= keep <= n_candidates:
        raise ValueError(
            f"keep = {keep} of n_candidates = {n_candidates}: keep between 1 and all."
        )
    key = jax.random.fold_in(evaluator.key, 1)
    given = np.concatenate([np.ravel(r.unit_of(r.centre)) for r in space.ranges])
    how = "sobol" if space.n <= 1000 else "random"
    rest = unit_points(n_candidates - 1, space.n, key, how) if n_candidates > 1 else []
    units = np.stack([given, *rest])
    losses = evaluator(units, of="unit")
    order = np.argsort(np.where(np.isfinite(losses), losses, np.inf), kind="stable")
    points = evaluator.bounded(units, "unit")
    best = order[:keep]
    return points[best], losses[best], {"points": points, "losses": losses}


def screen_and_polish(
    evaluator: Evaluator, n_candidates: int, keep: int, n_updates: int, **more: Any
) -> Fitted:
    """The best of a screen as starts of a descent."""
    points, losses, seen = screen(evaluator, n_candidates, keep)
    if evaluator.on_host or n_updates == 0:
        return pick(
            evaluator, points, losses, losses[:, None], "screen", "values",
            details={"screen": seen},
        )  # fmt: skip
    fine = np.isfinite(losses)
    if not fine.any():
        return pick(evaluator, points, losses, losses[:, None], "screen", "values")
    starts = evaluator.space.host(points[fine], "free")
    fitted = descend(evaluator, starts, n_updates=n_updates, method="screen", **more)
    fitted.details["screen"] = seen
    return fitted
