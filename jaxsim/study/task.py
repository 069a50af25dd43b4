"""The compiled programs of an evaluator: losses, recordings and gradients of points."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from jaxsim.core.declared import replace
from jaxsim.core.recording import Recording
from jaxsim.core.simulate import run
from jaxsim.core.step import AbstractStep
from jaxsim.study.bounds import Space
from jaxsim.study.frame_loss import FrameLoss
from jaxsim.study.losses import Opaque, total_of


NEEDS_HOST = (
    jax.errors.TracerArrayConversionError,
    jax.errors.ConcretizationTypeError,  # also float(), int() and `if` on a value
)


class Task(NamedTuple):
    """What the compiled programs take: all arrays are arguments, none is baked in."""

    process: AbstractStep
    loss: Any
    space: Space
    record: tuple[str, ...] | None
    n_keys: int
    forward: bool


def fresh(loss: Any) -> Any:
    """The loss as an argument of a program: by its arrays, or new each time."""
    if isinstance(loss, FrameLoss):
        return FrameLoss(Opaque(loss.function), loss.data, loss.signals)
    if isinstance(loss, eqx.Module) and all(map(eqx.is_array, jax.tree.leaves(loss))):
        return loss
    return Opaque(loss)  # pyright: ignore[reportArgumentType]


def loss_at(task: Task, values: dict[str, Any], key: PRNGKeyArray) -> tuple[Any, dict]:
    """The loss at one point, averaged over noise seeds."""
    there = replace(task.process, values)

    def seen(key: PRNGKeyArray) -> tuple[Any, dict]:
        if isinstance(task.loss, FrameLoss):
            mode = "forward" if task.forward else "reverse"
            return task.loss.value(there, key, mode=mode), {}
        return total_of(task.loss, run(there, key, task.record))

    if task.n_keys == 1:
        return seen(key)
    return jax.tree.map(lambda x: x.mean(0), jax.vmap(seen)(seeds(key, task.n_keys)))


def seeds(key: PRNGKeyArray, n: int) -> Any:
    """The keys of some noise seeds: `fold_in(key, i)`."""
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(
        jnp.arange(n, dtype=jnp.uint32)
    )


@eqx.filter_jit
def bounded_points(space: Space, points: Any, of: str) -> Any:
    """Points (n, d) as values."""
    return jax.vmap(lambda x: space.bounded(x, of))(points)


def point_loss(task: Task, point: Any, key: PRNGKeyArray, of: str) -> tuple[Any, dict]:
    """The loss at one point (d,) and its terms."""
    return loss_at(task, task.space.values(point, of), key)


@eqx.filter_jit
def losses_at(task: Task, points: Any, key: PRNGKeyArray, of: str) -> tuple[Any, dict]:
    """Losses (n,) at points (n, d), and their terms."""
    return jax.vmap(lambda x: point_loss(task, x, key, of))(points)


@eqx.filter_jit
def recordings_at(task: Task, points: Any, key: PRNGKeyArray, of: str) -> Recording:
    """Recordings (key, lane, ...) for losses on the host."""

    def one(key: PRNGKeyArray, x: Any) -> Recording:
        return run(replace(task.process, task.space.values(x, of)), key, task.record)

    keys = key[None] if task.n_keys == 1 else seeds(key, task.n_keys)
    return jax.vmap(lambda k: jax.vmap(lambda x: one(k, x))(points))(keys)


@eqx.filter_jit
def gradients_at(task: Task, z: Any, key: PRNGKeyArray) -> tuple[Any, dict, Any]:
    """Losses, terms and gradients at unbounded points (n, d)."""
    return jax.vmap(lambda z: value_and_slope(task, z, key))(z)


def value_and_slope(task: Task, z: Any, key: PRNGKeyArray) -> tuple[Any, dict, Any]:
    """Loss, its terms, and its gradient at one unbounded point (d,)."""

    def of(z: Any) -> tuple[Any, dict]:
        return loss_at(task, task.space.values(z, "free"), key)

    if not task.forward:
        (value, terms), slope = jax.value_and_grad(of, has_aux=True)(z)
        return value, terms, slope

    def along(direction: Any) -> tuple[Any, Any, dict]:
        value, slope, terms = jax.jvp(of, (z,), (direction,), has_aux=True)
        return value, slope, terms

    basis = jnp.eye(z.size, dtype=z.dtype)  # no tape: the memory of d + 1 runs
    value, slope, terms = jax.vmap(along, out_axes=(None, 0, None))(basis)
    return value, terms, slope


@eqx.filter_jit
def losses_over_keys(task: Task, keys: Any) -> Any:
    """Losses of one process on many noise seeds."""
    return jax.vmap(lambda key: loss_at(task, {}, key)[0])(keys)


def lane_of(batch: Recording, key: int, lane: int) -> Recording:
    """One recording, on the host, of those by key and lane."""
    return jax.tree.map(lambda x: x[key, lane], batch)
