"""Long recordings frame block by frame block, with the draws of the unblocked run."""

import dataclasses
import math
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.core.block_programs import cut, frame_steps, head, is_timed, tail
from jaxsim.core.frames import n_frames
from jaxsim.core.heap import watch_compilers
from jaxsim.core.pipeline import Pipeline
from jaxsim.core.progress import Progress, reporter
from jaxsim.core.recording import Recording
from jaxsim.core.signal import Clock, Series
from jaxsim.core.step import AbstractFrameStep


HELD_BYTES = 2**27  # of a signal, up to which it goes back to the device
BLOCK_PIXELS = 3 * 2**19  # 6 MB of float32: stays in a cache, and in memory that the
# allocator reuses; what is larger it takes from the system anew, page by page
LONG = 200  # blocks, from which on a bar shows how far it is
AT_WORK = 2  # blocks: one paints cell by cell while all cores draw another's noise


class FrameBlocks(eqx.Module):
    """A recording made a few frames at a time, while it is looped over.

    `whole` is a Recording of what was asked for that does not come frame by frame.
    A loop gives (number of the first frame, Recording) pairs in order: the next frames
    of the signals named in `framewise`, on the host, with a status and times of their
    own. Looping again makes the same numbers anew.
    """

    process: Pipeline
    key: PRNGKeyArray
    whole: Recording
    given: dict[str, dict[str, Any]]
    framewise: tuple[str, ...] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    n_frames: int = eqx.field(static=True)
    size: int = eqx.field(static=True)
    progress: Progress = eqx.field(static=True)

    def __iter__(self) -> Iterator[tuple[int, Recording]]:
        done = 0
        with reporter(self.progress, self.n_frames, "frames", "frames") as report:
            for at, block in self._made():
                # a short last block starts earlier and repeats frames
                series = (_from(s, done - at, done) for s in block.series)
                yield done, Recording(tuple(series), block.names, block.status)
                done = at + self.size
                report(min(done, self.n_frames))

    def with_trials(self, rows: Any) -> "FrameBlocks":
        """The same, with the trials that `js.save` writes with the recording."""
        return dataclasses.replace(self, whole=self.whole.with_trials(rows))

    def _made(self) -> Iterator[tuple[int, Recording]]:
        """Blocks of one size, two at work: their first frames, and what they show."""
        index = jnp.arange(self.size, dtype=jnp.int32)
        first = cut(self.given, jnp.int32(0), self.size)
        # compiled here: flags such as x64 belong to a thread, and workers have others
        program = tail.lower(
            self.process, self.key, first, index, self.framewise
        ).compile()

        def run(given: Any, index: Any) -> Recording:
            made = program(self.process, self.key, given, index, self.framewise)
            return jax.tree.map(np.asarray, made)

        with ThreadPoolExecutor(AT_WORK) as workers:
            waiting: deque[tuple[int, Future]] = deque()
            for start in range(0, self.n_frames, self.size):
                at = min(start, self.n_frames - self.size)
                given = cut(self.given, jnp.int32(at), self.size)
                waiting.append((at, workers.submit(run, given, index + at)))
                if len(waiting) > AT_WORK:
                    at, block = waiting.popleft()
                    yield at, block.result()
            for at, block in waiting:
                yield at, block.result()


def _from(series: Series, skip: int, frame: int) -> Series:
    """A series without its first frames, its clock set to where it now begins."""
    clock = series.clock
    if clock is not None:
        start = np.asarray(clock.start_s + np.asarray(frame / clock.rate_hz))
        clock = Clock(start.astype(np.asarray(clock.start_s).dtype), clock.rate_hz)
    return Series(series.values[skip:], clock, series.card, series.labels)


def frame_blocks(
    process: Pipeline,
    key: PRNGKeyArray,
    record: tuple[str, ...],
    block: int,
    progress: Progress = False,
) -> FrameBlocks:
    """Whole-time acts, in one program; the blocks follow when they are looped over.

    Timed signals are cut to the block in a program of their own, since a slice inside
    the block program would be fused into every loop over pixels.

    Raises:
        ValueError: nothing recorded is made frame by frame, or a step needs all frames.
    """
    if isinstance(block, bool) or not isinstance(block, int) or block < 1:
        raise ValueError(
            f"block = {block!r} must be a whole number of frames, at least 1."
        )
    refuse_late_steps(process)
    framewise = made_by_frames(process, record)
    if not framewise:
        raise ValueError(
            "block= works on the frame-wise steps at the end of a process, but nothing "
            f"recorded ({', '.join(record)}) is made by one. Leave block out."
        )
    watch_compilers()  # the next line's leaves hundreds of MB behind
    whole, given = head(process, key, tuple(n for n in record if n not in framewise))
    total = frame_count(process, given)
    size = min(block, total)
    return FrameBlocks(
        process, key, whole, given, framewise, record, total, size, progress
    )


