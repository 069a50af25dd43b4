"""Coupling: what a node hears of the others, before and after the sum over sources."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.declared import Declared
from jaxsim.core.param import Param, param, static


Nodes = Float[Array, " node"]


class AbstractCoupling(Declared):
    r"""Input of node i: $g\left(\sum_j w_{ij} f(x_j)\right)$, from j to i."""

    site: eqx.AbstractVar[str | None]

    def source(self, output: Nodes) -> Nodes:
        """f: what a node sends of its output."""
        return output

    @abc.abstractmethod
    def drive(self, total: Nodes) -> Nodes:
        """g: from the weighted sum over sources to the drive at the site."""


class LinearCoupling(AbstractCoupling):
    r"""The weighted sum of what others put out, times a global strength.

    $$ u_i(t) = G \sum_j w_{ij}\, x_j(t - \tau_{ij}) $$

    Without delays it is evaluated in every stage of the solver; with delays it is
    frozen over a tick.
    """

    G: Param = param(1.0, "1", (0.0, 1e4), "global coupling strength")
    site: str | None = static(None, "where it enters; None: the model's first site")

    def drive(self, total: Nodes) -> Nodes:
        """`G` times the sum."""
        return jnp.broadcast_to(self.G, total.shape) * total
