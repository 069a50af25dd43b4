"""Fitted: what a fit found, how it got there, and what it cost."""

import dataclasses
from typing import Any

import numpy as np

from jaxsim.core.declared import get
from jaxsim.core.param import shortest
from jaxsim.core.recording import NON_FINITE, OK


@dataclasses.dataclass(frozen=True)
class Fitted:
    """The result of `fit`.

    Attributes:
        best: a process like the one given, at the best point seen in the whole fit.
        best_loss: its loss, on the noise of the fit; see `js.noise_floor` for what it
            is on other noise.
        losses: (start, update): the loss before each update. For evolution (member,
            generation), for ask/tell searches (1, evaluation).
        values: path -> (start, ...): the best point that each start saw.
        best_losses: (start,): the loss there.
        status: (start,): 1 ok, 2 its loss or gradient ceased to be finite and it froze.
        method: what was used.
        mode: "forward" or "reverse" gradients, "host" for losses in NumPy, or "values".
        simulations: what its evaluator was asked so far, in simulations (gradients at
            their true cost: 1 + d in forward mode, 4 in reverse mode).
        terms: name -> (start, update): the terms of a `js.weighted` loss.
        details: what else a method tells (a screen's points, a search's history).
    """

    best: Any
    best_loss: float
    losses: np.ndarray
    values: dict[str, np.ndarray]
    best_losses: np.ndarray
    status: np.ndarray
    method: str
    mode: str
    simulations: float
    terms: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    details: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """What was free."""
        return tuple(self.values)

    def __repr__(self) -> str:
        n, died = len(self.status), int((self.status == NON_FINITE).sum())
        lines = [
            f"Fitted by {self.method} ({self.mode}): loss {self.best_loss:.6g}, "
            f"{n} starts{f', {died} of them diverged' if died else ''}, "
            f"{self.simulations:g} simulations"
        ]
        for path in self.values:
            value = np.asarray(get(self.best, path))
            shown = shortest(value) if value.size <= 6 else f"array {value.shape}"
            lines.append(f"  {path} = {shown}")
        return "\n".join(lines)


def pick(
    evaluator: Any,
    points: np.ndarray,
    best_losses: np.ndarray,
    losses: np.ndarray,
    method: str,
    mode: str,
    status: np.ndarray | None = None,
    **more: Any,
) -> Fitted:
    """A Fitted from the best bounded point (n, d) of every start.

    Raises:
        ValueError: no start ever had a finite loss.
    """
    fine = np.isfinite(best_losses)
    if not fine.any():
        raise ValueError(
            f"no point that '{method}' tried gave a finite loss: every run diverged or "
            "its loss was not finite. Narrow the bounds of the free paths, use a "
            "smaller dt_s, or look at one run with js.simulate and its status."
        )
    winner = int(np.argmin(np.where(fine, best_losses, np.inf)))
    columns = {}
    at = 0
    for path, r, size in zip(
        evaluator.space.paths,
        evaluator.space.ranges,
        evaluator.space.sizes,
        strict=True,
    ):
        columns[path] = points[:, at : at + size].reshape(-1, *r.shape)
        at += size
    if status is None:
        status = np.where(fine, OK, NON_FINITE).astype(np.uint8)
    return Fitted(
        best=evaluator.best(points[winner]),
        best_loss=float(best_losses[winner]),
        losses=losses,
        values=columns,
        best_losses=best_losses,
        status=status,
        method=method,
        mode=mode,
        simulations=evaluator.simulations,
        **more,
    )
