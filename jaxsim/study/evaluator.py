"""Evaluator: the loss at many points at once, by one compiled program."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.core.declared import replace
from jaxsim.core.pipeline import as_pipeline
from jaxsim.core.simulate import check_key
from jaxsim.core.step import AbstractStep, step_name
from jaxsim.study.bounds import Space, space_of
from jaxsim.study.lanes import (
    MEMORY_BYTES,
    fitting_block,
    nbytes,
    place,
    shape_of_run,
    sharding,
    whole,
)
from jaxsim.study.losses import total_of
from jaxsim.study.plan import stretch
from jaxsim.study.task import (
    NEEDS_HOST,
    Task,
    bounded_points,
    fresh,
    gradients_at,
    lane_of,
    loss_at,
    losses_at,
    losses_over_keys,
    recordings_at,
    seeds,
)


REVERSE_COST = 4.0  # simulations that one checkpointed reverse gradient costs


class Evaluator:
    """The loss of a process at many points of its free parameters.

    Everything that looks for a best point goes through here: gradient descent, the
    vmapped screen and evolution, and the ask/tell methods. The process and the key are
    arguments of the compiled programs; points come in blocks of a few sizes, so that
    nothing is compiled per call.

    Args:
        process: what is simulated.
        loss: a function of a recording that returns one number, or one number and a
            dict of named terms (`js.weighted`). A run with status 2 or 3 counts as inf.
        free: paths, or {path: None | (low, high) | js.uniform | js.log_uniform}.
        key: of the noise: every point sees the same (common random numbers).
        record: signals that the loss reads; all by default.
        n_keys: noise seeds that the loss is averaged over: with 1, the run of
            `simulate(process, key)`; else those of `fold_in(key, 0)`, `1`, ...
        mode: how gradients are made; "auto" takes forward mode for at most `few` free
            numbers (memory of one run, whatever its length) and checkpointed reverse
            mode for more.
        few: see `mode`.
        on_host: evaluate the loss outside the compiled program, on NumPy recordings, so
            that it may be any Python; there are no gradients then.
        memory_bytes: budget for the signals of a block of points.
        devices: that share a block.

    Attributes:
        simulations: what was asked so far, in simulations; a gradient counts 1 + d in
            forward mode and 4 in reverse mode (measured: 2.8 to 3.9), once per key.
    """

    def __init__(
        self,
        process: AbstractStep,
        loss: Callable[..., Any],
        free: Any,
        key: Any,
        *,
        record: Sequence[str] | None = None,
        n_keys: int = 1,
        mode: Literal["auto", "forward", "reverse"] = "auto",
        few: int = 6,
        on_host: bool = False,
        memory_bytes: int = MEMORY_BYTES,
        devices: Sequence[Any] | None = None,
    ) -> None:
        check_key(key)
        as_pipeline(process, step_name(type(process)))
        if not callable(loss):
            raise TypeError(f"loss must be a function of a recording, got {loss!r}.")
        if n_keys < 1:
            raise ValueError(f"n_keys = {n_keys}: a loss needs one noise seed or more.")
        names = (record,) if isinstance(record, str) else record
        self.process, self.key, self.on_host = process, key, on_host
        self.space = space_of(process, free)
        roomy = stretch(process, self.space.ends())
        self.devices = tuple(jax.local_devices() if devices is None else devices)
        self.lanes = sharding(self.devices)
        forward = mode == "forward" or (mode == "auto" and self.space.n <= few)
        names = None if names is None else tuple(names)
        self.task = Task(roomy, fresh(loss), self.space, names, n_keys, forward)
        self.loss = loss
        self.simulations = 0.0
        self._check_loss()
        made = nbytes(shape_of_run(roomy, {}, key, None)) * n_keys
        kept = nbytes(shape_of_run(roomy, {}, key, names)) * n_keys if on_host else 0
        self.block = fitting_block(1 << 30, made, kept, memory_bytes, self.devices)

    @property
    def mode(self) -> str:
        """How gradients are made: "forward" or "reverse"."""
        return "forward" if self.task.forward else "reverse"

    @property
    def gradient_cost(self) -> float:
        """Simulations that one loss with its gradient counts for."""
        once = 1.0 + self.space.n if self.task.forward else REVERSE_COST
        return once * self.task.n_keys

    def __call__(self, points: Any, key: Any = None, of: str = "bounded") -> np.ndarray:
        """Losses (n,) at points (n, d); inf or nan where a run failed.

        Args:
            points: values of the free numbers in the order of `space.names`.
            key: other noise than that of the evaluator.
            of: "bounded" values, "unit" fractions of the way between the bounds, or
                "free" unbounded numbers.
        """
        return self.with_terms(points, key, of)[0]

    def with_terms(
        self, points: Any, key: Any = None, of: str = "bounded"
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Losses (n,) and the terms of the loss, each (n,)."""
        points = self._points(points)
        key = self.key if key is None else key
        self.simulations += len(points) * self.task.n_keys
        parts = [self._block(part, key, of) for part in self._blocks(points)]
        losses = np.concatenate([p[0] for p in parts])[: len(points)]
        terms = {
            name: np.concatenate([p[1][name] for p in parts])[: len(points)]
            for name in parts[0][1]
        }
        return losses, terms

    def value_and_grad(self, z: Any, key: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Losses (n,) and gradients (n, d) at unbounded points (n, d), all at once."""
        if self.on_host:
            raise ValueError("a loss that is evaluated on the host has no gradient.")
        z = jnp.asarray(self._points(z))
        self.simulations += len(z) * self.gradient_cost
        losses, _, slopes = gradients_at(self.task, z, self.key if key is None else key)
        return np.asarray(losses), np.asarray(slopes)

    def bounded(self, points: Any, of: str) -> np.ndarray:
        """Points (n, d) of "unit" or "free" numbers as values."""
        return np.asarray(bounded_points(self.space, self._points(points), of))

    def best(self, point: Any, of: str = "bounded") -> Any:
        """The process at one point (d,)."""
        dtype = jnp.result_type(float)
        values = self.space.values(jnp.asarray(np.asarray(point), dtype), of)
        return replace(self.process, values)

    def _points(self, points: Any) -> np.ndarray:
        points = np.asarray(points).astype(jnp.result_type(float))
        if points.ndim != 2 or points.shape[1] != self.space.n:
            raise ValueError(
                f"points must be an array (n, {self.space.n}), a column for each of "
                f"{', '.join(self.space.names[:8])}; got shape {points.shape}."
            )
        return points

    def _blocks(self, points: np.ndarray) -> list[np.ndarray]:
        """Blocks of few sizes, the last padded with its last point."""
        size = 1 << (len(points) - 1).bit_length()  # powers of two up to the block
        size = whole(min(size, self.block), len(self.devices))
        short = -len(points) % size
        points = np.concatenate([points, np.repeat(points[-1:], short, axis=0)])
        return [points[i : i + size] for i in range(0, len(points), size)]

    def _block(self, points: np.ndarray, key: Any, of: str) -> tuple[Any, dict]:
        if self.on_host:
            return self._host_block(points, key, of)
        placed = place(points, self.lanes, True)
        losses, terms = losses_at(self.task, placed, place(key, self.lanes, False), of)
        return np.asarray(losses), jax.tree.map(np.asarray, terms)

    def _host_block(self, points: np.ndarray, key: Any, of: str) -> tuple[Any, dict]:
        batch = recordings_at(
            self.task._replace(loss=None), jnp.asarray(points), key, of
        )
        batch = jax.tree.map(np.asarray, batch)  # (key, lane, ...) in every array
        found = []
        for i in range(len(points)):
            lanes = [lane_of(batch, k, i) for k in range(self.task.n_keys)]
            one = [total_of(self.loss, lane) for lane in lanes]
            total = np.mean([float(t) for t, _ in one])
            terms = {n: np.mean([float(t[n]) for _, t in one]) for n in one[0][1]}
            found.append((total, terms))
        losses = np.asarray([total for total, _ in found])
        return losses, {n: np.asarray([t[n] for _, t in found]) for n in found[0][1]}

    def _check_loss(self) -> None:
        """Trace the loss once, so that mistakes are told before anything compiles."""
        if self.on_host:
            return
        start = {
            p: r.centre
            for p, r in zip(self.space.paths, self.space.ranges, strict=True)
        }
        try:
            eqx.filter_eval_shape(loss_at, self.task, start, self.key)
        except NEEDS_HOST as error:
            raise NeedsHost(
                "the loss turns a traced value into a NumPy array or a Python number, "
                "so it cannot be compiled or differentiated. Write it with jax.numpy "
                "(js.measure has spectra and distances), or use a method that "
                "evaluates it on the host: method='cma', 'nevergrad:CMA', 'random' or "
                "'sobol'. "
                f"({str(error).splitlines()[0]})"
            ) from None


class NeedsHost(ValueError):
    """The loss is written in NumPy or plain Python."""


def losses_over_noise(
    process: AbstractStep,
    loss: Callable[..., Any],
    key: PRNGKeyArray,
    n: int,
    record: Sequence[str] | None = None,
    n_keys: int = 1,
) -> np.ndarray:
    """The losses (n,) of one process, seed `i` being `fold_in(key, i)`."""
    names = (record,) if isinstance(record, str) else record
    names = None if names is None else tuple(names)
    keys = seeds(key, n)
    task = Task(process, fresh(loss), Space((), ()), names, n_keys, True)
    made = nbytes(shape_of_run(process, {}, key, None)) * n_keys
    block = fitting_block(n, made, 0, MEMORY_BYTES, jax.local_devices()[:1])
    try:
        parts = [
            losses_over_keys(task, keys[i : i + block]) for i in range(0, n, block)
        ]
        return np.concatenate([np.asarray(part) for part in parts])
    except NEEDS_HOST:
        nothing = jnp.zeros((1, 0))
        found = []
        for i in range(n):
            batch = recordings_at(task._replace(loss=None), nothing, keys[i], "bounded")
            batch = jax.tree.map(np.asarray, batch)
            found.append(
                np.mean(
                    [total_of(loss, lane_of(batch, k, 0))[0] for k in range(n_keys)]
                )
            )
        return np.asarray(found)
