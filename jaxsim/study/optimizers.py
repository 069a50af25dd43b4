"""What follows gradients by default: L-BFGS that turns back, and a decaying adam."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


SHORTER = 0.35  # of a step that led uphill


class Bearing(NamedTuple):
    """Where `quasi_newton` last went downhill from, and by which step."""

    curvature: Any
    z: Any
    loss: Any
    step: Any


@functools.cache
def quasi_newton(reach: float = 0.5, memory: int = 8) -> Any:
    """L-BFGS with one gradient per step: no line search, but it turns back.

    A step is no longer than `reach`. Where it led uphill, it is tried again from where
    it began, at about a third of its length. On common random numbers a loss is a
    smooth function, whose curvature tells more than its slope: valleys between
    correlated parameters take tens of gradients where adam takes hundreds.

    Nocedal J (1980). Updating quasi-Newton matrices with limited storage. Math Comput
    35, 773-782.
    """
    import optax  # half a second at import: not before it is needed

    inner: Any = optax.scale_by_lbfgs(memory)

    def init(z: Any) -> Bearing:
        return Bearing(
            inner.init(z), z, jnp.full((), jnp.inf, z.dtype), jnp.zeros_like(z)
        )

    def update(
        updates: Any, state: Any, params: Any = None, *, value: Any, **more: Any
    ) -> tuple[Any, Any]:
        direction, curvature = inner.update(updates, state.curvature, params)
        downhill = ((direction * updates).sum() > 0) & jnp.isfinite(direction).all()
        step = -jnp.where(downhill, direction, updates)
        length = jnp.sqrt((step**2).sum())
        step = step * jnp.where(length > reach, reach / length, 1.0)
        onward = Bearing(curvature, params, value, step)
        back = state._replace(step=state.step * SHORTER)
        better = value <= state.loss
        new = jax.tree.map(lambda a, b: jnp.where(better, a, b), onward, back)
        return new.z + new.step - params, new

    transformation: Any = optax.GradientTransformationExtraArgs
    return transformation(init, update)


@functools.cache
def decaying_adam(n_updates: int) -> Any:
    """Adam for noise that changes: its step falls from 0.2 to 0.02 by a cosine."""
    import optax

    return optax.adam(optax.cosine_decay_schedule(0.2, n_updates, 0.1), b2=0.95)


@functools.lru_cache(maxsize=32)
def extended(optimizer: Any) -> Any:
    """Any optax transformation as one that is also told the loss.

    Cached, since a new object would be a new program.
    """
    import optax

    return optax.with_extra_args_support(optimizer)
