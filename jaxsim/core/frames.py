"""Running frame steps: once for the recording, then one frame at a time, vmapped."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, PRNGKeyArray

from jaxsim.core.alone import runs_alone
from jaxsim.core.signal import Series
from jaxsim.core.step import AbstractFrameStep, arguments, wrap


def run_once(
    name: str, step: AbstractFrameStep, key: PRNGKeyArray, needs: dict[str, Any]
) -> dict[str, Any]:
    """What a frame step makes for the whole recording, before any frame."""
    takes = {n: needs[n] for n in step.needs_once}
    if "key" in arguments(type(step).once):
        takes["key"] = jax.random.fold_in(key, 0)
    out = type(step).once(step, **takes)
    if set(out) != set(step.makes_once):
        raise ValueError(
            f"step '{name}' ({type(step).__name__}): `once` declares in makes_once "
            f"{step.makes_once or 'nothing'}, but returned {tuple(out) or 'nothing'}."
        )
    cards, clock = step.cards(), _clock(needs)
    return {n: wrap(n, value, cards[n], clock, name) for n, value in out.items()}


def run_block(
    name: str,
    step: AbstractFrameStep,
    key: PRNGKeyArray,
    needs: dict[str, Any],
    index: Int[Array, "frame"],
) -> dict[str, Any]:
    """Frames `index` (absolute numbers) of a step; timed needs hold those frames."""
    names = [n for n in arguments(type(step).__call__) if n != "key"]
    takes = {n: _plain(needs[n]) for n in names}
    axes: dict[str, int | None] = {n: 0 if _timed(needs[n]) else None for n in names}
    if step.resamples:
        takes["movie"] = kept(takes["movie"], index[0] >= 0)
    if "key" in arguments(type(step).__call__):
        frames = jax.random.fold_in(key, 1)
        takes["key"] = jax.vmap(lambda i: jax.random.fold_in(frames, i))(index)
        axes["key"] = 0
    if step.blockwise:
        out = step(**takes)
    else:
        out = jax.vmap(lambda given: step(**given), in_axes=(axes,))(takes)
    if step.resamples and not runs_alone():
        # the way back reads each pixel's slope as often as the way here read pixels
        out = out | {"movie": kept(out["movie"], index[0] >= 0)}
    cards, clock = step.cards(), _clock(needs)
    promised = set(cards) - set(step.makes_once)
    if set(out) != promised:
        raise ValueError(
            f"step '{name}' ({type(step).__name__}) declares that a frame makes "
            f"{', '.join(sorted(promised))}, but it returned {', '.join(sorted(out))}."
        )
    return {n: wrap(n, value, cards[n], clock, name) for n, value in out.items()}


def kept(values: Array, surely: Bool[Array, ""]) -> Array:
    """Values, in memory: a branch that the compiler cannot foresee stops fusion.

    What reads a computed value several times computes it as often, unless it is kept.

    Args:
        values: computed, and about to be read at several places.
        surely: true, but not to the compiler; no batch of truths.
    """
    return jax.lax.cond(surely, lambda x: x, jnp.zeros_like, values)


def run_frames(
    name: str, step: AbstractFrameStep, key: PRNGKeyArray, needs: dict[str, Any]
) -> dict[str, Any]:
    """All frames of a step at once: the unblocked way."""
    once = run_once(name, step, key, needs)
    index = jnp.arange(n_frames(name, step, needs | once), dtype=jnp.int32)
    return once | run_block(name, step, key, needs | once, index)


def n_frames(name: str, step: AbstractFrameStep, needs: dict[str, Any]) -> int:
    """How many frames the timed needs of a step have.

    Raises:
        ValueError: it has no timed need, or they differ in length.
    """
    timed = {n: v.values.shape[0] for n, v in needs.items() if _timed(v)}
    if len(set(timed.values())) != 1:
        found = ", ".join(f"{n}: {length}" for n, length in timed.items()) or "none"
        raise ValueError(
            f"step '{name}' ({type(step).__name__}) works frame by frame, so its timed "
            f"needs must have one number of frames; found {found}."
        )
    return next(iter(timed.values()))


def _timed(value: Any) -> bool:
    return isinstance(value, Series) and value.card.timed


def _plain(value: Any) -> Any:
    return value.values if isinstance(value, Series) else value


def _clock(needs: dict[str, Any]) -> Any:
    clocks = (v.clock for v in needs.values() if isinstance(v, Series) and v.clock)
    return next(clocks, None)
