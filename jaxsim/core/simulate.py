"""simulate(process, key) -> Recording: one program, pure in process and key."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from jaxsim.core.alone import alone
from jaxsim.core.blocks import (
    FrameBlocks,
    all_frames,
    automatic_block,
    frame_blocks,
    made_by_frames,
)
from jaxsim.core.declared import nearest
from jaxsim.core.param import concrete
from jaxsim.core.pipeline import Pipeline, as_pipeline, has_frames
from jaxsim.core.progress import Progress
from jaxsim.core.recording import Recording, record_of
from jaxsim.core.signal import Series
from jaxsim.core.step import AbstractStep, step_name


def simulate(
    process: AbstractStep,
    key: PRNGKeyArray,
    record: Sequence[str] | None = None,
    *,
    block: int | None = None,
) -> Recording:
    """Run a process once.

    The same process and key give the same recording, bit for bit, on one machine and
    version. What is not recorded is not computed. Changing a parameter's value does
    not compile anew; changing a static field or `record` does.

    Args:
        process: a Pipeline, or a step that needs nothing (js.Network(...)).
        key: `jax.random.key(seed)`.
        record: names of signals ("movie"), also of earlier makers ("render.movie");
            by default the latest value of every name.
        block: frames at a time for the frame-wise steps at the end of the process, so
            that a long movie needs the memory of a few blocks; by default as many as
            fit into a cache. The numbers do not depend on it. A movie of more than
            128 MB stays on the host.

    Returns:
        The recording; `recording.status` tells how the run ended.

    Raises:
        ValueError: an unknown signal, or a process that cannot be blocked.
        TypeError: no process, or no key.
        MemoryError: the recorded signals do not fit, with the size of each.
    """
    check_key(key)
    names = _names(record)
    plain = concrete(process, key)
    try:
        if block is not None or (plain and has_frames(process)):
            recording = begun_in_blocks(process, key, names, plain, block)()
        else:
            recording = _simulate(process, key, names, plain)
    except jax.errors.JaxRuntimeError as error:
        raise _told(error, process, names) from None
    return recording.made_by(process, key)


def in_blocks(
    process: AbstractStep,
    key: PRNGKeyArray,
    record: Sequence[str] | None = None,
    *,
    block: int | None = None,
    progress: Progress = None,
) -> FrameBlocks:
    """A recording of frames, some at a time, for movies too long to be held.

    ```python
    for first, frames in js.in_blocks(process, key, ("movie",)):
        analyse(frames["movie"].values)
    js.save(js.in_blocks(process, key), "movie.zarr")
    ```

    The numbers are those of `simulate`. What sees the whole time (cells, spikes,
    traces, motion) is made by this call and held; frames are made in the loop.

    Args:
        process, key, record: as for `simulate`.
        block: frames at a time; by default as many as fit into a cache.
        progress: None shows a bar where stderr is a terminal, True shows it anywhere,
            False never; a callable is called with (done, total) frames.

    Raises:
        ValueError: an unknown signal, or a process that does not make frames.
    """
    check_key(key)
    pipeline = _as_pipeline(process)
    shapes = eqx.filter_eval_shape(
        _simulate, process, key, _names(record), concrete(process, key)
    )
    frames = automatic_block(pipeline, shapes) if block is None else block
    if frames is None:
        frames = 1  # to be refused by the sentence that fits
    return frame_blocks(pipeline, key, shapes.names, frames, progress)


def frame_bytes(
    process: AbstractStep, key: PRNGKeyArray, record: Sequence[str] | None = None
) -> int:
    """Bytes of all that a recording would hold frame by frame; nothing is run."""
    check_key(key)
    pipeline, names = _as_pipeline(process), _names(record)
    plain = concrete(process, key)  # as `simulate` says it, so that it is traced once
    shapes = eqx.filter_eval_shape(_simulate, process, key, names, plain)
    frames = [shapes[n].values for n in made_by_frames(pipeline, shapes.names)]
    return sum(v.size * v.dtype.itemsize for v in frames)


def begun_in_blocks(
    process: AbstractStep,
    key: PRNGKeyArray,
    names: tuple[str, ...] | None,
    plain: bool = True,
    block: int | None = None,
) -> Callable[[], Recording]:
    """A run block by block, of the caller's length or as many frames as there is room.

    What sees the whole time is begun by this call, and computed while the caller does
    something else; the call of what it returns makes the frames.
    """
    pipeline = _as_pipeline(process)
    # of the compiled function, whose trace JAX keeps: in later calls it is free
    shapes = eqx.filter_eval_shape(_simulate, process, key, names, plain)
    frames = automatic_block(pipeline, shapes) if block is None else block
    if frames is None:
        recording = _simulate(process, key, names, plain)
        return lambda: recording
    blocks = frame_blocks(pipeline, key, shapes.names, frames)
    return lambda: all_frames(blocks)


def _as_pipeline(process: AbstractStep) -> Pipeline:
    return as_pipeline(process, step_name(type(process)))


def _names(record: Any) -> tuple[str, ...] | None:
    if record is None or isinstance(record, str):
        return record if record is None else (record,)
    if not isinstance(record, Sequence) or not all(isinstance(n, str) for n in record):
        raise TypeError(
            f"record takes names of signals, such as 'activity' or ('activity', "
            f"'states'), got {record!r}."
        )
    return tuple(record)


def _told(error: Exception, process: AbstractStep, names: Any) -> Exception:
    """Out of memory as a sentence with sizes; any other error as it is."""
    if "RESOURCE_EXHAUSTED" not in str(error) and "Out of memory" not in str(error):
        return error
    shapes = eqx.filter_eval_shape(run, process, jax.random.key(0), names)
    sizes = (
        f"{n}: {s.values.size * s.values.dtype.itemsize / 2**30:.3g} GiB"
        for n, s in zip(shapes.names, shapes.series, strict=True)
    )
    return MemoryError(
        f"the recording does not fit into memory ({', '.join(sizes)}). Record fewer "
        "signals with record=(...), sample less often "
        "(monitor=js.TemporalAverage(...)), or run a frame-wise process with block=."
    )


@eqx.filter_jit
def _simulate(
    process: AbstractStep,
    key: PRNGKeyArray,
    record: tuple[str, ...] | None,
    plain: bool,
) -> Recording:
    with alone(plain):
        return run(process, key, record)


def run(
    process: AbstractStep, key: PRNGKeyArray, record: tuple[str, ...] | None = None
) -> Recording:
    """`simulate` without compilation or provenance: what `vmap` and `grad` go through.

    A bare step runs as a pipeline of one, named after its kind, so that it draws what
    it would draw in `Pipeline(network=...)`.
    """
    made = _as_pipeline(process)(key)
    statuses = [v.values for n, v in made.items() if n.endswith(".status")]
    names = _chosen(made, record)
    return record_of(made, names, statuses)


def _chosen(made: dict[str, Any], record: tuple[str, ...] | None) -> tuple[str, ...]:
    """The names to record, refused when unknown or not recordable."""
    series = {n for n, value in made.items() if isinstance(value, Series)}
    if record is None:
        names = tuple(n for n in made if n in series and "." not in n and n != "status")
        if not names:
            raise ValueError(
                "the process makes no signal. Give it steps: "
                "js.Pipeline(network=js.Network(model=js.Wendling()))."
            )
        return names
    for name in record:
        if name not in made:
            raise ValueError(
                f"cannot record '{name}': the process makes {', '.join(made)}."
                f"{nearest(name, made)}"
            )
        if name not in series:
            raise ValueError(
                f"cannot record '{name}': it is a {type(made[name]).__name__}, a value "
                "that steps pass on, not a signal."
            )
    return record


def check_key(key: Any) -> None:
    """Refuse what is not a new-style key, with the line that makes one."""
    dtype = getattr(key, "dtype", None)
    if dtype is None or not jnp.issubdtype(dtype, jax.dtypes.prng_key):
        got = repr(key) if len(repr(key)) <= 60 else f"a {type(key).__name__}"
        raise TypeError(
            f"key must be a JAX random key, got {got}. Write jax.random.key(0); "
            "every number is another seed."
        )
    if key.ndim:
        raise TypeError(
            f"key must be one key, got an array of {key.shape}. For many runs use "
            "js.sweep, which folds the number of the run into one key."
        )
