"""Pipeline: steps in order, wired by name, refused early, keyed by name."""

from typing import Any, ClassVar

from jaxtyping import PRNGKeyArray

from jaxsim.core.declared import KINDS, Declared
from jaxsim.core.frames import run_frames
from jaxsim.core.param import static
from jaxsim.core.rows import Table
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import (
    AbstractFrameStep,
    AbstractStep,
    fold_name,
    step_name,
    wrap,
)


class Pipeline(AbstractStep):
    """Named steps in order; itself a step, so pipelines nest.

    Args:
        needs: signals that come from outside: the doors of a nested pipeline.
        **steps: name=step, in the order in which they run.

    Every need must have been made by an earlier step, or come through a door. A
    second maker of a name replaces it for the steps after; the older value stays
    reachable as `step.name`. A step draws from `fold_in(key, crc32(its name))`, so
    adding, removing or reordering steps leaves the draws of all others alone.

    Raises:
        ValueError: a need that nobody makes, a name that is not an identifier, two
            makers of one name that disagree about its axes, or a unit refused.
    """

    names: tuple[str, ...] = static((), "names of the steps, in order")
    steps: tuple[AbstractStep, ...] = ()
    doors: tuple[str, ...] = static((), "signals that come from outside")
    makes: ClassVar[dict[str, Signal]] = {}

    def __init__(self, needs: tuple[str, ...] = (), /, **steps: AbstractStep) -> None:
        if isinstance(needs, AbstractStep):
            raise TypeError(
                f"Pipeline: give each step a name: Pipeline({step_name(type(needs))}"
                f"={type(needs).__name__}(...)). What stands without one are the names "
                "of signals that come from outside."
            )
        for name, step in steps.items():
            if not isinstance(step, AbstractStep):
                raise TypeError(
                    f"Pipeline: '{name}' is {step!r}, not a step. Steps are objects "
                    "such as js.Network(...) or js.Leadfield(gain)."
                )
        self.names, self.steps = tuple(steps), tuple(steps.values())
        self.doors = (needs,) if isinstance(needs, str) else tuple(needs)

    def __check_init__(self) -> None:
        made = dict.fromkeys(self.doors, Signal("", "", "from outside"))
        for name, step in zip(self.names, self.steps, strict=True):
            if not name.isidentifier():
                raise ValueError(
                    f"'{name}' cannot name a step: letters, digits and _ only, since "
                    "paths are dotted."
                )
            for need in step.needs:
                if need not in made:
                    raise ValueError(_missing(name, step, need, made))
            step.accept({n: c for n, c in made.items() if n not in self.doors}, name)
            for signal, card in step.cards().items():
                before = made.get(signal)
                if signal not in self.doors and before and not before.agrees(card):
                    raise ValueError(
                        f"step '{name}' makes '{signal}' with axes '{card.dims}', but "
                        f"an earlier step makes it with axes '{before.dims}'. One name "
                        "is one kind of thing: rename one of them."
                    )
                made[signal] = card

    @property
    def needs(self) -> tuple[str, ...]:
        """Its doors."""
        return self.doors

    @property
    def draws(self) -> bool:
        """Always: it hands a key to each step."""
        return True

    @property
    def has_frames(self) -> bool:
        """Whether some of its steps work frame by frame."""
        return any(isinstance(step, AbstractFrameStep) for step in self.steps)

    def cards(self) -> dict[str, Signal]:
        """The card of the latest maker of every name."""
        return {
            name: card for step in self.steps for name, card in step.cards().items()
        }

    def __repr__(self) -> str:
        rows = []
        for name, step in zip(self.names, self.steps, strict=True):
            needs, makes = ", ".join(step.needs) or "-", ", ".join(step.cards())
            rows.append((name, type(step).__name__, needs, makes))
        return repr(Table(("step", "kind", "needs", "makes"), rows))

    def _parts(self) -> dict[str, Any]:
        return dict(zip(self.names, self.steps, strict=True))

    def _with(self, parts: dict[str, Any]) -> "Pipeline":
        return Pipeline(self.doors, **parts)

    def __call__(self, key: PRNGKeyArray, **needs: Any) -> dict[str, Any]:
        """Everything made: the latest of every name, and each by its path."""
        made, log = dict(needs), {}
        self.walk(key, made, log)
        return made | log

    def walk(
        self,
        key: PRNGKeyArray,
        made: dict[str, Any],
        log: dict[str, Any],
        prefix: str = "",
    ) -> None:
        """Run the steps in order, adding to `made` (by name) and `log` (by path)."""
        for name, step in zip(self.names, self.steps, strict=True):
            run_step(name, step, fold_name(key, name), made, log, prefix)


