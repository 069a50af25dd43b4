"""Differential evolution, vmapped over its population and scanned over generations."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.core.progress import Progress, reporter, shown
from jaxsim.study.design import unit_points
from jaxsim.study.evaluator import Evaluator
from jaxsim.study.fitted import Fitted, pick
from jaxsim.study.task import Task, point_loss


STEP = 0.7  # of the difference between two members
CROSSING = 0.9  # share of the numbers that a child takes from its mutant
GREED = 0.5  # share of mutants that start from the best member, not from the parent


class Population(NamedTuple):
    """Members as fractions of the way between the bounds, and their losses."""

    units: Any
    losses: Any


def evolve(
    evaluator: Evaluator,
    population: int,
    generations: int,
    progress: Progress = None,
) -> Fitted:
    r"""Differential evolution between the bounds, wholly on the device.

    A child of member $x$ is, number by number with probability 0.9,
    $b + 0.7\,(x_i - x_j)$ with $b$ the best member (half the time) or $x$ itself; a
    number that leaves the box is put half way between the parent and the bound, and
    the better of parent and child lives. The first population is the process given and
    Sobol points. A child that diverges loses.

    Storn R, Price K (1997). Differential evolution: a simple and efficient heuristic
    for global optimization over continuous spaces. J Global Optim 11, 341-359.

    Args:
        evaluator: the loss.
        population: members; each generation is one block of simulations.
        generations: how often all members are tried against a child, the first
            population counted.
        progress: as in `sweep`, counted in generations.
    """
    space = evaluator.space
    space.require_box("evolution")
    if population < 4 or generations < 1:
        raise ValueError(
            f"population = {population} and generations = {generations}: evolution "
            "needs 4 members or more, and a generation."
        )
    key = jax.random.fold_in(evaluator.key, 2)
    how = "sobol" if space.n <= 1000 else "random"
    given = np.concatenate([np.ravel(r.unit_of(r.centre)) for r in space.ranges])
    units = np.stack([given, *unit_points(population - 1, space.n, key, how)])
    if evaluator.on_host:
        raise ValueError(
            "evolution runs on the device, and this loss is written in NumPy: use "
            "method='cma', 'nevergrad:TwoPointsDE', or write the loss in jax.numpy."
        )
    first = jnp.asarray(evaluator(units, of="unit"), jnp.result_type(float))
    first = jnp.where(jnp.isfinite(first), first, jnp.inf)
    state = Population(jnp.asarray(units, first.dtype), first)
    history = [np.asarray(first)[None]]
    left = generations - 1
    segment = _segment(left, progress)
    with reporter(progress, generations, "evolution", "generations") as report:
        report(1)
        for at in range(0, left, segment):
            steps = jnp.arange(at, at + segment, dtype=jnp.uint32)
            state, seen = _generations(evaluator.task, state, key, evaluator.key, steps)
            evaluator.simulations += segment * population * evaluator.task.n_keys
            history.append(np.asarray(seen))
            report(1 + at + segment)
    points = evaluator.bounded(state.units, "unit")
    losses = np.concatenate(history).T
    return pick(evaluator, points, losses[:, -1], losses, "evolution", "values")


def _segment(n: int, progress: Progress) -> int:
    """Generations of one scan: all parts equal, so that one program serves them."""
    if not shown(progress):
        return max(1, n)
    near = max(1, n // 10)
    return max((s for s in range(1, near + 1) if n % s == 0), default=1)


@eqx.filter_jit
def _generations(
    task: Task, state: Population, key: PRNGKeyArray, noise: PRNGKeyArray, steps: Any
) -> tuple[Population, Any]:
    def one(state: Population, step: Any) -> tuple[Population, Any]:
        children = _children(state, jax.random.fold_in(key, step))
        losses = jax.vmap(lambda u: point_loss(task, u, noise, "unit")[0])(children)
        wins = losses < state.losses  # false where the child's loss is nan
        new = Population(
            jnp.where(wins[:, None], children, state.units),
            jnp.where(wins, losses, state.losses),
        )
        return new, new.losses

    return jax.lax.scan(one, state, steps)


def _children(state: Population, key: PRNGKeyArray) -> Any:
    x = state.units
    n, d = x.shape
    keys = jax.random.split(key, 5)
    best = jnp.broadcast_to(x[jnp.argmin(state.losses)][None], x.shape)
    greedy = jax.random.bernoulli(keys[0], GREED, (n, 1))
    base = jnp.where(greedy, best, x)
    i = jax.random.randint(keys[1], (n,), 0, n)
    j = (i + jax.random.randint(keys[2], (n,), 1, n)) % n  # never i itself
    mutant = base + STEP * (x[i] - x[j])
    mutant = jnp.where(mutant < 0, x / 2, jnp.where(mutant > 1, (x + 1) / 2, mutant))
    crossed = jax.random.bernoulli(keys[3], CROSSING, (n, d))
    forced = jax.random.randint(keys[4], (n, 1), 0, d) == jnp.arange(d)[None]
    return jnp.where(crossed | forced, mutant, x)
