"""Gradient descent from many starts at once, in the unbounded space of the bounds."""

import contextlib
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.core.declared import card
from jaxsim.core.progress import Progress, reporter, shown
from jaxsim.core.recording import NON_FINITE, OK
from jaxsim.study.bounds import EDGE, logit
from jaxsim.study.design import unit_points
from jaxsim.study.evaluator import Evaluator
from jaxsim.study.fitted import Fitted, pick
from jaxsim.study.optimizers import decaying_adam, extended, quasi_newton
from jaxsim.study.task import Task, value_and_slope


INSIDE = 0.01  # drawn starts keep this far from their bounds, where slopes vanish


class Walk(NamedTuple):
    """The state of one start."""

    z: Any
    optimizer: Any
    alive: Any
    best_z: Any
    best_loss: Any


def descend(
    evaluator: Evaluator,
    z: np.ndarray,
    *,
    optimizer: Any = None,
    n_updates: int = 100,
    fresh_keys: bool = False,
    clip: float | int | Literal["auto"] | None = "auto",
    progress: Progress = None,
    method: str = "gradient",
    moving: np.ndarray | None = None,
) -> Fitted:
    """Follow gradients from unbounded points (start, d), all in one program.

    Each start clips its own gradient norm, and freezes with status 2 when its loss or
    gradient is not finite. The best point that it saw counts, not its last.

    Args:
        evaluator: the loss.
        z: starts, (start, d).
        optimizer: any optax transformation. By default L-BFGS with steps of at most
            0.5 that turns back (`quasi_newton`); with fresh keys, where curvature would
            be noise, adam.
        n_updates: how many gradients each start takes.
        fresh_keys: other noise in each update, `fold_in(key, update)`. A lucky draw is
            then no longer a good point: the last points are compared on common noise.
        clip: largest gradient norm of a start; None for no limit. "auto" is 1, or
            None for the default L-BFGS, which reads curvature from gradients and
            limits its steps instead.
        progress: as in `sweep`, counted in updates.
        method: a name for the result.
        moving: (start, d) of booleans; the others of its numbers stay.

    Raises:
        ValueError: a free path whose gradient is zero, or not finite, at every start.
    """
    if evaluator.on_host:
        raise ValueError("a loss that is evaluated on the host has no gradient.")
    if n_updates < 1:
        raise ValueError(
            f"n_updates = {n_updates}: a descent takes one update or more."
        )
    if clip == "auto":
        clip = None if optimizer is None and not fresh_keys else 1.0
    if optimizer is None:
        optimizer = decaying_adam(n_updates) if fresh_keys else quasi_newton()
    if not hasattr(optimizer, "init"):
        raise TypeError(
            f"optimizer must be an optax transformation, such as optax.adam(0.1), not "
            f"{optimizer!r}. Leave it out for the default."
        )
    optimizer = extended(optimizer)
    start = jnp.asarray(z, jnp.result_type(float))
    n = len(start)
    walk = _begin(optimizer, start)
    moves = jnp.ones(start.shape, bool) if moving is None else jnp.asarray(moving)
    limit = jnp.asarray(np.inf if clip is None else clip, start.dtype)
    losses, terms = [], []
    with reporter(progress, n_updates, method, "updates") as report:
        for update in range(n_updates):
            key = (
                jax.random.fold_in(evaluator.key, update)
                if fresh_keys
                else evaluator.key
            )
            with _told_which_mode():
                walk, seen = _update(evaluator.task, optimizer, walk, moves, limit, key)
            evaluator.simulations += n * evaluator.gradient_cost
            if update == 0 and moving is None:
                refuse_flat(evaluator, np.asarray(seen[0]), np.asarray(seen[2]))
            losses.append(seen[0])
            terms.append(seen[1])
            if shown(progress):
                jax.block_until_ready(seen[0])
            report(update + 1)
    alive = np.asarray(walk.alive)
    if fresh_keys:
        found, best_losses = walk.z, evaluator(walk.z, of="free")
    else:
        found, best_losses = walk.best_z, np.asarray(walk.best_loss)
    points = evaluator.bounded(found, "free")
    history = {k: np.stack([np.asarray(t[k]) for t in terms], 1) for k in terms[0]}
    return pick(
        evaluator, points, best_losses, np.stack([np.asarray(v) for v in losses], 1),
        method, evaluator.mode, np.where(alive, OK, NON_FINITE).astype(np.uint8),
        terms=history, details={"free": np.asarray(found)},
    )  # fmt: skip


@contextlib.contextmanager
def _told_which_mode() -> Iterator[None]:
    """Some steps can be differentiated in one mode only; say which."""
    try:
        yield
    except (TypeError, ValueError) as error:
        text = str(error)
        if "forward-mode autodiff (jvp)" in text:
            raise ValueError(
                "a step of this process cannot be differentiated in forward mode (it "
                "has a custom reverse rule); give mode='reverse'."
            ) from None
        if "Reverse-mode differentiation does not work" in text:
            raise ValueError(
                "a step of this process cannot be differentiated in reverse mode (it "
                "loops for as long as it needs); give mode='forward'."
            ) from None
        raise


