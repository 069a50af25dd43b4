"""Sample number n of a stream: its parameters, its run, its window, in one program."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray, UInt32

from jaxsim.core.declared import card, replace
from jaxsim.core.recording import NON_FINITE, Recording
from jaxsim.core.signal import Series, Signal
from jaxsim.core.simulate import run
from jaxsim.core.step import AbstractStep, fold_name
from jaxsim.data.windows import Windows, cut_window
from jaxsim.study.prior import AbstractPrior


class Recipe(NamedTuple):
    """What a program of samples takes beside their numbers."""

    process: AbstractStep
    key: PRNGKeyArray
    prior: Mapping[str, AbstractPrior]
    bounds: Mapping[str, tuple[float, float]]
    record: tuple[str, ...] | None
    windows: Windows | None
    tries: int


def sample(recipe: Recipe, number: UInt32[Array, ""]) -> Recording:
    """A run at drawn values, with the values as signals named by their paths.

    It draws from `fold_in(key, number)` and nothing else, so it does not depend on the
    batch that it is in, nor on the device.
    """
    key = jax.random.fold_in(recipe.key, number)

    def attempt(again: Array) -> Recording:
        other = jax.random.fold_in(fold_name(key, "again"), again)
        own = jax.lax.select(again == 0, key, other)
        values = drawn(recipe, own, number)
        made = run(replace(recipe.process, values), own, recipe.record)
        labels = tuple(
            _label(path, value, card(recipe.process, path).unit)
            for path, value in values.items()
        )
        names = (*made.names, *values)
        return Recording(made.series + labels, names, made.status)

    made = attempt(jnp.uint32(0))
    return _until_finite(attempt, made, recipe.tries) if recipe.tries else made


def samples(recipe: Recipe, numbers: UInt32[Array, "batch"]) -> Recording:
    """A batch of samples; with windows, each run is made once and cut."""
    leaves, tree = jax.tree.flatten(recipe)
    traced = [x if eqx.is_array(x) else None for x in leaves]
    fixed = tuple(None if eqx.is_array(x) else x for x in leaves)
    return _samples(traced, numbers, fixed, tree)


# no eqx.filter_jit, which waits until its program is done
@functools.partial(jax.jit, static_argnames=("fixed", "tree"))
def _samples(
    traced: list[Any],
    numbers: UInt32[Array, "batch"],
    fixed: tuple[Any, ...],
    tree: Any,
) -> Recording:
    pairs = zip(traced, fixed, strict=True)
    recipe = jax.tree.unflatten(tree, [f if t is None else t for t, f in pairs])
    windows = recipe.windows
    if windows is None:
        return jax.vmap(lambda number: sample(recipe, number))(numbers)

    def cuts(number: UInt32[Array, ""]) -> Recording:
        key = fold_name(jax.random.fold_in(recipe.key, number), "window")
        made, each = sample(recipe, number), jnp.arange(windows.per_run)
        return jax.vmap(lambda i: cut_window(windows, made, key, i))(each)

    runs = numbers[:: windows.per_run] // windows.per_run
    made = jax.vmap(cuts)(runs)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), made)


def by_name(made: Recording) -> dict[str, Any]:
    """The arrays of a batch as other loaders want them: signals, and `status`."""
    pairs = zip(made.names, made.series, strict=True)
    return {name: series.values for name, series in pairs} | {"status": made.status}


def refuse_broken(made: Recording, first: int, paths: tuple[str, ...]) -> None:
    """Wait for a batch, and refuse it when a run did not stay finite.

    Args:
        made: the batch.
        first: number of its first sample.
        paths: whose values are told.

    Raises:
        FloatingPointError: with the number and the values of the first such sample.
    """
    bad = np.flatnonzero(np.asarray(made.status) == NON_FINITE)
    if len(bad):
        raise FloatingPointError(
            f"sample {first + bad[0]} did not stay finite, at "
            + ", ".join(f"{path} = {made[path].values[bad[0]]}" for path in paths)
            + ". Narrow the prior, or let non_finite be 'mask' or 'resample'."
        )


def drawn(
    recipe: Recipe, key: PRNGKeyArray, number: UInt32[Array, ""]
) -> dict[str, Array]:
    """The values of a sample, each from a key of its own path, inside its bounds."""
    values, key = {}, fold_name(key, "prior")
    for path, prior in recipe.prior.items():
        level = jax.random.uniform(fold_name(key, path), prior.shape)
        # zero, one in 2^23 draws, is minus infinity in a normal
        level = jnp.maximum(level, jnp.finfo(level.dtype).eps / 2)
        value = jnp.asarray(prior.quantile_at(level, number), level.dtype)
        values[path] = value.clip(*recipe.bounds[path])
    return values


def _label(path: str, value: Array, unit: str) -> Series:
    dims = " ".join(f"{path}_{i}" for i in range(value.ndim))
    return Series(value, None, Signal(dims, unit, f"the value of {path}"))


def _until_finite(attempt: Any, first: Recording, tries: int) -> Recording:
    """Runs that did not stay finite are drawn anew, a bounded number of times."""

    def failed(carry: Any) -> Array:
        again, made = carry
        return (made.status == NON_FINITE) & (again <= tries)

    def once_more(carry: Any) -> Any:
        again, _ = carry
        return again + 1, attempt(again)

    return jax.lax.while_loop(failed, once_more, (jnp.uint32(1), first))[1]
