"""Stream: batches without end, made on the device as they are needed."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxsim.core.progress import Progress
from jaxsim.core.recording import Recording
from jaxsim.core.step import AbstractStep
from jaxsim.data.freeze import blocks_of, check_some, freeze, told
from jaxsim.data.fused import Update, scanned
from jaxsim.data.replay import Replay, Ring
from jaxsim.data.samples import Recipe, refuse_broken, samples
from jaxsim.data.whole import whole
from jaxsim.study.lanes import place


MOST = 2**32  # samples: what a number folded into a key can tell apart


class Stream:
    """Batches of simulated samples, endless and reproducible. Made by `js.stream`.

    Sample `n` of a stream is a function of the key and `n`: the values that the prior
    gives it, and the run with them. Batch `s` holds samples `s batch` to `(s + 1)
    batch - 1`, whatever the batch size, so all there is to remember is (key, step).

    ```python
    for batch in js.stream(process, prior, key, batch=64, record=("movie", "trace")):
        params = update(params, batch["movie"].values, batch["miniscope.na"].values)
    ```

    A batch is a recording with the batch axis in front; the drawn values are signals
    under their paths, and `batch.status` says of each sample how its run ended. The
    next batch is asked for before one is handed out, and nothing waits for a value, so
    on an accelerator the host is never in the way. On one device generation and
    training still share it: a step takes the time of both.

    Attributes:
        step: the batch that comes next.
        stride: from one batch to the next, more than 1 in a shard.
    """

    def __init__(
        self,
        process: AbstractStep,
        recipe: Recipe,
        batch: int,
        non_finite: str,
        lanes: Any,
        replay: Replay | None,
    ) -> None:
        self.process, self.recipe, self.batch = process, recipe, batch
        self.non_finite, self.lanes, self.replay = non_finite, lanes, replay
        self.step, self.stride = 0, 1
        self._ahead: tuple[int, Recording] | None = None
        self._ring = self._new_ring()

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: all but the batches."""
        return self.__dict__ | {"_ahead": None, "_ring": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self._ring = self._new_ring()

    def __iter__(self) -> Iterator[Recording]:
        return self

    def __next__(self) -> Recording:
        step, ahead = self.step, self._ahead
        made = ahead[1] if ahead and ahead[0] == step else self._made(step)
        self.step = step + self.stride
        self._ahead = self.step, self._made(self.step)
        return made if self._ring else self._checked(step, made)

    def at(self, step: int) -> Recording:
        """Batch number `step`, without those before it.

        With replay, all samples that it may draw on are made.
        """
        self._check_step(step)
        ring = self._new_ring()
        return self.sound_block(step) if ring is None else ring.batch(step)

    def skip(self, n_steps: int) -> "Stream":
        """Go on `n_steps` later; nothing is made in between."""
        step = self.step + whole("n_steps", n_steps) * self.stride
        self._check_step(step)
        self.step = step
        return self

    def shard(self, worker: int, of: int) -> "Stream":
        """The part of one of several readers: every `of`-th batch from here.

        Worker 0 takes the next batch, worker 1 the one after it; read in turn they give
        the batches of this stream. A shard is a stream by itself.

        Raises:
            ValueError: no such worker, or a stream with replay, which one reader holds.
        """
        if not 0 <= whole("worker", worker) < whole("of", of):
            raise ValueError(f"worker {worker} of {of}: the first is 0.")
        if self.replay and of > 1:
            raise ValueError(
                "a stream with replay keeps its samples in one place, so it has one "
                "reader. Leave replay out, or the workers."
            )
        part = copy.copy(self)
        part._ahead, part._ring = None, part._new_ring()
        part.step += worker * self.stride
        part.stride *= of
        return part

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers that say where the stream is."""
        key = np.asarray(jax.random.key_data(self.recipe.key)).ravel().tolist()
        mixed = {"replay": list(self.replay)} if self.replay else {}
        return {"key": key, "batch": self.batch, "step": self.step} | mixed

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a stream of the same process, prior and batch was.

        With replay, the samples kept are made anew when the next batch is asked for.

        Raises:
            ValueError: a state of another key, batch size or replay, or a step that is
                no batch.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is what state_dict() gave, not {state!r}.")
        own = self.state_dict()
        for name in ("key", "batch", "replay"):
            theirs, ours = _listed(state.get(name)), _listed(own.get(name))
            if theirs != ours:
                raise ValueError(
                    f"this state is of a stream with {name} = {theirs}, but this one "
                    f"has {name} = {ours}. Make the stream with the same {name}."
                )
        step = whole("step of the state", state.get("step"))
        self._check_step(step)
        self.step = step

    def scan(self, update: Update, carry: Any, n_steps: int) -> tuple[Any, Any]:
        """Train inside one program: each batch is made where it is used.

        Args:
            update: (carry, batch) -> (carry, what to keep of the step), as in
                `jax.lax.scan`. Compiled once for each function and `n_steps`.
            carry: parameters, optimizer state, ...
            n_steps: batches to use; the stream goes on behind them.

        Returns:
            The last carry, and what was kept, stacked. Samples are those of the loop;
            since another program makes them, their last digits may differ.
        """
        behind = self.step + whole("n_steps", n_steps) * self.stride
        self._check_step(behind - self.stride)
        # steps are known to fit: these numbers go through whole, or wrap to the same
        numbers = np.asarray([self.step, self.stride], np.uint32)
        first, stride = jax.device_put(tuple(numbers))
        held = self._ring.at(self.step) if self._ring else None
        sizes = self.made_at_once, self.replay, n_steps
        held, *out = scanned(update, self.recipe, held, carry, first, stride, *sizes)
        if self._ring:
            self._ring.held, self._ring.step = held, behind
        self.step, self._ahead = behind, None
        return out[0], out[1]

    def take(self, n: int) -> Recording:
        """The first `n` samples of all, on the host, with what made them.

        They are made in this stream's batches, so they are its bits.

        Raises:
            ValueError: none asked for.
        """
        check_some(n)
        parts = [part for part, _ in blocks_of(self, n)]
        return told(self, jax.tree.map(lambda *x: np.concatenate(x), *parts), n)

    def freeze(
        self, n: int, path: Any, *, overwrite: bool = False, progress: Progress = None
    ) -> Path:
        """Write the first `n` samples to a store, such as a test set.

        `js.load(path)` gives the bits of `take(n)`, but no more than a batch and some
        megabytes of each signal are ever held. The store knows the process, the prior,
        the key and the version; it is whole or not there, even if the program is
        killed. `js.ChunkDataset` and xarray open it as any other.

        Args:
            n: how many.
            path: a folder, "test.zarr".
            overwrite: replace what is there; until the new one is whole, the old stays.
            progress: None shows a bar where stderr is a terminal, True shows it
                anywhere, False never; a callable is called with (done, total) samples.

        Raises:
            FileExistsError: the name is taken. OSError: the disk is full.
        """
        return freeze(self, n, path, overwrite, progress)

    def torch(self) -> Any:
        """An `IterableDataset` of torch; see `jaxsim.data.torch_face`."""
        from jaxsim.data.torch_face import torch_face

        return torch_face(self)

    def grain(self) -> Any:
        """An `IterDataset` of grain; see `jaxsim.data.grain_face`."""
        from jaxsim.data.grain_face import grain_face

        return grain_face(self)

    @property
    def made_at_once(self) -> int:
        """How many new samples a step makes."""
        return self.replay.fresh if self.replay else self.batch

    def block(self, number: int) -> Recording:
        """The samples that come `number` times `made_at_once` after the first."""
        first, n = number * self.made_at_once, self.made_at_once
        numbers = (first + np.arange(n, dtype=np.int64)).astype(np.uint32)
        if self.lanes is None:
            return samples(self.recipe, jax.device_put(numbers))
        return samples(self.recipe, place(numbers, self.lanes, True))

    def sound_block(self, number: int) -> Recording:
        """The same, refused where they must stay finite and do not."""
        return self._checked(number, self.block(number))

    def check_room(self, n: int) -> None:
        """Refuse more samples than numbers can tell apart."""
        if n > MOST:
            raise ValueError(
                f"a stream has {MOST} samples, and this asks for {n}; take another key."
            )

    def _new_ring(self) -> Ring | None:
        if self.replay is None:
            return None
        return Ring(self.replay, self.recipe.key, self.sound_block)

    def _check_step(self, step: int) -> None:
        if whole("step", step) < 0:
            raise ValueError(f"step = {step} is before the first batch, number 0.")
        kept = self.replay.kept if self.replay else 0
        self.check_room(kept + (step + 1) * self.made_at_once)

    def _made(self, step: int) -> Recording:
        self._check_step(step)
        return self._ring.batch(step) if self._ring else self.block(step)

    def _checked(self, block: int, made: Recording) -> Recording:
        if self.non_finite == "raise":
            refuse_broken(made, block * self.made_at_once, tuple(self.recipe.prior))
        return made


def _listed(value: Any) -> Any:
    """Arrays and tuples as lists: what a state is after it was in a file."""
    return value if value is None else np.asarray(value).tolist()
