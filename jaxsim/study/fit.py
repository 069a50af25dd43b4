"""fit(process, loss, free, key): the values of free paths that make a loss small."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import jax

from jaxsim.core.progress import Progress
from jaxsim.core.step import AbstractStep
from jaxsim.study.ask_tell import search
from jaxsim.study.evaluator import Evaluator, NeedsHost
from jaxsim.study.evolution import evolve
from jaxsim.study.fitted import Fitted
from jaxsim.study.gradient import descend, spread_starts
from jaxsim.study.lanes import MEMORY_BYTES
from jaxsim.study.screen import screen_and_polish


GRADIENTS = ("gradient", "screen", "evolution")


def fit(
    process: AbstractStep,
    loss: Callable[..., Any],
    free: Any,
    key: Any,
    *,
    record: Sequence[str] | None = None,
    method: str = "gradient",
    starts: int = 8,
    optimizer: Any = None,
    n_updates: int = 100,
    fresh_keys: bool = False,
    clip: float | int | Literal["auto"] | None = "auto",
    n_keys: int = 1,
    mode: Literal["auto", "forward", "reverse"] = "auto",
    few: int = 6,
    n_candidates: int = 256,
    keep: int = 8,
    population: int | None = None,
    generations: int = 15,
    budget: int = 1000,
    workers: int = 1,
    spread: float = 0.3,
    memory_bytes: int = MEMORY_BYTES,
    progress: Progress = None,
) -> Fitted:
    """Move the free paths of a process so that a loss of its recording becomes small.

    Free numbers move without limits and are mapped between their bounds (those of their
    cards, or narrower ones given here). All starts and updates see the same noise
    (common random numbers) unless `fresh_keys`. The loss is compiled anew in every
    call; an `Evaluator` is compiled once and can be kept.

    Gradients do not win everywhere: where spikes jump with the parameters, or a loss
    has several basins, "screen" and "evolution" find what descent from a few starts
    does not.

    Args:
        process: where to begin; it is not changed. Start 0 is at its values (put inside
            the bounds where they are outside).
        loss: a function of a recording; one number, or `js.weighted({...})`.
        free: paths, or {path: None | (low, high) | js.uniform | js.log_uniform}.
        key: of the noise, of the starts, and of a search's own draws.
        record: signals that the loss reads; all by default.
        method: "gradient": descent from `starts` points spread over the bounds.
            "screen": the loss at `n_candidates` points at once, then descent from the
            best `keep` (8 starts with twice the updates did better than 16).
            "evolution": differential evolution on the device. "cma",
            "nevergrad:<name>" (with the extra `search`), "random", "latin_hypercube",
            "sobol": `budget` points through ask/tell; a loss written in NumPy works
            with these only.
        starts: for "gradient".
        optimizer: any optax transformation, for "gradient" and "screen"; by default
            L-BFGS without line search, with steps of at most 0.5 in the unbounded
            numbers (adam with `fresh_keys`).
        n_updates: gradients taken from each start.
        fresh_keys: other noise in each update.
        clip: largest gradient norm of each start; None for no limit. "auto" is 1, and
            None for the default L-BFGS.
        n_keys: noise seeds that each loss is averaged over.
        mode: of gradients: "auto" is forward for at most `few` free numbers.
        few: see `mode`.
        n_candidates: for "screen".
        keep: for "screen".
        population: for "evolution" (64 by default) and "cma" (its own rule).
        generations: for "evolution".
        budget: simulations, for the ask/tell methods.
        workers: points at a time, for nevergrad.
        spread: first standard deviation of cma, as a share of the box.
        memory_bytes: budget for the signals of a block of points.
        progress: None shows a bar on a terminal, True anywhere, False never; a callable
            gets (done, total).

    Returns:
        The best process, all losses, the best point of each start, and the cost.

    Raises:
        ValueError: a path that is unknown, static or without gradient; one that the
            loss does not feel at any start, by name; a loss that is not one number or
            is written in NumPy where gradients are needed.
    """
    if method not in GRADIENTS and method not in SEARCHES:
        if not method.startswith("nevergrad:"):
            raise ValueError(
                f"method = '{method}' is not one of "
                f"{', '.join(GRADIENTS + SEARCHES)} or nevergrad:<name>."
            )
    options: dict[str, Any] = dict(
        record=record, n_keys=n_keys, mode=mode, few=few, memory_bytes=memory_bytes
    )
    try:
        evaluator = Evaluator(process, loss, free, key, **options)
    except (NeedsHost, TypeError, AttributeError, AssertionError):
        if method in GRADIENTS:
            raise  # a loss in plain Python fails under tracing in many ways
        evaluator = Evaluator(process, loss, free, key, on_host=True, **options)
    descent: dict[str, Any] = dict(
        optimizer=optimizer, n_updates=n_updates, fresh_keys=fresh_keys, clip=clip,
        progress=progress,
    )  # fmt: skip
    if method == "gradient":
        points = spread_starts(evaluator, starts, jax.random.fold_in(evaluator.key, 1))
        return descend(evaluator, points, **descent)
    if method == "screen":
        return screen_and_polish(evaluator, n_candidates, keep, **descent)
    if method == "evolution":
        return evolve(evaluator, population or 64, generations, progress)
    more: dict[str, Any] = {
        "population": population,
        "workers": workers,
        "spread": spread,
    }
    return search(evaluator, method, budget, progress=progress, **more)


SEARCHES = ("cma", "random", "latin_hypercube", "sobol")
