"""Replay: batches of few new samples and many earlier ones, for slow simulators."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.core.recording import Recording
from jaxsim.core.step import fold_name


class Replay(NamedTuple):
    """How a batch is mixed.

    Batch `s` has `fresh` samples that no batch had before, numbers `kept + s fresh` and
    on, and `old` others drawn, with replacement, from the `kept` samples before those.
    Which ones is a function of the key and `s`.
    """

    kept: int
    fresh: int
    old: int


def replay_of(size: int, share: float, batch: int) -> Replay:
    """The counts of a buffer of `size` samples and a fresh share of each batch.

    Raises:
        ValueError: shares or sizes that are no whole numbers of samples.
    """
    fresh = round(share * batch)
    if not 0 < share < 1 or abs(fresh - share * batch) > 1e-6:
        raise ValueError(
            f"replay = ({size}, {share:g}): the fresh share of a batch of {batch} must "
            f"be between 0 and 1 and a whole number of samples, such as {1 / batch:g}."
        )
    if size != int(size) or size < fresh or size % fresh:
        raise ValueError(
            f"replay = ({size}, {share:g}): the number of samples kept must be a "
            f"multiple of the {fresh} that are new in each batch."
        )
    return Replay(int(size), fresh, batch - fresh)


class Ring:
    """The last samples of a stream, on the device; sample `n` lies in slot n mod kept.

    Samples are functions of their number, so a ring is never saved: asked for a batch
    that does not follow the last one, it makes the samples that it should hold anew, in
    the program and in the blocks that made them first. They are the same bits, for the
    price of `kept` simulations.
    """

    def __init__(
        self,
        replay: Replay,
        key: PRNGKeyArray,
        make: Callable[[int], Recording],
    ) -> None:
        """`make(i)` gives the samples `i fresh` to `(i + 1) fresh - 1`."""
        self.replay, self.key, self.make = replay, key, make
        self.step: int | None = None
        self.held: Any = None

    def at(self, step: int) -> Any:
        """What is held when batch `step` is mixed."""
        if step != self.step:
            self._fill(step)
        return self.held

    def batch(self, step: int) -> Recording:
        """Batch `step`, the new samples first."""
        held, (kept, fresh, old) = self.at(step), self.replay
        new = self.make(kept // fresh + step)
        self.held = None  # the program below takes its memory
        batch, held = mixed(held, new, self.key, _on_device(step), old)
        self.held, self.step = held, step + 1
        return batch

    def _fill(self, step: int) -> None:
        kept, fresh, _ = self.replay
        self.held = None
        for block in range(step, step + kept // fresh):
            new = self.make(block)
            if self.held is None:
                self.held = _room(new, kept)
            self.held = _kept(self.held, new, _on_device(block))
        self.step = step


def _on_device(number: int) -> Any:
    return jax.device_put(np.uint32(number))


def mix(
    held: Recording, new: Recording, key: PRNGKeyArray, step: Any, old: int
) -> tuple[Recording, Recording]:
    """A batch of new samples and old ones, and what is held after it."""
    kept = held.status.shape[0]
    key = jax.random.fold_in(fold_name(key, "replay"), step)
    slots = jax.random.randint(key, (old,), 0, kept)
    batch = jax.tree.map(lambda n, h: jnp.concatenate([n, h[slots]]), new, held)
    return batch, keep(held, new, step)


def keep(held: Recording, new: Recording, block: Any) -> Recording:
    """Block number `block` of samples in the place of the oldest."""
    kept, fresh = held.status.shape[0], new.status.shape[0]
    at = (block % (kept // fresh)) * fresh

    def put(h: Any, n: Any) -> Any:
        return jax.lax.dynamic_update_slice_in_dim(h, n, at, 0)

    return jax.tree.map(put, held, new)


# the ring's memory is used again
mixed = functools.partial(jax.jit, donate_argnums=0, static_argnames="old")(mix)
_kept = functools.partial(jax.jit, donate_argnums=0)(keep)


@functools.partial(jax.jit, static_argnames="kept")
def _room(new: Recording, kept: int) -> Recording:
    return jax.tree.map(lambda x: jnp.zeros((kept, *x.shape[1:]), x.dtype), new)
