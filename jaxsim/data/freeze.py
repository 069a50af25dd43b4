"""Freeze: the first samples of a stream as a store that outlives the program."""

import operator
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

from jaxsim.core.progress import Progress, reporter
from jaxsim.core.recording import Recording
from jaxsim.data.whole import whole
from jaxsim.store.archive import folder_for
from jaxsim.store.streams import write_runs


if TYPE_CHECKING:
    from jaxsim.data.stream import Stream


class Samples(NamedTuple):
    """What made the samples of a stream, beside its process and key."""

    n: int
    facts: dict[str, Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the leading axis."""
        return (self.n,)

    def document(self) -> dict[str, Any]:
        """Plain data (JSON) that says the same; drawn values are signals themselves."""
        return {"axes": [["sample", self.n]], "values": {}, "stream": self.facts}


def freeze(
    stream: "Stream", n: int, path: Any, overwrite: bool, progress: Progress
) -> Path:
    """Write the first `n` samples of a stream; see `Stream.freeze`."""
    check_some(n)
    target = folder_for(path, overwrite)
    shapes = jax.eval_shape(lambda: stream.block(0))

    def room(shape: Any) -> np.ndarray:  # takes no memory
        return np.broadcast_to(np.zeros((), shape.dtype), (n, *shape.shape[1:]))

    like = told(stream, jax.tree.map(room, shapes), n)

    def parts() -> Iterator[Recording]:
        with reporter(progress, n, "samples", "samples") as report:
            for part, done in blocks_of(stream, n):
                yield part
                report(done)

    write_runs(like, parts(), target, overwrite)
    return Path(path)


def check_some(n: int) -> None:
    """Refuse to make no sample."""
    if whole("n", n) < 1:
        raise ValueError(f"n = {n}: ask for one sample or more.")


def told(stream: "Stream", made: Recording, n: int) -> Recording:
    """Samples with what made them: process, key, prior and settings."""
    recipe = stream.recipe
    facts = {
        "prior": {path: one.document() for path, one in recipe.prior.items()},
        "batch": stream.batch,
        "record": recipe.record and list(recipe.record),
        "non_finite": stream.non_finite,
        "windows": recipe.windows and list(recipe.windows),
    }
    return made.made_by(stream.process, recipe.key, Samples(n, facts))


def blocks_of(stream: "Stream", n: int) -> Iterator[tuple[Recording, int]]:
    """The first `n` samples in the batches that the stream makes, on the host.

    With each, how many there are by then.
    """
    size = stream.made_at_once
    stream.check_room(-(-n // size) * size)
    for done in range(0, n, size):
        rows = slice(min(size, n - done))
        host = jax.tree.map(np.asarray, stream.sound_block(done // size))
        yield jax.tree.map(operator.itemgetter(rows), host), done + rows.stop
