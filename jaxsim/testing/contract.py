"""The contract that every class keeps; `js.testing.check(MyStep)` holds yours to it.

The project's own tests run the same checks over every registered kind.
"""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.core.declared import KINDS, Declared, cards_of, leaves, replace
from jaxsim.core.pipeline import Pipeline
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.core.simulate import run, simulate
from jaxsim.core.step import AbstractFrameStep, AbstractStep, step_name


SIZES = {"time": 24, "node": 3, "y": 5, "x": 6}  # of made-up needs; other axes have 4


def check(
    thing: type[Declared] | Declared,
    needs: dict[str, Any] | None = None,
    host: Callable[[Any], AbstractStep] | None = None,
) -> list[str]:
    """Hold a class, or an instance where it has no defaults, to the contract.

    Args:
        thing: a step, or a part together with its `host`.
        needs: examples of the signals that a step needs; made up from the cards of
            known makers when left out.
        host: builds a process around a part: `lambda m: js.Network(model=m)`.

    Returns:
        The names of the checks that it passed.

    Raises:
        AssertionError: a promise is broken; the sentence says which and where.
    """
    instance = thing() if isinstance(thing, type) else thing
    if not isinstance(instance, Declared):
        raise TypeError(
            f"testing.check takes a class or object of jaxsim's kind (a step, a model, "
            f"a monitor), got {thing!r}."
        )
    passed = [check_cards(type(instance)), check_document(instance)]
    process = process_around(instance, needs, host)
    if process is None:
        return passed
    passed += [
        check_dims(process),
        check_jit(process),
        check_vmap(process),
        check_no_recompilation(process),
        check_gradients(process),
    ]
    if isinstance(instance, AbstractFrameStep):
        passed.append(check_blocks(process))
    return passed


def check_cards(cls: type[Declared]) -> str:
    """A docstring on the class; a meaning, a unit and ordered bounds on every field."""
    _hold(bool(inspect.getdoc(cls)), f"{cls.__name__} has no docstring")
    for name, card in cards_of(cls).items():
        where = f"{cls.__name__}.{name}"
        _hold(bool(card.doc), f"{where} has no doc")
        _hold(bool(card.unit), f"{where} has no unit (write '1' for a ratio)")
        _hold(card.bounds[0] <= card.bounds[1], f"{where} has bounds {card.bounds}")
    return "cards"


def check_document(instance: Declared) -> str:
    """A process survives the way into a document and back, with the same digest."""
    from jaxsim.store.spec import digest, from_spec, to_spec

    arrays: dict[str, Any] = {}
    again = from_spec(to_spec(instance, arrays), arrays)
    same = digest(again) == digest(instance)
    _hold(same, f"{type(instance).__name__} changes on its way through a document")
    return "document"


def check_dims(process: AbstractStep) -> str:
    """Every signal has the axes of its card and a float type of the default width."""
    made = eqx.filter_eval_shape(_made, process, jax.random.key(0))
    for name, series in made.items():
        dims, shape = series.card.dims.split(), series.values.shape
        _hold(len(dims) == len(shape), f"'{name}' has shape {shape} but axes {dims}")
        _hold(bool(series.card.unit), f"'{name}' has no unit")
        if jnp.issubdtype(series.values.dtype, jnp.floating):
            narrow = series.values.dtype == jnp.result_type(float)
            _hold(narrow, f"'{name}' is {series.values.dtype}")
        if series.card.timed:
            _hold(series.clock is not None, f"'{name}' has a time axis but no clock")
    return "dims"


def check_jit(process: AbstractStep) -> str:
    """Compiled as one program and run step by step agree to rounding, in float64."""
    with jax.enable_x64(True):
        process, key = jax.tree.map(_widen, process), jax.random.key(1)
        one, other = simulate(process, key), run(process, key)
    _agree(one, other, "compiled", "not compiled", 1e-9)
    return "jit"


