"""The networks that are timed: Wendling masses at 0.1 ms, with noise."""

import functools
from typing import Any

import jax
import jax.numpy as jnp

import jaxsim as js


DT_S = 1e-4
STRENGTH = 0.8
SIGNAL = ("activity",)
A_RANGE = (2.5, 6.5)  # what a batch varies: the excitatory gain, mV


@functools.cache
def graph(n_nodes: int) -> js.Connectome:
    """A random graph, every fifth connection there, rows that sum to one."""
    key = jax.random.key(123)
    drawn = js.generators.erdos_renyi(n_nodes, key, density=0.2, scale=0.8)
    return drawn.normalised("row_sum")


@functools.cache
def delayed_graph(n_nodes: int) -> js.Connectome:
    """The 76 regions of tvb-data where it is installed; else made up, in a ball."""
    if n_nodes == 76:
        try:
            return js.Connectome.from_tvb("76").normalised("row_sum")
        except ModuleNotFoundError:
            pass
    key = jax.random.key(n_nodes)
    degree = min(20.0, n_nodes / 2)
    drawn = js.generators.spatial(n_nodes, key, degree=degree)
    return drawn.normalised("row_sum")


def network(
    n_nodes: int, duration_s: float, *, delayed: bool = False, **changes: Any
) -> js.Network:
    """One node, or a network that hears itself at the site `y0`."""
    connectome = None
    if n_nodes > 1:
        connectome = delayed_graph(n_nodes) if delayed else graph(n_nodes)
    given: dict[str, Any] = dict(
        model=js.Wendling(),
        connectome=connectome,
        coupling=js.LinearCoupling(G=jnp.asarray(STRENGTH), site="y0"),
        solver=js.Heun(),
        duration_s=duration_s,
        dt_s=DT_S,
    )
    return js.Network(**(given | changes))


def weights_of(process: js.Network) -> jax.Array | None:
    """The weights times the strength, as the plain scan takes them."""
    if process.connectome is None:
        return None
    return STRENGTH * process.connectome.weights


def gain_of(process: js.Network) -> Any:
    return js.get(process, "model.A")


def gains(n: int) -> jax.Array:
    """Values of A for a batch."""
    return jnp.linspace(*A_RANGE, n)
