"""Populations: cells of several kinds in one tissue."""

from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from jaxsim.core.pipeline import Pipeline, run_step
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep, fold_name
from jaxsim.imaging.spike_train import FINE, SpikeTrain


POPULATION = Signal("cell", "1", "number of the population of each cell, from 0 on")


class Populations(Pipeline):
    """Cells of several kinds side by side, each made by steps of its own.

    Every population is a step, or a pipeline of steps from its places to its traces,
    with any density, depth, shape, firing and kinetics. None sees the others, and a
    distance between centres is kept within each. What all of them make for each cell
    is joined, the first population's cells first: the steps behind see one tissue.

    ```python
    cells = js.imaging.Populations(
        pyramidal=js.Pipeline(
            ("canvas",),
            neurons=js.imaging.PlaceNeurons(depth_top_um=140.0, depth_bottom_um=160.0),
            spikes=js.imaging.MarkovSpikes(),
            calcium=js.imaging.Calcium(),
        ),
        interneurons=js.Pipeline(
            ("canvas",),
            neurons=js.imaging.PlaceNeurons(density_per_mm3=2000.0),
            spikes=js.imaging.MarkovSpikes.with_activity(1.0),
            calcium=js.imaging.HillCalcium(tau_decay_s=0.3),
        ),
    )
    ```

    Stamps of footprints are padded to the widest. A population draws from the key of
    its name: one more, or one less, leaves the cells of all others as they are.

    **Needs:** what its populations need. **Makes:** `population`, the number of each
    cell's population in the order in which they are named, and all signals over cells
    that every population makes (`position`, `footprint`, `alive`, `spikes`, `trace`,
    `expression`; `fine_spikes` as long as there is no `trace`). Those of one alone stay
    reachable by their path, `cells.interneurons.calcium.trace`.

    Raises:
        ValueError: no population; stamps or spikes that cannot be joined.
    """

    def __init__(self, needs: tuple[str, ...] = (), /, **steps: AbstractStep) -> None:
        """Its doors follow from the populations, whatever a document says of them."""
        if not steps:
            raise ValueError(
                "Populations: there is none. Give at least one by its name: "
                "Populations(pyramidal=js.Pipeline(('canvas',), neurons=...))."
            )
        wanted = [need for s in steps.values() for need in getattr(s, "needs", ())]
        super().__init__(tuple(dict.fromkeys(wanted)), **steps)

    def __check_init__(self) -> None:
        if set(self.cards()) == {"population"}:
            raise ValueError(
                f"Populations: {', '.join(self.names)} make nothing for each cell in "
                "common. Give every one a PlaceNeurons or another step over cells."
            )

    def _with(self, parts: dict[str, Any]) -> "Populations":
        return Populations(**parts)

    def cards(self) -> dict[str, Signal]:
        """Of what all make for each cell."""
        first, *others = [step.cards() for step in self.steps]
        common = {n: c for n, c in first.items() if all(n in o for o in others)}
        joined = {n: c for n, c in common.items() if "cell" in _dims(c)}
        if FINE in common.values() and "trace" not in joined:  # else nobody needs them
            joined |= {n: c for n, c in common.items() if c == FINE}
        return {**joined, "population": POPULATION}

    def walk(
        self,
        key: PRNGKeyArray,
        made: dict[str, Any],
        log: dict[str, Any],
        prefix: str = "",
    ) -> None:
        """Run every population on the same needs, then join what they made."""
        each = []
        for name, step in zip(self.names, self.steps, strict=True):
            own = dict(made)
            run_step(name, step, fold_name(key, name), own, log, prefix)
            each.append(own)
        names = [name for name in self.cards() if name != "population"]
        out = {name: _joined(name, [own[name] for own in each]) for name in names}
        sizes = [_n_cells(own[names[0]]) for own in each]
        number = np.repeat(np.arange(len(sizes)), sizes)
        number = Series(jnp.asarray(number, jnp.int32), None, POPULATION)
        out["population"] = number
        made |= out
        log |= {f"{prefix}{name}": value for name, value in out.items()}


def parts_of(process: Pipeline, prefix: str = "") -> Iterator[tuple[str, AbstractStep]]:
    """All steps of a process by their paths, those of inner pipelines included."""
    for name, step in zip(process.names, process.steps, strict=True):
        if isinstance(step, Pipeline):
            yield from parts_of(step, f"{prefix}{name}.")
        else:
            yield prefix + name, step


def _dims(card: Signal) -> list[str]:
    return card.dims.split()


def _n_cells(one: Series | SpikeTrain) -> int:
    if isinstance(one, SpikeTrain):
        return len(one.alive)
    return one.values.shape[_dims(one.card).index("cell")]


def _joined(name: str, each: list[Any]) -> Series | SpikeTrain:
    """Signals of all populations as one, along the cells."""
    first = each[0]
    if isinstance(first, SpikeTrain):
        return _one_train(each)
    values = [jnp.asarray(one.values) for one in each]
    if name == "footprint":
        values = _as_wide(values)
    return first.with_values(jnp.concatenate(values, _dims(first.card).index("cell")))


def _as_wide(stamps: list[Array]) -> list[Array]:
    """Stamps with dark rims, so that all are as wide as the widest."""
    sides = [stamp.shape[1] for stamp in stamps]
    if len({side % 2 for side in sides}) > 1:
        raise ValueError(
            f"Populations: stamps of {', '.join(map(str, sides))} pixels have no "
            "common middle. Give all an even stamp_px, or all an odd one."
        )
    rims = [(max(sides) - side) // 2 for side in sides]
    return [
        jnp.pad(stamp, ((0, 0), (rim, rim), (rim, rim)))
        for stamp, rim in zip(stamps, rims, strict=True)
    ]


def _one_train(each: list[SpikeTrain]) -> SpikeTrain:
    kinds = {(*train.fine.shape[:2], train.n_lead) for train in each}
    if len(kinds) > 1:
        told = "; ".join(
            f"{n} frames of {b} bins, {lead} before" for n, b, lead in kinds
        )
        raise ValueError(
            f"Populations: spikes of {told} cannot be joined. Give all one "
            "spike_sim_hz and one lead_s."
        )
    return SpikeTrain(
        jnp.concatenate([train.fine for train in each], axis=2),
        jnp.concatenate([train.before for train in each]),
        jnp.concatenate([train.alive for train in each]),
        each[0].n_lead,
    )
