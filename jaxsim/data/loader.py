"""Batches of chunks on the device: read in threads, finished by one jitted function.

Movies travel as the bytes of their file, a quarter of float32; casting, normalising and
resizing happen on the device.
"""

import collections
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from jaxsim.data.chunks import ChunkDataset, Sample
from jaxsim.data.order import shuffled


MIXES = ("proportional", "longest", "shortest")


class Batches:
    """Shuffled batches of a dataset, all chunks of a batch from one session.

    Which chunks are in batch p of epoch e is a function of the seed, e and p: the order
    depends neither on the number of threads nor on what was read before, and to go on
    after a stop takes `state_dict`, a few numbers.

    Args:
        chunks: what they are cut of.
        batch: how many chunks each has.
        mix: of sessions. "proportional": every chunk at most once an epoch, sessions in
            random order. "longest": every session as often as the longest has batches,
            the shorter ones going round; "shortest": as often as the shortest.
        shuffle: False gives the order of time.
        epoch: to begin with.
        workers: threads that read; 0 reads when asked.
        prefetch: batches read ahead.
        device: where to; None is JAX's default.

    Raises:
        ValueError: a batch larger than a session has chunks.
    """

    def __init__(
        self,
        chunks: ChunkDataset,
        batch: int,
        *,
        mix: str = "proportional",
        shuffle: bool = True,
        epoch: int = 0,
        workers: int = 2,
        prefetch: int = 2,
        device: Any = None,
    ) -> None:
        if mix not in MIXES:
            raise ValueError(f"mix = {mix!r} is not one of {MIXES}.")
        for name, value, least in (
            ("batch", batch, 1),
            ("workers", workers, 0),
            ("prefetch", prefetch, 1),
        ):
            if value < least:
                raise ValueError(f"{name} = {value} must be {least} or more.")
        self.chunks, self.batch, self.mix, self.shuffle = chunks, batch, mix, shuffle
        self.epoch, self.position = epoch, 0
        self.workers, self.prefetch, self.device = workers, prefetch, device
        self._counts = np.array([len(starts) for starts in chunks.starts]) // batch
        needed = self._counts.sum() if mix == "proportional" else self._counts.min()
        if needed == 0:
            few = int(np.argmin(self._counts))
            raise ValueError(
                f"batch = {batch} is more than the {len(chunks.starts[few])} chunks of "
                f"session '{chunks.sessions[few].name}'."
            )
        self._finish = jax.jit(self._finished)

    def __len__(self) -> int:
        if self.mix == "proportional":
            return int(self._counts.sum())
        rounds = self._counts.max() if self.mix == "longest" else self._counts.min()
        return int(rounds) * len(self._counts)

    def indices(self, epoch: int, position: int) -> np.ndarray:
        """The chunks of one batch: what `batch_sampler` of another loader may go by."""
        session, turn, number = self._turn(epoch, position)
        at = np.arange(number * self.batch, (number + 1) * self.batch)
        n = len(self.chunks.starts[session])
        if self.shuffle:
            at = shuffled(at, n, self.chunks.seed, turn, session)
        return self.chunks.first[session] + at

    def _turn(self, epoch: int, position: int) -> tuple[int, int, int]:
        """Session, which of its own passes, and which batch of that pass."""
        seed, n = self.chunks.seed, len(self._counts)
        if self.mix == "proportional":
            at = position
            if self.shuffle:
                at = int(shuffled(np.array([at]), len(self), seed, epoch, -1)[0])
            ends = np.cumsum(self._counts)
            session = int(np.searchsorted(ends, at, "right"))
            return session, epoch, int(at - ends[session] + self._counts[session])
        cycle, at = divmod(position, n)
        if self.shuffle:
            at = int(shuffled(np.array([at]), n, seed, epoch, -1 - cycle)[0])
        count = int(self._counts[at])
        turn, number = divmod(epoch * (len(self) // n) + cycle, count)
        return at, turn, number

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: plain numbers and a digest."""
        return {
            "epoch": self.epoch,
            "position": self.position,
            "seed": self.chunks.seed,
            "batch": self.batch,
            "mix": self.mix,
            "shuffle": self.shuffle,
            "fingerprint": self.chunks.fingerprint,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another one stood.

        Raises:
            ValueError: it stood in other data, or in another order.
        """
        mine = self.state_dict()
        for name, value in mine.items():
            if name not in ("epoch", "position") and state.get(name) != value:
                raise ValueError(
                    f"the state is of batches with {name} = {state.get(name)!r}, where "
                    f"these have {value!r}: its position means nothing here."
                )
        self.epoch, self.position = int(state["epoch"]), int(state["position"])

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
        out: Sample = {}
        for row, index in enumerate(self.indices(epoch, position).tolist()):
            _put(out, self.chunks.raw(index), row, self.batch)
        return out

    def finish(self, raw: Sample) -> Sample:
        """To the device: cast, resized, normalised; `meta` stays where it is."""
        session = int(raw["meta"]["session"][0])
        moved = jax.device_put(
            {name: part for name, part in raw.items() if name != "meta"}, self.device
        )
        values = {name: moved.pop(name) for name in self.chunks.modalities}
        normal = self.chunks.normal(session, np.float32)
        return self._finish(values, normal) | moved | {"meta": raw["meta"]}

    def _finished(self, values: dict[str, Any], normal: dict[str, Any]) -> Sample:
        def one(values: dict[str, Any]) -> Sample:
            return self.chunks.finished(values, normal)

        return jax.vmap(one)(values)


def _put(out: Sample, sample: Sample, row: int, n: int) -> None:
    for name, part in sample.items():
        if isinstance(part, dict):
            _put(out.setdefault(name, {}), part, row, n)
            continue
        if name not in out:
            out[name] = np.empty((n, *np.shape(part)), np.asarray(part).dtype)
        out[name][row] = part
