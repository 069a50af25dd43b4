"""AbstractModel: one neural mass, its state, its equations and what others hear."""

import abc
from typing import TYPE_CHECKING, Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.declared import Declared
from jaxsim.neural.noise import AbstractNoise, NoNoise


if TYPE_CHECKING:  # pyright knows it by this name only
    from typing import ClassVar as AbstractClassVar
else:
    from equinox import AbstractClassVar

Nodes = Float[Array, " node"]  # one number per node
Drive = dict[str, Any]  # site -> what comes from outside, one number per node


class AbstractModel(Declared):
    """A neural mass, written for all nodes of a network at once.

    Every function is elementwise over nodes: a state is a named tuple of arrays
    `(node,)`, and a parameter is a scalar or an array over nodes. A model knows
    nothing of networks, noise or time steps.

    Class variables:
        State: named tuple of the integrated variables.
        sites: places where a drive may enter, the usual one first.
        variables: names that a network may record besides the activity.
        unit: of the activity.
        moment_nam: source moment that one unit of activity stands for, in nAm. One
            is a convention, not physics: it scales an EEG, and a calibration against
            a real one replaces it (Leadfield.moment_nam). None: nothing is known.
    """

    State: AbstractClassVar[type]
    sites: AbstractClassVar[tuple[str, ...]]
    variables: AbstractClassVar[tuple[str, ...]]
    unit: ClassVar[str] = "mV"
    moment_nam: ClassVar[float | None] = 1.0

    @abc.abstractmethod
    def drift(self, state: Any, drive: Drive) -> Any:
        """Time derivative of the state, per second.

        Args:
            state: a `State`.
            drive: by site, what is added there; a missing site gets nothing.
        """

    @abc.abstractmethod
    def output(self, state: Any) -> Nodes:
        """What other nodes hear."""

    @abc.abstractmethod
    def activity(self, state: Any) -> Nodes:
        """What is recorded as `activity`."""

    def observe(self, state: Any) -> dict[str, Nodes]:
        """Every exposed variable by name."""
        return state._asdict()

    def rest(self, n_nodes: int) -> Any:
        """The state that a simulation starts from unless told otherwise: zeros."""
        return self.State(*(jnp.zeros(n_nodes) for _ in self.State._fields))

    def spread(self) -> Any:
        """Half width of the uniform distribution of random starts, per variable."""
        return self.State(*(jnp.asarray(0.1) for _ in self.State._fields))

    def pack(self, values: dict[str, Nodes], n_nodes: int) -> Any:
        """A state from some exposed variables; the others are at rest."""
        return self.rest(n_nodes)._replace(**values)

    def fastest_rate(self) -> Any:
        """The largest rate at which it decays, 1/s; a longer step would diverge."""
        return 0.0

    def own_noise(self) -> AbstractNoise:
        """The noise of a network that names none."""
        return NoNoise()