def run_step(
    name: str,
    step: AbstractStep,
    key: PRNGKeyArray,
    made: dict[str, Any],
    log: dict[str, Any],
    prefix: str = "",
) -> None:
    """Run one step on what was made before; its makes join `made` and `log`."""
    needs = {n: made[n] for n in step.needs}
    if isinstance(step, Pipeline):
        step.walk(key, needs, log, f"{prefix}{name}.")
        outside, inside = step.doors, step.cards()
        made |= {n: v for n, v in needs.items() if n not in outside or n in inside}
        return
    if isinstance(step, AbstractFrameStep):
        out = run_frames(name, step, key, needs)
    else:
        out = step(**needs, **({"key": key} if step.draws else {}))
        out = finish(name, step, out, needs)
    made |= out
    log |= {f"{prefix}{name}.{signal}": value for signal, value in out.items()}


def finish(
    name: str, step: AbstractStep, out: dict[str, Any], needs: dict[str, Any]
) -> dict[str, Any]:
    """Hold a step to its word: exactly its makes, each with a card and a clock."""
    cards = step.cards()
    if set(out) != set(cards):
        raise ValueError(
            f"step '{name}' ({type(step).__name__}) declares that it makes "
            f"{', '.join(cards) or 'nothing'}, but returned "
            f"{', '.join(out) or 'nothing'}."
        )
    clocks = (v.clock for v in needs.values() if isinstance(v, Series) and v.clock)
    clock = next(clocks, None)
    return {n: wrap(n, out[n], cards[n], clock, name) for n in cards}


def _missing(name: str, step: AbstractStep, need: str, made: dict[str, Signal]) -> str:
    makers = sorted(
        kind
        for kind, cls in KINDS.items()
        if need in (getattr(cls, "makes", None) or {})
    )
    advice = f"put one of them before '{name}'." if makers else "check its spelling."
    return (
        f"step '{name}' ({type(step).__name__}) needs '{need}', which no earlier step "
        f"makes.\n  made so far: {', '.join(made) or 'nothing'}\n"
        f"  steps that make '{need}': {', '.join(makers) or 'none'}\n  {advice}"
    )


def has_frames(process: Any) -> bool:
    """Whether a process, or some step of it, works frame by frame."""
    if isinstance(process, Pipeline):
        return process.has_frames
    return isinstance(process, AbstractFrameStep)


def as_pipeline(process: Any, name: str) -> Pipeline:
    """A process as a pipeline: a bare step is a pipeline of one.

    Raises:
        TypeError: it is no step. ValueError: it needs something from outside.
    """
    if not isinstance(process, AbstractStep):
        told = f"the {'part' if isinstance(process, Declared) else 'value'} "
        told += type(process).__name__
        if isinstance(process, type):
            told = f"the class {process.__name__}; build one, {process.__name__}(...)"
        raise TypeError(
            f"the first argument is the process, a Pipeline or a step such as "
            f"js.Network(...), and the second the key; the first is {told}."
        )
    if process.needs:
        raise ValueError(
            f"{type(process).__name__} needs {', '.join(process.needs)} from outside, "
            "so it cannot run by itself. Put it into a js.Pipeline behind steps that "
            "make it."
        )
    return process if isinstance(process, Pipeline) else Pipeline(**{name: process})
