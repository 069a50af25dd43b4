"""A fixed-point iteration that stops when it has settled, and has gradients."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


class Settled(NamedTuple):
    """Where an iteration ended.

    Attributes:
        state: the last.
        before: the one before it.
        n_iter: steps made.
        change: by the last step, as the tolerance measures it.
    """

    state: Any
    before: Any
    n_iter: Int[Array, ""]
    change: Float[Array, ""]


def iterate(
    step: Callable[[Any, Any], Any],
    change: Callable[[Any, Any], Array],
    start: Any,
    given: Any,
    tolerance: Float[Array, ""],
    max_iter: int,
) -> Settled:
    """Apply a step until it changes little, `max_iter` times at most.

    Without differentiation it is a `while_loop`: in a batch it ends with the slowest
    lane, and finished lanes keep their numbers. Under `grad`, `jvp` or `fit` it is a
    scan of `max_iter` steps of which those after the end do nothing, so that both modes
    give the exact gradient of the number that is returned; reverse mode keeps one state
    per step.

    Args:
        step: (state, given) -> state; it closes over no arrays.
        change: (new, old) -> size of a change.
        start: the first state.
        given: arrays that the step reads.
        tolerance: stop below this change; 0 makes all `max_iter` steps.
        max_iter: most steps.
    """

    def going(carry: Settled, limit: Array) -> Array:
        return carry.change >= limit  # a NaN stops as well

    def once(carry: Settled, given: Any) -> Settled:
        new = step(carry.state, given)
        return Settled(new, carry.state, carry.n_iter + 1, change(new, carry.state))

    def first(start: Any, limit: Array) -> Settled:
        return Settled(start, start, jnp.int32(0), jnp.full_like(limit, jnp.inf))

    @jax.custom_jvp
    def run(start: Any, given: Any, limit: Array) -> Settled:
        def more(carry: Settled) -> Array:
            return going(carry, limit) & (carry.n_iter < max_iter)

        return jax.lax.while_loop(more, partial(once, given=given), first(start, limit))

    def unrolled(start: Any, given: Any, limit: Array) -> Settled:
        @jax.checkpoint
        def body(carry: Settled, given: Any) -> Settled:
            new, live = once(carry, given), going(carry, limit)
            return jax.tree.map(lambda a, b: jnp.where(live, a, b), new, carry)

        def scanned(carry: Settled, _: None) -> tuple[Settled, None]:
            return body(carry, given), None

        carry = first(start, limit)
        return jax.lax.scan(scanned, carry, None, length=max_iter)[0]

    @run.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return jax.jvp(unrolled, primals, tangents)

    return run(start, given, tolerance)


def relative_change(new: Array, old: Array) -> Array:
    """Sum of absolute changes over the sum of absolute values; 0 where all are 0."""
    size = jnp.abs(old).sum()
    return jnp.abs(new - old).sum() / jnp.where(size > 0, size, 1.0)
