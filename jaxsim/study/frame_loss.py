"""FrameLoss: a mean over frames, with gradients that need the memory of one block."""

import inspect
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from jaxsim.core.block_programs import frames_of, is_series, is_timed, whole_acts
from jaxsim.core.blocks import (
    frame_count,
    frames_that_fit,
    made_by_frames,
    refuse_late_steps,
)
from jaxsim.core.declared import nearest
from jaxsim.core.frames import kept
from jaxsim.core.pipeline import Pipeline, as_pipeline
from jaxsim.core.recording import ERROR, NON_FINITE, Recording
from jaxsim.core.step import AbstractStep, step_name


class FrameLoss(eqx.Module):
    r"""The mean over frames of a loss of one frame.

    $$ \ell = \frac1T \sum_t f(\text{movie}_t, \dots, \text{seen}_t, \dots) $$

    Made by `js.frame_loss`; `signals` are the names that it reads. A recording may be
    given to it, as to any loss. `fit` goes another way: it makes a block of frames,
    their loss and its gradient together, and forgets the frames, so that memory does
    not grow with their number. `value` does so for `jax.grad`.
    """

    function: Callable[..., Any]
    data: dict[str, Any]
    signals: tuple[str, ...] = eqx.field(static=True)

    def by_frame(self, frames: dict[str, Any]) -> Float[Array, " frame"]:
        """The loss of each frame, from signals and data of those frames."""
        losses = jax.vmap(lambda given: self.function(**given))(frames)
        if losses.ndim != 1:
            raise ValueError(
                f"a frame loss must return one number for one frame, got an array of "
                f"shape {losses.shape[1:]}. Take its mean."
            )
        return losses

    def __call__(self, recording: Recording) -> Float[Array, ""]:
        """The loss of a recording that is at hand."""
        frames = {n: recording[n].values for n in self.signals}
        return self.by_frame(frames | self.data).mean()

    def value(
        self,
        process: AbstractStep,
        key: PRNGKeyArray,
        *,
        block: int | None = None,
        mode: Literal["reverse", "forward"] = "reverse",
    ) -> Float[Array, ""]:
        """The loss of what `simulate(process, key)` would record.

        Args:
            process: one with frame-wise steps at its end.
            key: `jax.random.key(seed)`.
            block: frames at a time; by default as many as fit into a cache.
            mode: of the derivatives that will be taken of it.

        Returns:
            The mean over frames; infinite where the run failed.

        Raises:
            ValueError: a signal that no frame-wise step makes, or data of another
                length than the recording.
        """
        pipeline = as_pipeline(process, step_name(type(process)))
        self._check_signals(pipeline)
        refuse_late_steps(pipeline)
        given = whole_acts(pipeline, key)[2]
        n_frames = frame_count(pipeline, given)
        self._check_data(n_frames)
        shells, timed = _apart(given)
        if block is None:
            one = [None if t is None else t[:1] for t in timed]
            index = jnp.zeros(1, jnp.int32)
            what = (pipeline, key, _together(shells, one), index, self.signals)
            block = frames_that_fit(eqx.filter_eval_shape(frames_of, *what).series)
        spans = Spans(n_frames, min(block, n_frames))
        summed = summed_in_reverse if mode == "reverse" else summed_forward
        total, failed = summed((pipeline, shells, timed), key, self, spans)
        return jnp.where(failed, jnp.inf, total / n_frames)

    def _check_signals(self, process: Pipeline) -> None:
        found = made_by_frames(process, self.signals)
        for name in self.signals:
            if name not in found:
                raise ValueError(
                    f"the frame loss reads '{name}', which no frame-wise step of this "
                    f"process makes.{nearest(name, process.cards())} Data of the "
                    "loss are given by name: js.frame_loss(function, "
                    f"{name}=...)."
                )

    def _check_data(self, n_frames: int) -> None:
        for name, values in self.data.items():
            if len(values) != n_frames:
                raise ValueError(
                    f"the data '{name}' of a frame loss have {len(values)} frames, but "
                    f"the recording has {n_frames}; give one for each."
                )


def frame_loss(function: Any, **data: Any) -> FrameLoss:
    """A loss that is a mean over frames, for movies of any length.

    ```python
    loss = js.frame_loss(lambda movie, seen: ((movie - seen) ** 2).mean(), seen=movie)
    fitted = js.fit(scope, loss, ["miniscope.na"], key)
    slope = jax.grad(lambda scope: loss.value(scope, key))
    ```

    Args:
        function: of one frame of signals and data, by name; returns one number.
        **data: arrays with a frame for each of the recording, time first.

    Raises:
        TypeError: no function, or data that are no arrays.
    """
    if not callable(function):
        raise TypeError(f"a frame loss takes a function of a frame, got {function!r}.")
    parameters = inspect.signature(function).parameters
    takes = [n for n, p in parameters.items() if p.default is p.empty or n in data]
    for name, values in data.items():
        if name not in takes:
            raise TypeError(
                f"frame_loss was given '{name}', but the function does not take it; "
                f"it takes {', '.join(takes)}."
            )
        if not getattr(values, "ndim", 0):
            raise TypeError(
                f"the data '{name}' of a frame loss must be an array, time first, got "
                f"{type(values).__name__}."
            )
    return FrameLoss(function, data, tuple(n for n in takes if n not in data))