@eqx.filter_jit
def _begin(optimizer: Any, start: Any) -> Walk:
    def one(z: Any) -> Walk:
        infinite = jnp.full((), jnp.inf, z.dtype)
        return Walk(z, optimizer.init(z), jnp.ones((), bool), z, infinite)

    return jax.vmap(one)(start)


@eqx.filter_jit
def _update(
    task: Task, optimizer: Any, walk: Walk, moves: Any, limit: Any, key: PRNGKeyArray
) -> tuple[Walk, tuple[Any, dict, Any]]:
    return jax.vmap(lambda w, m: _step(task, optimizer, w, m, limit, key))(walk, moves)


def _step(
    task: Task, optimizer: Any, walk: Walk, moves: Any, limit: Any, key: PRNGKeyArray
) -> tuple[Walk, tuple[Any, dict, Any]]:
    """One update of one start, and what it saw: loss, terms, largest slope per path."""
    loss, terms, slope = value_and_slope(task, walk.z, key)
    felt = jnp.stack([jnp.abs(s).max() for s in _split(task, slope)])
    slope = jnp.where(moves, slope, jnp.zeros_like(slope))
    alive = walk.alive & jnp.isfinite(loss) & jnp.isfinite(slope).all()
    better = walk.alive & jnp.isfinite(loss) & (loss < walk.best_loss)
    safe = jnp.where(alive, slope, jnp.zeros_like(slope))
    norm = jnp.sqrt((safe**2).sum())
    safe = safe * jnp.where(norm > limit, limit / norm, jnp.ones_like(norm))
    with jax.numpy_dtype_promotion(
        "standard"
    ):  # optax mixes its int32 count and floats
        step, state = optimizer.update(safe, walk.optimizer, walk.z, value=loss)
    step = jnp.where(moves & alive, step, jnp.zeros_like(step))
    new = Walk(
        walk.z + step,
        jax.tree.map(lambda a, b: jnp.where(alive, a, b), state, walk.optimizer),
        alive,
        jnp.where(better, walk.z, walk.best_z),
        jnp.where(better, loss, walk.best_loss),
    )
    return new, (loss, terms, felt)


def _split(task: Task, flat: Any) -> list[Any]:
    ends = np.cumsum((0, *task.space.sizes))
    return [
        flat[a:b] for a, b in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    ]


def refuse_flat(evaluator: Evaluator, losses: np.ndarray, felt: np.ndarray) -> None:
    """Refuse free paths that the loss does not feel.

    Args:
        evaluator: for names.
        losses: (start,): those that are not finite tell nothing.
        felt: (start, path): the largest slope of each path at each start.
    """
    felt = np.where(np.isfinite(losses)[:, None], felt, np.nan)
    for column, path in zip(felt.T, evaluator.space.paths, strict=True):
        doc = card(evaluator.process, path).doc
        if not np.isfinite(column).any():
            raise ValueError(
                f"the gradient for '{path}' ({doc}) is finite at no start: the runs "
                "diverge there. Narrow its bounds, use a smaller dt_s, or "
                "method='evolution'."
            )
        if (column[np.isfinite(column)] == 0).all():
            raise ValueError(
                f"the loss does not feel '{path}' ({doc}): its gradient is exactly "
                "zero at every start. Take it out of `free`, or record a signal that "
                "depends on it. (Some steps pass no gradient; method='evolution' and "
                "the ask/tell searches need none.)"
            )


def spread_starts(evaluator: Evaluator, n: int, key: PRNGKeyArray) -> np.ndarray:
    """Unbounded starts (n, d): the process given, then Sobol points over the bounds.

    A number between two bounds gets the same share of starts everywhere in its range
    (of its logarithm where it is walked by ratios); one without, normal steps around
    the value given.
    """
    if n < 1:
        raise ValueError(f"starts = {n}: a fit needs one start or more.")
    from scipy.special import ndtri

    space = evaluator.space
    given = np.concatenate([np.ravel(r.z_of(r.centre)) for r in space.ranges])[None]
    if n == 1:
        return given
    u = unit_points(n - 1, space.n, key, "sobol" if space.n <= 1000 else "random")
    between = np.concatenate(
        [np.full(s, r.bounded) for r, s in zip(space.ranges, space.sizes, strict=True)]
    )
    inside = logit(np.clip(u, INSIDE, 1 - INSIDE))
    around = given + ndtri(np.clip(u, EDGE, 1 - EDGE))
    return np.concatenate([given, np.where(between[None], inside, around)])
