"""Mixes: which session the next batch is of, as a function of seed, epoch and place."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxsim.core.declared import nearest
from jaxsim.data.order import shuffled


MIXES = ("proportional", "longest", "shortest")
Turn = tuple[int | None, int, int]


class Mix(NamedTuple):
    """How batches go round the sessions.

    Attributes:
        told: its name in a state.
        counts: batches that each session has; of all together, where batches mix them.
        shares: batches of each in an epoch, or None: all in turn, `rounds` times.
        rounds: of an epoch in which all sessions come in turn.
        together: whether the chunks of one batch are of all sessions.
    """

    told: str
    counts: np.ndarray
    shares: np.ndarray | None
    rounds: int = 0
    together: bool = False

    @property
    def n_batches(self) -> int:
        """Of an epoch."""
        if self.shares is None:
            return self.rounds * len(self.counts)
        return int(self.shares.sum())

    def turn(self, epoch: int, position: int, seed: int | None) -> Turn:
        """Session (None: all), which of its passes, which batch of that pass.

        Args:
            epoch: number of it.
            position: of the batch in the epoch.
            seed: of the order; None keeps that of time.
        """
        if self.together:
            return None, epoch, position
        if self.shares is None:
            cycle, at = divmod(position, len(self.counts))
            if seed is not None:
                where = np.array([at]), len(self.counts)
                at = int(shuffled(*where, seed, epoch, -1 - cycle)[0])
            done = epoch * self.rounds + cycle
            return (at, *divmod(done, int(self.counts[at])))
        at = position
        if seed is not None:
            at = int(shuffled(np.array([at]), self.n_batches, seed, epoch, -1)[0])
        ends = np.cumsum(self.shares)
        session = int(np.searchsorted(ends, at, "right"))
        share = int(self.shares[session])
        done = epoch * share + at - int(ends[session]) + share
        return (session, *divmod(done, int(self.counts[session])))


def mix_of(mix: Any, chunks: Any, batch: int, one_session: bool) -> Mix:
    """The mix that is asked for.

    Raises:
        ValueError: an unknown one, weights that do not fit the sessions, or a batch of
            more chunks than there are.
    """
    names = [session.name for session in chunks.sessions]
    if not one_session:
        return _together(mix, chunks, batch)
    sizes = np.array([len(starts) for starts in chunks.starts])
    counts = sizes // batch
    if isinstance(mix, str):
        if mix not in MIXES:
            raise ValueError(
                f"mix = {mix!r} is not one of {', '.join(MIXES)}, nor weights."
                f"{nearest(mix, MIXES)}"
            )
        needed = np.zeros(len(counts), bool) if mix == "proportional" else counts == 0
        if not counts.any() or needed.any():
            few = int(np.argmin(counts))
            raise _too_few(batch, int(sizes[few]), f"session '{names[few]}'")
        if mix == "proportional":
            return Mix(mix, counts, counts)
        rounds = counts.max() if mix == "longest" else counts.min()
        return Mix(mix, counts, None, int(rounds))
    weights = _weights(mix, names)
    for number in np.flatnonzero((weights > 0) & (counts == 0)).tolist():
        raise _too_few(batch, int(sizes[number]), f"session '{names[number]}'")
    shares = _shares(weights, int(counts.sum()))
    digest = hashlib.sha256(shares.tobytes()).hexdigest()[:16]
    return Mix(f"weights {digest}", counts, shares)


def _together(mix: Any, chunks: Any, batch: int) -> Mix:
    if mix != "proportional":
        raise ValueError(
            f'one_session=False goes with mix="proportional" alone, not with {mix!r}: '
            "batches of chunks of all sessions are drawn from all chunks alike."
        )
    if len({id(chunks.part_of(number)) for number in range(len(chunks.sessions))}) > 1:
        raise ValueError(
            "one_session=False takes chunks that are all cut alike, those of one "
            "ChunkDataset; a SessionMixture has batches of one session."
        )
    if len(chunks) < batch:
        raise _too_few(batch, len(chunks), "all sessions together")
    count = np.array([len(chunks) // batch])
    return Mix("together", count, count, together=True)


def _too_few(batch: int, n: int, whose: str) -> ValueError:
    return ValueError(f"batch = {batch} is more than the {n} chunks of {whose}.")


def _weights(mix: Any, names: list[str]) -> np.ndarray:
    told = f"mix = {mix!r}"
    if isinstance(mix, Mapping):
        for name in mix:
            if name not in names:
                raise ValueError(
                    f"{told}: there is no session '{name}'; there are "
                    f"{', '.join(names)}.{nearest(str(name), names)}"
                )
        mix = [mix.get(name, 0.0) for name in names]
    if not isinstance(mix, (Sequence, np.ndarray)) or len(mix) != len(names):
        raise ValueError(
            f"{told} must be {', '.join(MIXES)}, or a weight for each of the "
            f"{len(names)} sessions {', '.join(names)}."
        )
    try:
        weights = np.asarray(mix, float)
    except (TypeError, ValueError):
        weights = np.array([np.nan])
    if not (np.isfinite(weights) & (weights >= 0)).all() or not weights.sum() > 0:
        raise ValueError(f"{told}: weights must be 0 or more, and one of them above 0.")
    return weights / weights.sum()


def _shares(weights: np.ndarray, n: int) -> np.ndarray:
    """Whole numbers that add to n, by the largest remainders."""
    exact = weights * n
    shares = np.floor(exact).astype(np.int64)
    order = np.argsort(shares - exact, kind="stable")
    shares[order[: n - int(shares.sum())]] += 1
    return shares
