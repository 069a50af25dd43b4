"""Long recordings frame block by frame block, with the draws of the unblocked run."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray

from jaxsim.core.frames import n_frames, run_block, run_once
from jaxsim.core.pipeline import Pipeline, run_step
from jaxsim.core.recording import Recording, record_of
from jaxsim.core.signal import Series
from jaxsim.core.step import AbstractFrameStep, fold_name


AT_ONCE_BYTES = 2**28  # of a float movie
ALL = 2**31  # frames: one block


def simulate_in_blocks(
    process: Pipeline, key: PRNGKeyArray, record: tuple[str, ...], block: int
) -> Recording:
    """Whole-time acts in one program, then blocks of frames, one in flight.

    A short last block starts earlier and repeats frames: the same bits, and no second
    compilation. Timed signals are cut to the block in a program of their own, since a
    slice inside the block program would be fused into every loop over pixels.
    """
    if isinstance(block, bool) or not isinstance(block, int) or block < 1:
        raise ValueError(
            f"block = {block!r} must be a whole number of frames, at least 1."
        )
    _refuse_late_steps(process)
    framewise = _made_by_frames(process, record)
    if not framewise:
        raise ValueError(
            "block= works on the frame-wise steps at the end of a process, but nothing "
            f"recorded ({', '.join(record)}) is made by one. Leave block out."
        )
    whole = tuple(n for n in record if n not in framewise)
    head, given = _head(process, key, whole)
    last = max(given, key=lambda name: list(given).index(name))
    total = n_frames(last, _step(process, last), _timed_only(given))
    size = min(block, total)
    pieces: dict[str, list[np.ndarray]] = {name: [] for name in framewise}
    status = np.asarray(head.status)
    frames = None
    for start in range(0, total, size):
        at = min(start, total - size)
        index = at + jnp.arange(size, dtype=jnp.int32)
        frames = _tail(process, key, _cut(given, jnp.int32(at), size), index, framewise)
        for name in framewise:
            pieces[name].append(np.asarray(frames[name].values)[start - at :])
        status = np.maximum(status, np.asarray(frames.status))
    series = []
    for name in record:
        if name in framewise and frames is not None:
            joined = frames[name].with_values(np.concatenate(pieces[name]))
            series.append(joined)
        else:
            series.append(head[name])
    return Recording(tuple(series), record, np.asarray(status, np.uint8))


def automatic_block(process: Pipeline, shapes: Recording) -> int | None:
    """Frames at a time where the caller does not say: all, if there is room for them.

    Blocks of any length give the same bits, since they are one program; a whole run as
    one program may round otherwise. So what can be made in blocks always is.

    Args:
        process: as `simulate` runs it.
        shapes: the recording that it would make, without values.
    """
    framewise = _made_by_frames(process, shapes.names)
    largest = max((shapes[name].values.size for name in framewise), default=0)
    if not framewise:
        return None
    try:
        _refuse_late_steps(process)
    except ValueError:
        return None
    if 4 * largest <= AT_ONCE_BYTES:  # every step on the way holds it in float32
        return ALL
    # a small block stays in a CPU's cache; a GPU wants work enough for all its cores
    return 8 if jax.default_backend() == "cpu" else 64


def _frame_steps(process: Pipeline) -> dict[str, AbstractFrameStep]:
    pairs = zip(process.names, process.steps, strict=True)
    return {n: s for n, s in pairs if isinstance(s, AbstractFrameStep)}


def _step(process: Pipeline, name: str) -> AbstractFrameStep:
    return _frame_steps(process)[name]


def _made_by_frames(process: Pipeline, record: tuple[str, ...]) -> tuple[str, ...]:
    """Which of the recorded names come frame by frame."""
    makers: dict[str, bool] = {}
    for name, step in zip(process.names, process.steps, strict=True):
        frame = isinstance(step, AbstractFrameStep)
        for signal in step.cards():
            late = frame and signal not in step.makes_once
            makers[signal] = makers[f"{name}.{signal}"] = late
    return tuple(n for n in record if makers.get(n, False))


def _refuse_late_steps(process: Pipeline) -> None:
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


@eqx.filter_jit
def _head(
    process: Pipeline, key: PRNGKeyArray, whole: tuple[str, ...]
) -> tuple[Recording, dict[str, dict[str, Any]]]:
    """Everything that sees the whole recording; and what each frame step is given."""
    made: dict[str, Any] = {}
    log: dict[str, Any] = {}
    given: dict[str, dict[str, Any]] = {}
    for name, step in zip(process.names, process.steps, strict=True):
        step_key = fold_name(key, name)
        if not isinstance(step, AbstractFrameStep):
            run_step(name, step, step_key, made, log)
            continue
        once = run_once(name, step, step_key, made)
        given[name] = {n: made[n] for n in step.needs_frame if n in made} | once
        for signal in step.cards():
            made.pop(signal, None)
        made |= once
        log |= {f"{name}.{n}": value for n, value in once.items()}
    statuses = [v.values for n, v in log.items() if n.endswith(".status")]
    return record_of(made | log, whole, statuses), given


def _timed_only(given: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        f"{step}.{n}": value
        for step, needs in given.items()
        for n, value in needs.items()
        if isinstance(value, Series) and value.card.timed
    }


@eqx.filter_jit
def _cut(given: Any, at: Int[Array, ""], size: int) -> Any:
    def cut(value: Any) -> Any:
        if not (isinstance(value, Series) and value.card.timed):
            return value
        return value.with_values(jax.lax.dynamic_slice_in_dim(value.values, at, size))

    return jax.tree.map(cut, given, is_leaf=lambda x: isinstance(x, Series))


@eqx.filter_jit
def _tail(
    process: Pipeline,
    key: PRNGKeyArray,
    given: dict[str, dict[str, Any]],
    index: Int[Array, "frame"],
    record: tuple[str, ...],
) -> Recording:
    """One block of frames through every frame step."""
    made: dict[str, Any] = {}
    log: dict[str, Any] = {}
    for name, step in _frame_steps(process).items():
        needs = {n: made[n] for n in step.needs_frame if n in made} | given[name]
        out = run_block(name, step, fold_name(key, name), needs, index)
        made |= out
        log |= {f"{name}.{n}": value for n, value in out.items()}
    statuses = [v.values for n, v in log.items() if n.endswith(".status")]
    return record_of(made | log, record, statuses)
