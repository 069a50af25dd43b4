"""sweep(process, design, key): a process at every point of a design."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.core.pipeline import as_pipeline
from jaxsim.core.progress import Progress, reporter
from jaxsim.core.recording import Recording
from jaxsim.core.simulate import check_key
from jaxsim.core.step import AbstractStep, step_name
from jaxsim.study.design import Design
from jaxsim.study.gather import InMemory, agree, in_axes
from jaxsim.study.lanes import (
    MEMORY_BYTES,
    begun_by_frames,
    fitting_block,
    goes_alone,
    nbytes,
    place,
    run_alone,
    run_lanes,
    shape_of_run,
    sharding,
    whole,
)
from jaxsim.study.plan import (
    Group,
    Moves,
    check_corners,
    ends_of,
    groups,
    moves,
    stretch,
)


class Block(NamedTuple):
    """Lanes that run together: one program, some runs, perhaps padding at the end."""

    group: Group
    runs: np.ndarray  # numbers in the design; padding repeats the last
    real: np.ndarray  # which of them are no padding


def sweep(
    process: AbstractStep,
    design: Any,
    key: Any,
    record: Sequence[str] | None = None,
    *,
    repeats: int = 1,
    pairing: str = "independent",
    block: int | None = None,
    memory_bytes: int = MEMORY_BYTES,
    store: Any = None,
    progress: Progress = None,
    programs: int = 8,
    devices: Sequence[Any] | None = None,
) -> Recording:
    """Run a process at every point of a design.

    Run `i` is `simulate(replace(process, design.point(i)), fold_in(key, i))` to the
    rounding of the float type; with `repeats`, point `p`'s repeat `r` is run
    `p * repeats + r`. Traced paths share one compiled program, whatever their values;
    static paths are grouped, one program for each combination. A run that diverges
    has status 2 and leaves the others alone.

    Args:
        process: a Pipeline or a step that needs nothing.
        design: `js.grid`, `js.zipped` or `js.draws`.
        key: each run folds its number into it.
        record: names of signals, as in `simulate`. Ask for what you need: results are
            held in memory, or in the store.
        repeats: runs of each point, along a last axis "repeat".
        pairing: "independent": other noise in every run. "paired": the same noise at
            every point (common random numbers), so that points differ by their
            parameters alone; repeat `r` folds `r` into the key.
        block: runs at a time. By default as many as an estimate says fit into
            `memory_bytes` (see `jaxsim.study.lanes.fitting_block` for what it cannot
            see), at most 256 on a CPU; one at a time where a single run is large. The
            same block gives the same bits; another block may round differently.
        memory_bytes: budget of each device for the signals of a block.
        store: folder of a zarr store. Blocks are written as they are done, and the
            same call goes on where an interrupted one stopped.
        progress: None shows a bar on a terminal, True shows it anywhere, False never;
            a callable gets (runs done, runs in all).
        programs: how many combinations of static values may be compiled.
        devices: the JAX devices that share each block; all of this process by default.

    Returns:
        One recording; every value, `status` and clock start has the axes of the design
        in front.

    Raises:
        ValueError: before anything runs, for an unknown path, a value out of bounds,
            too many programs, or a static path that changes a recorded shape or clock.
    """
    check_key(key)
    if not isinstance(design, Design):
        raise TypeError(
            f"design must come from js.grid, js.zipped or js.draws, got {design!r}."
        )
    as_pipeline(process, step_name(type(process)))
    names = (record,) if isinstance(record, str) else record
    names = None if names is None else tuple(names)
    design = design.repeated(repeats) if repeats != 1 else design
    if pairing not in ("independent", "paired"):
        raise ValueError(
            f"pairing = {pairing!r} is neither 'independent' (other noise in every "
            "run) nor 'paired' (the same noise at every point)."
        )
    design = dataclasses.replace(design, paired=design.paired or pairing == "paired")
    devices = tuple(jax.local_devices() if devices is None else devices)

    traced = moves(process, design)
    parts = groups(process, design, programs)
    check_corners(process, design)
    ends = ends_of(traced.columns)
    parts = [Group(stretch(g.process, ends), g.runs) for g in parts]
    shapes = [shape_of_run(g.process, traced.of(g.runs[:1]), key, names) for g in parts]
    agree(shapes)
    if block is None and store is not None:
        block = _block_of(store, len(devices))
    if block is None and goes_alone(process, devices):
        block = 1
    if block is None:
        made = shape_of_run(parts[0].process, traced.of(parts[0].runs[:1]), key, None)
        moved = nbytes(traced.of(parts[0].runs[:1]))
        longest = max(len(g.runs) for g in parts)
        block = fitting_block(
            longest, nbytes(made) + moved, nbytes(shapes[0]), memory_bytes, devices
        )
    if block < 1:
        raise ValueError(f"block = {block}: a block has one run or more.")
    block = whole(block, len(devices))

    plan = [b for group in parts for b in _blocks(group, block)]
    if store is not None:
        kept: Any = _on_disk(store, process, key, design, names, shapes[0], block, plan)
    else:
        kept = InMemory(shapes[0], plan, len(design))
    lanes = sharding(devices)
    with reporter(progress, len(design), "sweep") as report:
        _run_all(
            plan, traced, place(key, lanes, False), names, lanes, kept, report, store
        )
    whole_recording = kept.read()
    return in_axes(whole_recording, design).made_by(process, key, design)


def _blocks(group: Group, block: int) -> Iterator[Block]:
    for at in range(0, len(group.runs), block):
        lanes = np.arange(at, at + block)
        real = lanes < len(group.runs)
        yield Block(group, group.runs[np.minimum(lanes, len(group.runs) - 1)], real)


def _run_all(
    plan: list[Block],
    traced: Moves,
    key: PRNGKeyArray,
    names: tuple[str, ...] | None,
    lanes: Any,
    kept: Any,
    report: Any,
    store: Any,
) -> None:
    """Every block that is not done; one computes while the one before is read."""
    done, waiting = 0, None
    placed: dict[int, AbstractStep] = {}

    def settle(number: int, finish: Callable[[], Recording]) -> int:
        kept.write(number, jax.tree.map(np.asarray, finish()))
        return int(plan[number].real.sum())

    try:
        for number, block in enumerate(plan):
            if kept.done(number):
                done += int(block.real.sum())
                report(done)
                continue
            group = id(block.group)
            if group not in placed:
                placed[group] = place(block.group.process, lanes, False)
            finish = _begun(placed[group], block, traced, key, names, lanes)
            if waiting is not None:
                done += settle(*waiting)
                report(done)
            waiting = number, finish
        if waiting is not None:
            done += settle(*waiting)
            report(done)
    except KeyboardInterrupt:
        n = sum(int(block.real.sum()) for block in plan)
        raise KeyboardInterrupt(
            f"stopped after {done} of {n} runs. "
            + (
                "Nothing is kept; with store='name.zarr' a sweep can be gone on with."
                if store is None
                else f"They are kept in {store}; the same call goes on from there."
            )
        ) from None


def _begun(
    process: AbstractStep,
    block: Block,
    traced: Moves,
    key: PRNGKeyArray,
    names: tuple[str, ...] | None,
    lanes: Any,
) -> Callable[[], Recording]:
    """A block that computes, and what waits for its recording."""
    values, runs = traced.of(block.runs), traced.design.keys(block.runs)
    if len(runs) > 1:
        values, runs = place((values, runs), lanes, True)
        out = run_lanes(process, values, runs, key, names)
        return lambda: out
    values, runs = place((values, runs), lanes, False)
    first = {path: column[0] for path, column in values.items()}
    if lanes is None and goes_alone(process, jax.devices()[:1]):
        finish = begun_by_frames(process, first, runs[0], key, names)
    else:
        alone = run_alone(process, first, runs[0], key, names)

        def finish() -> Recording:
            return alone

    return lambda: jax.tree.map(lambda x: x[None], finish())


def _on_disk(
    store: Any,
    process: AbstractStep,
    key: PRNGKeyArray,
    design: Design,
    names: tuple[str, ...] | None,
    shape: Recording,
    block: int,
    plan: list[Block],
) -> Any:
    from jaxsim.store.sweeps import SweepStore

    runs = np.concatenate([np.where(b.real, b.runs, -1) for b in plan])
    return SweepStore(store, {}, shape.names, shape, block, runs, design, process, key)


def _block_of(store: Any, n_devices: int) -> int | None:
    """The block that a store in progress was made with, if these devices can share it.

    Another estimate (of another machine or budget) must not make it another sweep.
    """
    from pathlib import Path

    from jaxsim.store.seal import unseal

    folder = Path(store).expanduser()
    block = unseal(folder).get("block") if folder.is_dir() else None
    return block if isinstance(block, int) and block % n_devices == 0 else None
