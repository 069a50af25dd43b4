"""Generation and training in one program: no host between the two."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, UInt32

from jaxsim.core.recording import Recording
from jaxsim.data.replay import Replay, mix
from jaxsim.data.samples import Recipe, samples


Update = Callable[[Any, Recording], tuple[Any, Any]]


@eqx.filter_jit
def scanned(
    update: Update,
    recipe: Recipe,
    held: Recording | None,
    carry: Any,
    first: UInt32[Array, ""],
    stride: UInt32[Array, ""],
    at_once: int,
    replay: Replay | None,
    n_steps: int,
) -> tuple[Recording | None, Any, Any]:
    """Some steps of training, each on the batch that it makes.

    Args:
        update: (carry, batch) -> (carry, kept).
        recipe: of the samples.
        held: samples for replay, where there is any.
        carry: what training carries on.
        first, stride: number of the first step, and from each to the next.
        at_once: new samples of a step.
        replay: how they are mixed.
        n_steps: how many steps.

    Returns:
        The samples held then, the last carry, and what was kept of all steps.
    """

    def one(state: Any, step: Any) -> tuple[Any, Any]:
        held, carry = state
        block = step if replay is None else step + replay.kept // replay.fresh
        numbers = block * jnp.uint32(at_once) + jnp.arange(at_once, dtype=jnp.uint32)
        batch = samples(recipe, numbers)
        if replay is not None:
            batch, held = mix(held, batch, recipe.key, step, replay.old)
        made = update(carry, batch)
        if not isinstance(made, tuple) or len(made) != 2:
            raise TypeError(
                "update must return a pair (carry, what to keep); return (carry, None) "
                "to keep nothing."
            )
        carry, kept = made
        return (held, carry), kept

    steps = first + jnp.arange(n_steps, dtype=jnp.uint32) * stride
    (held, carry), kept = jax.lax.scan(one, (held, carry), steps)
    return held, carry, kept
