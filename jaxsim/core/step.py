"""AbstractStep: needs some signals by its signature, makes some by its cards."""

import abc
import functools
import inspect
import re
import zlib
from typing import TYPE_CHECKING, Any, ClassVar

import jax
from jaxtyping import PRNGKeyArray

from jaxsim.core.declared import Declared
from jaxsim.core.signal import Clock, Series, Signal


if TYPE_CHECKING:  # pyright knows it by this name only
    from typing import ClassVar as AbstractClassVar
else:
    from equinox import AbstractClassVar


class AbstractStep(Declared):
    """One act of a pipeline, a plain function of plain values.

    `__call__` names the signals that it needs as arguments, and `key` if and only if
    it draws; it returns a mapping with exactly the names of `makes`. So the
    declaration of a need is the use of it, and a step can touch nothing else.
    """

    makes: AbstractClassVar[dict[str, Signal]]

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the signals that must have been made before."""
        return tuple(n for n in arguments(type(self).__call__) if n != "key")

    @property
    def draws(self) -> bool:
        """Whether it uses random numbers."""
        return "key" in arguments(type(self).__call__)

    def cards(self) -> dict[str, Signal]:
        """The cards of what this very step makes (a unit may depend on its parts)."""
        return dict(type(self).makes)

    def accept(self, cards: dict[str, Signal], name: str) -> None:  # noqa: B027
        """Refuse needs that this step cannot use; called when a pipeline is built.

        Args:
            cards: the card of every signal made before.
            name: what the pipeline calls this step, for the sentence.

        Raises:
            ValueError: a need has a unit or meaning that the step cannot take.
        """

    @abc.abstractmethod
    def __call__(self, *args: Any, **needs: Any) -> dict[str, Any]:
        """From the needs to the mapping of everything made."""


class AbstractFrameStep(AbstractStep):
    """A step that mixes no time: it sees one frame.

    `once` may be overridden to see the whole recording before any frame (to draw a
    path, to cut footprints); its needs, too, are its signature, and `makes_once` names
    what it returns. `__call__` gets every signal whose card begins with `time` without
    that axis, all others whole, as plain arrays, and returns one frame of everything
    else in `makes`. `once` draws from `fold_in(key, 0)`, a frame from
    `fold_in(fold_in(key, 1), its absolute number)`: any block of frames can be made
    alone.

    Class variables:
        makes_once: names of what `once` makes.
        blockwise: `__call__` is given a whole block of frames (time axis kept, keys one
            per frame), because it knows a better way than vmap.
        resamples: a frame reads neighbouring pixels of `movie` (a shift, a blur), which
            is then kept in memory first, or XLA would compute it anew for every read.
    """

    makes_once: ClassVar[tuple[str, ...]] = ()
    blockwise: ClassVar[bool] = False
    resamples: ClassVar[bool] = False

    @property
    def needs(self) -> tuple[str, ...]:
        """Needs of `once`, then those of a frame that `once` does not make."""
        return tuple(dict.fromkeys((*self.needs_once, *self.needs_frame)))

    @property
    def needs_once(self) -> tuple[str, ...]:
        """What `once` needs."""
        return tuple(n for n in arguments(type(self).once) if n != "key")

    @property
    def needs_frame(self) -> tuple[str, ...]:
        """What a frame needs from outside the step."""
        own = ("key", *self.makes_once)
        return tuple(n for n in arguments(type(self).__call__) if n not in own)

    def once(self, *args: Any, **needs: Any) -> dict[str, Any]:
        """What concerns the whole recording."""
        return {}


@functools.cache
def arguments(function: Any) -> tuple[str, ...]:
    """Names of a method's arguments; the one place that reads signatures."""
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return tuple(p.name for p in parameters if p.kind in named and p.name != "self")


def fold_name(key: PRNGKeyArray, name: str) -> PRNGKeyArray:
    """The key of a name: adding or removing another name leaves it alone."""
    return jax.random.fold_in(key, zlib.crc32(name.encode()) & 0x7FFFFFFF)


def step_name(kind: type) -> str:
    """`TemporalAverage` -> `temporal_average`: the name of a step run by itself."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()


def wrap(name: str, value: Any, card: Signal, clock: Clock | None, by: str) -> Any:
    """A bare array becomes a Series; value objects and Series pass."""
    if isinstance(value, Series):
        return value
    if not hasattr(value, "ndim") or not hasattr(value, "dtype"):
        return value
    if card.timed and clock is None:
        raise ValueError(
            f"step '{by}' made '{name}' ({card.dims}) as a bare array, but none of its "
            "needs has a clock to give it. Return a Series with a Clock."
        )
    return Series(value, clock if card.timed else None, card)
