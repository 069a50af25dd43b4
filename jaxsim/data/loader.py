"""Batches of chunks on the device: read in threads, finished by one jitted function.

Movies travel as the bytes of their file, a quarter of float32; casting, normalising and
resizing happen on the device.
"""

import collections
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from jaxsim.data.asked import checked_yes
from jaxsim.data.mixes import Mix, mix_of
from jaxsim.data.order import shuffled
from jaxsim.data.stacked import Sample, stacked


class Batches:
    """Shuffled batches of a dataset, all chunks of a batch from one session or not.

    Which chunks are in batch p of epoch e is a function of the seed, e and p: the order
    depends neither on the number of threads nor on what was read before, and to go on
    after a stop takes `state_dict`, a few numbers.

    Args:
        chunks: what they are cut of.
        batch: how many chunks each has.
        mix: of sessions. "proportional": every chunk at most once an epoch, sessions in
            random order. "longest": every session as often as the longest has batches,
            the shorter ones going round; "shortest": as often as the shortest. Weights,
            one number per session or a mapping by name: shares of the batches.
        one_session: whether all chunks of a batch are of one session; False mixes
            them chunk by chunk, which takes sessions of one shape.
        shuffle: False gives the order of time.
        epoch: to begin with.
        workers: threads that read; 0 reads when asked.
        prefetch: batches read ahead.
        device: where to; None is JAX's default.

    Raises:
        ValueError: a batch larger than a session has chunks, or an unknown mix.
    """

    def __init__(
        self,
        chunks: Any,
        batch: int,
        *,
        mix: Any = "proportional",
        one_session: bool = True,
        shuffle: bool = True,
        epoch: int = 0,
        workers: int = 2,
        prefetch: int = 2,
        device: Any = None,
    ) -> None:
        for name, value, least in (
            ("batch", batch, 1),
            ("workers", workers, 0),
            ("prefetch", prefetch, 1),
            ("epoch", epoch, 0),
        ):
            if not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(
                    f"{name} = {value!r} must be a whole number, {least} or more."
                )
        self.chunks, self.batch = chunks, int(batch)
        self.shuffle = checked_yes("shuffle", shuffle)
        one_session = checked_yes("one_session", one_session)
        self.epoch, self.position = epoch, 0
        self.workers, self.prefetch, self.device = workers, prefetch, device
        self.mix: Mix = mix_of(mix, chunks, self.batch, one_session)
        self._finish: dict[tuple[int, bool], Any] = {}  # compiled, by part and kind

    def __len__(self) -> int:
        return self.mix.n_batches

    def indices(self, epoch: int, position: int) -> np.ndarray:
        """The chunks of one batch: what `batch_sampler` of another loader may go by."""
        seed = self.chunks.seed if self.shuffle else None
        if epoch < 0 or not 0 <= position < len(self):
            raise IndexError(
                f"batch {position} of epoch {epoch}: an epoch has {len(self)} batches, "
                "the first is 0."
            )
        session, turn, number = self.mix.turn(epoch, position, seed)
        at = np.arange(number * self.batch, (number + 1) * self.batch)
        if session is None:  # of all sessions
            n = len(self.chunks)
            return at if seed is None else shuffled(at, n, seed, turn, -1)
        n = len(self.chunks.starts[session])
        if seed is not None:
            at = shuffled(at, n, seed, turn, session)
        return self.chunks.first[session] + at

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: plain numbers and a digest."""
        return {
            "epoch": self.epoch,
            "position": self.position,
            "seed": self.chunks.seed,
            "batch": self.batch,
            "mix": self.mix.told,
            "shuffle": self.shuffle,
            "fingerprint": self.chunks.fingerprint,
        }

    def load_state_dict(self, state: Any) -> None:
        """Go on where another one stood.

        Raises:
            ValueError: it stood in other data, or in another order.
        """
        mine, places = self.state_dict(), ("epoch", "position")
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is what state_dict() gave, not {state!r}.")
        for name, value in mine.items():
            if name not in places and state.get(name) != value:
                raise ValueError(
                    f"the state is of batches with {name} = {state.get(name)!r}, where "
                    f"these have {value!r}: its position means nothing here."
                )
        epoch, position = (_count(state.get(name)) for name in places)
        if epoch < 0 or not 0 <= position <= len(self):
            raise ValueError(
                f"the state stands at batch {state.get('position')!r} of epoch "
                f"{state.get('epoch')!r}; an epoch has {len(self)} batches."
            )
        self.epoch, self.position = epoch, position

    get_state, set_state = state_dict, load_state_dict  # as grain calls them

    def __iter__(self) -> Iterator[Sample]:
        """The rest of this epoch; the next time, the next epoch."""
        ahead: collections.deque[Future | int] = collections.deque()
        epoch, asked = self.epoch, self.position
        with ThreadPoolExecutor(max(self.workers, 1)) as pool:
            while self.epoch == epoch and self.position < len(self):
                while asked < len(self) and len(ahead) <= self.prefetch:
                    ahead.append(self._asked(pool, epoch, asked))
                    asked += 1
                future = ahead.popleft()
                raw = future.result() if isinstance(future, Future) else None
                raw = self.read(epoch, self.position) if raw is None else raw
                self.position += 1
                yield self.finish(raw)
            if self.position >= len(self):
                self.epoch, self.position = epoch + 1, 0

    def _asked(self, pool: ThreadPoolExecutor, epoch: int, at: int) -> Future | int:
        return pool.submit(self.read, epoch, at) if self.workers else at

    def read(self, epoch: int, position: int) -> Sample:
        """One batch in the types of its files, in one array per modality."""
        return stacked(self.chunks.raw, self.indices(epoch, position).tolist())

    def finish(self, raw: Sample) -> Sample:
        """To the device: cast, resized, normalised; `meta` stays where it is."""
        sessions = raw["meta"]["session"].tolist()
        part = self.chunks.part_of(sessions[0])
        moved = jax.device_put(
            {name: part for name, part in raw.items() if name != "meta"}, self.device
        )
        values = {name: moved.pop(name) for name in part.out}
        alone = len(set(sessions)) == 1  # one statistic for all, else one for each
        normals = [
            self.chunks.normal(session, np.float32)
            for session in (sessions[:1] if alone else sessions)
        ]
        normal = normals[0] if alone else jax.tree.map(_stack, *normals)
        finish = self._program(part, alone)
        return finish(values, normal) | moved | {"meta": raw["meta"]}

    def _program(self, part: Any, alone: bool) -> Any:
        """Casts, resizes and normalises the batches of a dataset; compiled once."""
        which = id(part), alone
        if which not in self._finish:
            axes = (0, None) if alone else (0, 0)
            self._finish[which] = jax.jit(jax.vmap(part.finished, axes))
        return self._finish[which]


def _count(number: Any) -> int:
    return number if isinstance(number, int) else -1


def _stack(*parts: np.ndarray) -> np.ndarray:
    return np.stack(parts)