def frame_count(process: Pipeline, given: dict[str, dict[str, Any]]) -> int:
    """How many frames a process makes, from what its frame steps are given."""
    name, step = list(frame_steps(process).items())[-1]
    timed = {n: v for needs in given.values() for n, v in needs.items() if is_timed(v)}
    return n_frames(name, step, timed)


def all_frames(blocks: FrameBlocks) -> Recording:
    """All blocks, joined on the host; on the device again when they are small."""
    if blocks.n_frames > LONG * blocks.size:
        blocks = dataclasses.replace(blocks, progress=None)
    joined: dict[str, np.ndarray] = {}
    status, cards = np.asarray(blocks.whole.status), None
    for at, frames in blocks:
        cards = cards or frames
        for name in blocks.framewise:
            values = np.asarray(frames[name].values)
            if name not in joined:
                shape = (blocks.n_frames, *values.shape[1:])
                joined[name] = np.empty(shape, values.dtype)
            joined[name][at : at + len(values)] = values
        status = np.maximum(status, frames.status)
    series = []
    for name in blocks.names:
        if cards is not None and name in joined:
            series.append(cards[name].with_values(at_hand(joined[name])))
        else:
            series.append(blocks.whole[name])
    status = jnp.asarray(status, jnp.uint8)
    return Recording(tuple(series), blocks.names, status)


def at_hand(values: Any) -> Any:
    """An array on the device, unless it is so large that it should stay on the host."""
    large = isinstance(values, np.ndarray) and values.nbytes > HELD_BYTES
    return values if large else jnp.asarray(values)


def automatic_block(process: Pipeline, shapes: Recording) -> int | None:
    """Frames at a time where the caller does not say; none if it cannot be blocked.

    Blocks of any length give the same bits, since they are one program; a whole run as
    one program may round otherwise. So what can be made in blocks always is.

    Args:
        process: as `simulate` runs it.
        shapes: the recording that it would make, without values.
    """
    framewise = made_by_frames(process, shapes.names)
    if not framewise:
        return None
    try:
        refuse_late_steps(process)
    except ValueError:
        return None
    return frames_that_fit([shapes[name] for name in framewise])


def frames_that_fit(series: Sequence[Series]) -> int:
    """Frames of these signals to make at a time."""
    pixels = max(math.prod(one.values.shape[1:]) for one in series)
    block = max(1, round(BLOCK_PIXELS / max(pixels, 1)))
    # a GPU wants work enough for all its cores
    return block if jax.default_backend() == "cpu" else max(64, 16 * block)


def made_by_frames(process: Pipeline, record: tuple[str, ...]) -> tuple[str, ...]:
    """Which of the recorded names come frame by frame."""
    makers: dict[str, bool] = {}
    for name, step in zip(process.names, process.steps, strict=True):
        frame = isinstance(step, AbstractFrameStep)
        for signal in step.cards():
            late = frame and signal not in step.makes_once
            makers[signal] = makers[f"{name}.{signal}"] = late
    return tuple(n for n in record if makers.get(n, False))


def refuse_late_steps(process: Pipeline) -> None:
    """Refuse a process with a step that needs all frames of a signal."""
    late: dict[str, str] = {}
    for name, step in zip(process.names, process.steps, strict=True):
        if isinstance(step, AbstractFrameStep):
            frames = [n for n in step.cards() if n not in step.makes_once]
            late |= dict.fromkeys(frames, name)
            continue
        for need in step.needs:
            if need in late:
                raise ValueError(
                    f"step '{name}' ({type(step).__name__}) needs the whole of "
                    f"'{need}', which '{late[need]}' makes frame by frame, so this "
                    f"process cannot run in blocks. Leave block out, or take '{name}' "
                    "off its end."
                )
        for signal in step.cards():
            late.pop(signal, None)
