"""The loop over ticks, compiled into one native function where that is possible."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
from jax.experimental.xla_metadata import set_xla_metadata

from jaxsim.core.alone import runs_alone


# What XLA's own pass for small loops writes on a call; it measures "small" in bytes
# touched per turn, and a Heun step of one node is already too large for it.
_ONE_FUNCTION = {"xla_cpu_small_call": "true", "inlineable": "false"}

# Tried with these: XLA refuses such a call, or aborts, for batched products, large
# reductions, tables read by index and more, so no vmap, no grad, and few operations.
_VERSIONS = ((0, 10),)
_LARGEST = 512
_ELEMENTARY = frozenset(
    """
    abs add and broadcast_in_dim clamp convert_element_type cos cosh copy div
    dot_general eq exp exp2 expm1 floor ge gt integer_pow le log log1p logistic lt max
    min mul ne neg not or pow reshape round rsqrt select_n sign sin sinh sqrt square
    squeeze stop_gradient sub tan tanh jit closed_call custom_jvp_call
    """.split()
)


def scan_ticks(
    tick: Callable[[Any, Any], tuple[Any, Any]], carry: Any, given: Any
) -> tuple[Any, Any]:
    """`jax.lax.scan(tick, carry, given)`, without dispatch between operations.

    XLA on a CPU runs every fused operation of a loop body as a task of its own, which
    costs more than the arithmetic of a few nodes. Marked as one small call, the loop
    becomes one function: 8 times faster for one node, 1.4 times for 86. That is done
    for single runs (`simulate`) of elementary equations; all else gets the plain scan.

    Args:
        tick: body of the loop.
        carry: state before the first tick.
        given: what each tick is given, leading axis of ticks.
    """
    if not _can_be_one_function(tick, carry, given):
        return jax.lax.scan(tick, carry, given)

    @jax.jit
    def loop(carry, given):
        with set_xla_metadata(**dict.fromkeys(_ONE_FUNCTION)):
            return jax.lax.scan(tick, carry, given)

    with set_xla_metadata(**_ONE_FUNCTION):
        return loop(carry, given)


def _can_be_one_function(tick: Callable, carry: Any, given: Any) -> bool:
    if not runs_alone() or jax.default_backend() != "cpu":
        return False
    if jax.__version_info__[:2] not in _VERSIONS:
        return False
    carry = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), carry)
    first = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), given)
    if max(x.size for x in jax.tree.leaves((carry, first))) > _LARGEST:
        return False
    return _primitives(jax.make_jaxpr(tick)(carry, first).jaxpr) <= _ELEMENTARY


def _primitives(jaxpr: Any) -> set[str]:
    names = set()
    for equation in jaxpr.eqns:
        names.add(equation.primitive.name)
        for inner in _inside(equation.params.values()):
            names |= _primitives(inner)
    return names


def _inside(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if hasattr(value, "eqns"):
            yield value
        elif hasattr(value, "jaxpr"):
            yield value.jaxpr
        elif isinstance(value, (tuple, list)):
            yield from _inside(value)