def check_vmap(process: AbstractStep) -> str:
    """A batch of keys gives what a loop over them gives."""
    keys = jax.random.split(jax.random.key(2), 3)
    batch = _lanes(process, keys)
    for i in range(3):
        lane = jax.tree.map(lambda leaf, i=i: leaf[i], batch)
        _agree(simulate(process, keys[i]), lane, "a single run", f"lane {i} of a batch")
    return "vmap"


def check_no_recompilation(process: AbstractStep) -> str:
    """Another value of any parameter runs the program that is already there."""
    key = jax.random.key(3)
    simulate(process, key)
    moved = {path: replace(process, {path: new}) for path, new in _nudged(process)}
    with CompilationCount() as count:
        for path, other in moved.items():
            simulate(other, key)
            _hold(count.n == 0, f"another value of {path} compiled the program anew")
    return "no recompilation"


def check_gradients(
    process: AbstractStep, below: tuple[str, ...] = ("",), tolerance: float = 2e-4
) -> str:
    """In float64, reverse-mode gradients equal finite differences.

    Args:
        process: runs by itself.
        below: prefixes of the paths to check; all parameters by default.
        tolerance: relative; the error of the finite difference is added.

    A parameter whose gradient is wrong for a reason must be listed in its class's
    `no_gradient`; `fit` refuses it by name.
    """
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        process = jax.tree.map(_widen, process)
        values = {
            path: value
            for path, (value, card) in leaves(process).items()
            if card.role == "param" and value is not None
        }
        _, slopes = _outcome_and_slopes(values, process)
        exempt = _without_gradient(process)
        for path in (p for p in values if p.startswith(below)):
            found = float(np.asarray(slopes[path]).sum())
            expected, error = _slope(values, process, path)
            close = abs(found - expected) <= tolerance * abs(expected) + error
            _hold(
                close or path.split(".")[-1] in exempt,
                f"d/d{path}: autodiff {found:.8g}, finite difference {expected:.8g}",
            )
    return "gradients"


def check_blocks(process: AbstractStep) -> str:
    """Blocks of frames give the frames of the whole run, bit for bit."""
    key = jax.random.key(5)
    whole, blocked = simulate(process, key), simulate(process, key, block=5)
    for name in whole.names:
        same = np.array_equal(whole[name].values, blocked[name].values)
        _hold(same, f"'{name}' differs between block=5 and the whole run")
    return "blocks"


class CompilationCount:
    """How many programs XLA compiled inside a `with` block (`.n`)."""

    def __enter__(self) -> "CompilationCount":
        self.n = 0
        jax.monitoring.register_event_duration_secs_listener(self._hear)
        return self

    def _hear(self, event: str, duration_secs: float, **kwargs: Any) -> None:
        self.n += event == "/jax/core/compile/backend_compile_duration"

    def __exit__(self, *error: object) -> None:
        jax.monitoring.unregister_event_duration_listener(self._hear)


class GivenSignals(AbstractStep):
    """Signals from outside, as the first step of a process under test."""

    series: tuple[Series, ...] = ()
    given: tuple[str, ...] = eqx.field(static=True, default=())
    makes: ClassVar[dict[str, Signal]] = {}

    def cards(self) -> dict[str, Signal]:
        """The cards that the given series carry."""
        return {n: s.card for n, s in zip(self.given, self.series, strict=True)}

    def __call__(self) -> dict[str, Any]:
        """The series, by name."""
        return dict(zip(self.given, self.series, strict=True))


def process_around(
    instance: Any, needs: Any = None, host: Any = None
) -> AbstractStep | None:
    """A process that shows what a step or part does; None where none is known."""
    if host is not None:
        return host(instance)
    if not isinstance(instance, AbstractStep):
        return None
    if not instance.needs:
        return instance
    needs = needs or {name: _made_up(name) for name in instance.needs}
    given = GivenSignals(tuple(needs.values()), tuple(needs))
    return Pipeline(given=given, **{step_name(type(instance)): instance})