class Spans(NamedTuple):
    """Blocks of one size; the last begins earlier when they do not fit."""

    n_frames: int
    size: int

    def numbers(self) -> Int[Array, " block"]:
        """0, 1, ... of the blocks."""
        return jnp.arange(-(-self.n_frames // self.size), dtype=jnp.int32)

    def at(self, number: Int[Array, ""]) -> tuple[Array, Array]:
        """Frames of a block, and which of them no block before had."""
        first = jnp.minimum(number * self.size, self.n_frames - self.size)
        index = first + jnp.arange(self.size, dtype=jnp.int32)
        return index, index >= number * self.size

    def cut(self, values: Any, number: Int[Array, ""]) -> Array:
        """What belongs to a block, in memory: a slice would join every pixel's loop."""
        first = self.at(number)[0][0]
        part = jax.lax.dynamic_slice_in_dim(jnp.asarray(values), first, self.size)
        return kept(part, number >= 0)

    def add(self, to: Array, part: Array, number: Int[Array, ""]) -> Array:
        """The transpose of `cut`, summed over blocks."""
        first = self.at(number)[0][0]
        there = jax.lax.dynamic_slice_in_dim(to, first, self.size)
        return jax.lax.dynamic_update_slice_in_dim(to, there + part, first, 0)


def _of_block(
    given: Any,
    timed: Any,
    key: PRNGKeyArray,
    loss: FrameLoss,
    spans: Spans,
    number: Any,
) -> tuple[Float[Array, ""], Bool[Array, ""]]:
    """The summed loss of a block's new frames, and whether the run failed there."""
    process, shells = given
    index, new = spans.at(number)
    frames = frames_of(process, key, _together(shells, timed), index, loss.signals)
    seen = {n: frames[n].values for n in loss.signals}
    seen |= {n: spans.cut(v, number) for n, v in loss.data.items()}
    losses = loss.by_frame(seen)
    bad = (frames.status == NON_FINITE) | (frames.status == ERROR)
    return jnp.where(new, losses, 0.0).sum(), bad


def summed_forward(
    free: Any, key: PRNGKeyArray, loss: FrameLoss, spans: Spans
) -> tuple[Float[Array, ""], Bool[Array, ""]]:
    """The summed loss, block by block; to be differentiated forward."""
    *given, timed = free

    def add(carry: Any, number: Array) -> tuple[Any, None]:
        total, failed = carry
        part = [None if t is None else spans.cut(t, number) for t in timed]
        more, bad = _of_block(given, part, key, loss, spans, number)
        return (total + more, failed | bad), None

    start = (jnp.zeros((), jnp.result_type(float)), jnp.asarray(False))
    return jax.lax.scan(add, start, spans.numbers())[0]


# The loss is a sum, so each block's gradient is known when the block is: nothing is
# kept for a way back, and no frame is made twice.
summed_in_reverse = eqx.filter_custom_vjp(summed_forward)


@summed_in_reverse.def_fwd
def _with_slopes(
    perturbed: Any, free: Any, key: PRNGKeyArray, loss: FrameLoss, spans: Spans
) -> Any:
    moving, still = eqx.partition(free, perturbed)
    *still, still_timed = still

    def of(moving: Any, timed: Any, number: Array) -> Any:
        parts = [None if t is None else spans.cut(t, number) for t in still_timed]
        given = eqx.combine(moving, tuple(still))
        return _of_block(given, eqx.combine(timed, parts), key, loss, spans, number)

    slope = jax.value_and_grad(of, argnums=(0, 1), has_aux=True)
    *fixed, timed = moving

    def add(carry: Any, number: Array) -> tuple[Any, None]:
        total, failed, fixed_slope, timed_slope = carry
        part = jax.tree.map(lambda t: spans.cut(t, number), timed)
        (more, bad), (by_fixed, by_part) = slope(tuple(fixed), part, number)
        fixed_slope = jax.tree.map(jnp.add, fixed_slope, by_fixed)
        timed_slope = jax.tree.map(
            lambda to, part: spans.add(to, part, number), timed_slope, by_part
        )
        return (total + more, failed | bad, fixed_slope, timed_slope), None

    zero = jnp.zeros((), jnp.result_type(float))
    nothing = jax.tree.map(jnp.zeros_like, (tuple(fixed), timed))
    start = (zero, jnp.asarray(False), *nothing)
    total, failed, by_fixed, by_timed = jax.lax.scan(add, start, spans.numbers())[0]
    return (total, failed), (*by_fixed, by_timed)


@summed_in_reverse.def_bwd
def _scaled(slopes: Any, by: Any, *_: Any) -> Any:
    return jax.tree.map(lambda s: s * by[0], slopes)


def _apart(given: Any) -> tuple[Any, list[Any]]:
    """What frame steps are given: as it is, but for the values that have frames."""
    leaves, tree = jax.tree.flatten(given, is_leaf=is_series)
    timed = [leaf.values if is_timed(leaf) else None for leaf in leaves]
    shells = [x.with_values(x.values[:0]) if is_timed(x) else x for x in leaves]
    return jax.tree.unflatten(tree, shells), timed


def _together(shells: Any, timed: list[Any]) -> Any:
    leaves, tree = jax.tree.flatten(shells, is_leaf=is_series)
    pairs = zip(leaves, timed, strict=True)
    return jax.tree.unflatten(
        tree, [x if t is None else x.with_values(t) for x, t in pairs]
    )
