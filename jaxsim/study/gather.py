"""What a sweep's blocks become: arrays over all runs, in the axes of the design."""

from typing import Any

import jax
import numpy as np

from jaxsim.core.recording import Recording
from jaxsim.study.design import Design


class InMemory:
    """Host arrays for all runs, filled block by block (a stand-in for a store)."""

    def __init__(self, shape: Recording, plan: list[Any], n_runs: int) -> None:
        self.plan = plan
        self.tree = jax.tree.map(lambda s: np.empty((n_runs, *s.shape), s.dtype), shape)

    def done(self, number: int) -> bool:
        """Never: nothing outlives the program."""
        return False

    def write(self, number: int, recording: Recording) -> None:
        """Put a block where its runs belong; padding is left out."""
        runs, real = self.plan[number].runs, self.plan[number].real

        def put(whole: np.ndarray, part: np.ndarray) -> None:
            whole[runs[real]] = part[real]

        jax.tree.map(put, self.tree, recording)

    def read(self) -> Recording:
        """All runs along one axis."""
        return self.tree


def in_axes(recording: Recording, design: Design) -> Recording:
    """Runs along one axis become the axes of the design."""
    n = len(design)

    def fold(x: Any) -> Any:
        return np.asarray(x).reshape(design.shape + x.shape[1:])

    sizes = {x.shape[0] for x in jax.tree.leaves(recording)}
    if sizes - {n}:
        raise RuntimeError(f"the sweep's store gave {sizes} runs, not {n}.")
    return jax.tree.map(fold, recording)


def agree(shapes: list[Recording]) -> None:
    """Refuse static values that change what is recorded."""
    for shape in shapes[1:]:
        if shape.names != shapes[0].names:
            raise ValueError(
                _differ("the recorded signals", shapes[0].names, shape.names)
            )
        for name, one, other in zip(
            shape.names, shapes[0].series, shape.series, strict=True
        ):
            for what, of in _FACTS.items():
                if of(one) != of(other):
                    raise ValueError(_differ(f"{what} of '{name}'", of(one), of(other)))


_FACTS: dict[str, Any] = {
    "the shape": lambda s: s.values.shape,
    "the type": lambda s: s.values.dtype.name,
    "the clock": lambda s: f"{s.clock.rate_hz:g} Hz" if s.clock else "none",
    "the unit": lambda s: s.card.unit,
    "the card": lambda s: s.card,
    "the labels": lambda s: dict(s.labels) or "none",
}


def _differ(what: str, one: Any, other: Any) -> str:
    return (
        f"{what} is {one} in some runs of the design and {other} in others, since a "
        "static path of the design decides it, and one array cannot hold both. Sweep "
        "each of its values by itself, or record something else."
    )
