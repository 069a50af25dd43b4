"""Initial conditions: where a simulation (its burn-in, if there is one) begins."""

import abc
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from jaxsim.core.declared import Declared, nearest
from jaxsim.core.param import Data, Param, concrete, data, param, static
from jaxsim.neural.model import AbstractModel


class AbstractInitial(Declared):
    """Makes the first state of a network."""

    @abc.abstractmethod
    def state(self, model: AbstractModel, n_nodes: int, key: PRNGKeyArray) -> Any:
        """The state before the first tick."""

    def accept(self, model: AbstractModel, n_nodes: int) -> None:  # noqa: B027
        """Refuse what this model cannot start from; called when a network is built.

        Raises:
            ValueError: with what is wrong.
        """


class RestState(AbstractInitial):
    """The model's own rest: all zeros for most."""

    def state(self, model, n_nodes, key):
        """`model.rest`."""
        return model.rest(n_nodes)


class GivenState(AbstractInitial):
    """Values of exposed variables; those that are not named start at rest.

    `GivenState(("y0", "y1"), values)`: one row of values per name, each a number or one
    number per node.
    """

    names: tuple[str, ...] = static((), "variables, in the order of the rows")
    values: Data = data("variable node", "unit of the variable", "initial values", ())

    def __check_init__(self) -> None:
        rows = self.values.shape[0] if self.values.ndim else 0
        if rows != len(self.names) or self.values.ndim > 2:
            raise ValueError(
                f"GivenState.values has shape {self.values.shape} for "
                f"{len(self.names)} names; give one row per name: (names,) or "
                "(names, nodes)."
            )
        if concrete(self.values) and not bool(jnp.isfinite(self.values).all()):
            raise ValueError("GivenState.values holds a value that is not finite.")

    def accept(self, model, n_nodes):
        """Names that the model has, one value per node, no contradictions."""
        for name in self.names:
            if name not in model.variables:
                raise ValueError(
                    f"GivenState: {type(model).__name__} has no variable '{name}'; it "
                    f"has {', '.join(model.variables)}.{nearest(name, model.variables)}"
                )
        if self.values.ndim == 2 and self.values.shape[1] not in (1, n_nodes):
            raise ValueError(
                f"GivenState.values has {self.values.shape[1]} columns; the network "
                f"has {n_nodes} node(s)."
            )
        if concrete(model, self.values):
            self.state(model, n_nodes, None)

    def state(self, model: AbstractModel, n_nodes: int, key: Any) -> Any:
        """Rest, with the named variables replaced."""
        dtype = model.rest(1)[0].dtype
        values = {
            name: jnp.broadcast_to(row, (n_nodes,)).astype(dtype)
            for name, row in zip(self.names, self.values, strict=True)
        }
        return model.pack(values, n_nodes)


class RandomState(AbstractInitial):
    """Uniform around rest, independent per variable and node.

    The half widths are the model's (`spread`), times `scale`.
    """

    scale: Param = param(1.0, "1", (0.0, 1e3), "factor on the model's half widths")

    def state(self, model, n_nodes, key):
        """Rest plus `scale * spread * U(-1, 1)`."""

        def around(i, centre, width):
            key_i = jax.random.fold_in(key, i)
            draw = jax.random.uniform(key_i, (n_nodes,), centre.dtype, -1.0, 1.0)
            width = jnp.broadcast_to(self.scale * width, (n_nodes,))
            return centre + width.astype(centre.dtype) * draw

        rest, spread = model.rest(n_nodes), model.spread()
        return type(rest)(*map(around, range(len(rest)), rest, spread))
