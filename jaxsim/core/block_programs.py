"""The programs of a run in blocks: the whole-time acts, and one block of frames."""

from functools import partial
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Int, PRNGKeyArray

from jaxsim.core.alone import alone
from jaxsim.core.frames import run_block, run_once
from jaxsim.core.pipeline import Pipeline, run_step
from jaxsim.core.recording import Recording, record_of
from jaxsim.core.signal import Series
from jaxsim.core.step import AbstractFrameStep, fold_name


@eqx.filter_jit
def head(
    process: Pipeline, key: PRNGKeyArray, whole: tuple[str, ...]
) -> tuple[Recording, dict[str, dict[str, Any]]]:
    """Everything that sees the whole recording; and what each frame step is given."""
    with alone(True):
        made, log, given = whole_acts(process, key)
    statuses = [v.values for n, v in log.items() if n.endswith(".status")]
    return record_of(made | log, whole, statuses), given


def whole_acts(
    process: Pipeline, key: PRNGKeyArray
) -> tuple[dict[str, Any], dict[str, Any], dict[str, dict[str, Any]]]:
    """Made without any frame: by name, by path, and for each frame step."""
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
    return made, log, given


def cut(given: Any, at: Int[Array, ""], size: int) -> Any:
    """Frames `at` and on of all that is timed.

    The rest stays out of the program that slices, which would copy it.
    """
    leaves, treedef = jax.tree.flatten(given, is_leaf=is_series)
    timed = iter(_slices([v.values for v in leaves if is_timed(v)], at, size))
    cut = [v.with_values(next(timed)) if is_timed(v) else v for v in leaves]
    return jax.tree.unflatten(treedef, cut)


@partial(jax.jit, static_argnums=2)
def _slices(values: list[Array], at: Int[Array, ""], size: int) -> list[Array]:
    return [jax.lax.dynamic_slice_in_dim(v, at, size) for v in values]


def is_series(value: Any) -> bool:
    """Whether a value is a leaf of what flows between steps."""
    return isinstance(value, Series)


def is_timed(value: Any) -> bool:
    """Whether a value has a number for every frame."""
    return isinstance(value, Series) and value.card.timed


def frames_of(
    process: Pipeline,
    key: PRNGKeyArray,
    given: dict[str, dict[str, Any]],
    index: Int[Array, "frame"],
    record: tuple[str, ...],
) -> Recording:
    """One block of frames through every frame step."""
    made: dict[str, Any] = {}
    log: dict[str, Any] = {}
    for name, step in frame_steps(process).items():
        needs = {n: made[n] for n in step.needs_frame if n in made} | given[name]
        out = run_block(name, step, fold_name(key, name), needs, index)
        made |= out
        log |= {f"{name}.{n}": value for n, value in out.items()}
    statuses = [v.values for n, v in log.items() if n.endswith(".status")]
    return record_of(made | log, record, statuses)


def _tail(
    process: Pipeline,
    key: PRNGKeyArray,
    given: dict[str, dict[str, Any]],
    index: Int[Array, "frame"],
    record: tuple[str, ...],
) -> Recording:
    """One block of frames, whose values nobody traces."""
    with alone(True):
        return frames_of(process, key, given, index, record)


tail: Any = eqx.filter_jit(_tail)  # its `lower` is not in its type


def frame_steps(process: Pipeline) -> dict[str, AbstractFrameStep]:
    """The steps that see one frame at a time, by name."""
    pairs = zip(process.names, process.steps, strict=True)
    return {n: s for n, s in pairs if isinstance(s, AbstractFrameStep)}