def _made_up(name: str) -> Series:
    """A need with the card of the first known maker, filled with noise."""
    found = (getattr(cls, "makes", None) or {} for cls in KINDS.values())
    card = next((makes[name] for makes in found if name in makes), None)
    if card is None:
        raise ValueError(f"nobody known makes '{name}'; give an example in `needs`.")
    shape = tuple(SIZES.get(dim, 4) for dim in card.dims.split())
    values = jax.random.uniform(jax.random.key(6), shape)
    return Series(values, Clock(jnp.zeros(()), 100.0) if card.timed else None, card)


def _made(process: AbstractStep, key: PRNGKeyArray) -> dict[str, Series]:
    recording = run(process, key)
    return dict(zip(recording.names, recording.series, strict=True))


# compiled once per program, whichever class is being checked
_lanes = eqx.filter_jit(eqx.filter_vmap(run, in_axes=(None, 0)))


@eqx.filter_jit
def _outcome_and_slopes(values: dict[str, Any], process: AbstractStep) -> Any:
    def of(values: dict[str, Any]) -> Any:
        return _outcome(replace(process, values), jax.random.key(4))

    return jax.value_and_grad(of)(values)


def _outcome(process: AbstractStep, key: PRNGKeyArray) -> Any:
    """One number that feels every value of every signal."""
    total = jnp.zeros(())
    for name, series in _made(process, key).items():
        if jnp.issubdtype(series.values.dtype, jnp.floating):
            shape = series.values.shape
            weights = jax.random.normal(jax.random.key(len(name)), shape)
            total = total + (weights * series.values).mean()
    return total


def _slope(values: dict[str, Any], process: Any, path: str) -> tuple[float, float]:
    """Finite difference along all entries of a path at once, and its own error.

    Central where the bounds leave room, else one-sided; both of second order and
    refined once (Richardson), the refinement being the error.
    """
    value, card = leaves(process)[path]
    value, (low, high) = np.asarray(value), card.bounds
    size = 1e-4 * max(1e-3, float(np.abs(value).max()))

    def at(k: int) -> float:
        moved = values | {path: jnp.asarray(value + k * size)}
        return float(_outcome_and_slopes(moved, process)[0])

    if (value - low).min() >= 2 * size and (high - value).min() >= 2 * size:
        fine, coarse = at(1) - at(-1), (at(2) - at(-2)) / 2
        fine, coarse = fine / (2 * size), coarse / (2 * size)
    else:
        side = 1 if (high - value).min() >= 4 * size else -1
        f0, f1, f2, f4 = (at(side * k) for k in (0, 1, 2, 4))
        fine = side * (-3 * f0 + 4 * f1 - f2) / (2 * size)
        coarse = side * (-3 * f0 + 4 * f2 - f4) / (4 * size)
    return (4 * fine - coarse) / 3, abs(fine - coarse) + 1e-9


def _without_gradient(process: Any) -> set[str]:
    def names(node: Any) -> set[str]:
        found: set[str] = set(getattr(type(node), "no_gradient", ()))
        for value in node._parts().values():
            if isinstance(value, Declared):
                found |= names(value)
        return found

    return names(process)


def _nudged(process: Any) -> list[tuple[str, Any]]:
    """Every parameter moved a little, inside its bounds."""
    moved = []
    for path, (value, card) in leaves(process).items():
        if card.role == "param" and value is not None:
            value = np.asarray(value)
            low, high = card.bounds
            step = 1e-3 * np.maximum(np.abs(value), 1e-3)
            new = np.where(value + step <= high, value + step, value - step)
            moved.append((path, np.clip(new, low, high).astype(value.dtype)))
    return moved


def _widen(leaf: Any) -> Any:
    wide = hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)
    return jnp.asarray(np.asarray(leaf, np.float64)) if wide else leaf


def _agree(a: Any, b: Any, first: str, second: str, rtol: float = 2e-4) -> None:
    for name in a.names:
        x, y = np.asarray(a[name].values), np.asarray(b[name].values)
        scale = float(np.abs(x).max()) if x.size else 0.0
        close = np.allclose(x, y, rtol=rtol, atol=rtol * scale)
        _hold(close, f"'{name}' differs between {first} and {second}")


def _hold(promise: bool, otherwise: str) -> None:
    if not promise:
        raise AssertionError(otherwise)
