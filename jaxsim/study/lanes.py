"""Lanes: many runs of one program, in blocks that fit memory, over the devices."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import (
    AxisType,
    Mesh,
    NamedSharding,
    PartitionSpec,
    Sharding,
    SingleDeviceSharding,
)
from jaxtyping import PRNGKeyArray

from jaxsim.core.declared import replace
from jaxsim.core.pipeline import has_frames
from jaxsim.core.recording import Recording
from jaxsim.core.simulate import begun_in_blocks, run
from jaxsim.core.step import AbstractStep


MEMORY_BYTES = 1 << 30
LOOP_BYTES = 1 << 26  # a run this large leaves the caches of a CPU by itself
MOST_LANES = {"cpu": 256}  # more lanes bring a CPU nothing, and a bar that stands still
MOST_LANES_ELSEWHERE = 8192


@eqx.filter_jit
def run_lanes(
    process: AbstractStep,
    values: dict[str, Any],
    runs: Any,
    key: PRNGKeyArray,
    record: tuple[str, ...] | None,
) -> Recording:
    """One program over lanes: run `i` is the process at its values, with its key."""
    return jax.vmap(lambda v, i: _one(process, v, i, key, record))(values, runs)


@eqx.filter_jit
def run_alone(
    process: AbstractStep,
    values: dict[str, Any],
    number: Any,
    key: PRNGKeyArray,
    record: tuple[str, ...] | None,
) -> Recording:
    """The program of a single run, for runs too large to share the caches."""
    return _one(process, values, number, key, record)


def _one(
    process: AbstractStep,
    values: dict[str, Any],
    number: Any,
    key: PRNGKeyArray,
    record: tuple[str, ...] | None,
) -> Recording:
    return run(replace(process, values), jax.random.fold_in(key, number), record)


def goes_alone(process: AbstractStep, devices: Sequence[Any]) -> bool:
    """Whether a run fares best by itself: frames that fill the caches of a CPU.

    Its blocks of frames keep all cores busy, and branches that most runs need not take
    are taken by none; in a batch all of them are.
    """
    here = len(devices) == 1 and devices[0].platform == "cpu"
    return here and has_frames(process)


def begun_by_frames(
    process: AbstractStep,
    values: dict[str, Any],
    number: Any,
    key: PRNGKeyArray,
    record: tuple[str, ...] | None,
) -> Callable[[], Recording]:
    """A single run, block of frames by block of frames; see `begun_in_blocks`."""
    key = jax.random.fold_in(key, number)
    return begun_in_blocks(replace(process, values), key, record)


def shape_of_run(
    process: AbstractStep,
    values: dict[str, np.ndarray],
    key: PRNGKeyArray,
    record: tuple[str, ...] | None,
) -> Recording:
    """The recording of one lane as shapes, found without running.

    Args:
        process: of the lane.
        values: the columns of at least one run, with their leading axis.
        key: any key.
        record: as in `simulate`.
    """
    first = {path: jnp.asarray(column[0]) for path, column in values.items()}
    number = jnp.zeros((), jnp.uint32)
    # of a compiled function, whose trace JAX keeps: in later calls it is free
    return eqx.filter_eval_shape(run_alone, process, first, number, key, record)


def nbytes(shapes: Any) -> int:
    """Bytes of all arrays of a tree of shapes."""
    leaves = jax.tree.leaves(shapes)
    return sum(
        math.prod(leaf.shape) * np.dtype(leaf.dtype).itemsize
        for leaf in leaves
        if hasattr(leaf, "dtype")
        and not jnp.issubdtype(leaf.dtype, jax.dtypes.extended)
    )


def fitting_block(
    n_runs: int, made: int, kept: int, memory_bytes: int, devices: Sequence[Any]
) -> int:
    """How many lanes one block may hold.

    An estimate from shapes: twice what the steps make (intermediate copies) and twice
    what is recorded (one block computes while the one before is read). What a step
    needs inside (matrices, rings of the past, fast Fourier transforms) is not seen;
    give `block=` when that is more. On a CPU, a run above 64 MiB goes by itself.

    Args:
        n_runs: runs of the largest program.
        made: bytes of all signals that one run makes.
        kept: bytes that one run records.
        memory_bytes: the budget, of each device.
        devices: those that share a block.
    """
    platform = devices[0].platform
    if platform == "cpu" and made + kept > LOOP_BYTES:
        return len(devices)
    most = MOST_LANES.get(platform, MOST_LANES_ELSEWHERE)
    lanes = max(1, min(most, memory_bytes // max(1, 2 * made + 2 * kept)))
    lanes *= len(devices)
    blocks = math.ceil(n_runs / lanes)
    return whole(
        math.ceil(n_runs / blocks), len(devices)
    )  # even blocks, little padding


def whole(block: int, n_devices: int) -> int:
    """The next multiple of the number of devices."""
    return math.ceil(block / n_devices) * n_devices


def sharding(devices: Sequence[Any]) -> Sharding | None:
    """Lanes split over devices; None where one default device serves."""
    if len(devices) == 1:
        alone = devices[0] == jax.devices()[0]
        return None if alone else SingleDeviceSharding(devices[0])
    # Auto axes: under the Explicit ones that jax.make_mesh gives, scans are refused.
    mesh = Mesh(np.asarray(devices), ("lane",), axis_types=(AxisType.Auto,))
    return NamedSharding(mesh, PartitionSpec("lane"))


def place(tree: Any, lanes: Sharding | None, split: bool) -> Any:
    """Put arrays on the devices: split along their first axis, or whole on each."""
    if lanes is None:
        return jax.tree.map(jnp.asarray, tree)
    if isinstance(lanes, NamedSharding) and not split:
        lanes = NamedSharding(lanes.mesh, PartitionSpec())
    return jax.device_put(tree, lanes)
