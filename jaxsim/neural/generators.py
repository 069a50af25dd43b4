"""Generated connectomes: topology, weight law, and where the nodes lie.

Every function takes a JAX key and gives the same connectome for the same key. The
diagonal is zero. `weights[i, j]` is the connection from j to i.
"""

from collections.abc import Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.neural.connectome import Connectome
from jaxsim.neural.topology import (
    Number,
    block_sizes_of,
    check_common,
    check_degree,
    check_fraction,
    distances,
    draw_weights,
    in_ball,
    lattice,
    mirrored,
    on_circle,
    scaled_to,
    uniforms,
)


WeightLaw = Literal["lognormal", "normal", "uniform", "constant"]


def from_arrays(weights: Any, tract_lengths_mm: Any = None, **given: Any) -> Connectome:
    """A connectome from arrays at hand; the same as `Connectome(...)`.

    Args:
        weights: square, `weights[i, j]` from j to i.
        tract_lengths_mm: of the same shape; none: no delays.
        **given: any other field of `Connectome`.
    """
    return Connectome(weights, tract_lengths_mm, **given)


def erdos_renyi(
    n_nodes: int,
    key: PRNGKeyArray,
    *,
    density: Number = 0.1,
    weights: WeightLaw = "lognormal",
    scale: Number = 1.0,
    symmetric: bool = False,
    radius_mm: Number | None = None,
) -> Connectome:
    """Every connection is there with the same probability, independently.

    Args:
        n_nodes: how many.
        key: `jax.random.key(0)`.
        density: probability of a connection, between 0 and 1.
        weights: law of the weights: "lognormal" exp(N(0, 1)) x scale, "normal"
            |N(scale, scale / 2)|, "uniform" U(0, scale), "constant" scale.
        scale: of the weights.
        symmetric: the same connection and weight in both directions.
        radius_mm: with it, nodes lie evenly in a ball of this radius and tracts are
            straight, so that there are delays.

    Raises:
        ValueError: no nodes, a density outside [0, 1], an unknown law.
    """
    check_common("erdos_renyi", n_nodes, key, weights, scale, radius_mm)
    check_fraction("erdos_renyi", "density", density)
    drawn = uniforms(_key(key, 0), n_nodes) < density
    return _finish(drawn, key, weights, scale, symmetric, radius_mm)


def ring_lattice(
    n_nodes: int,
    key: PRNGKeyArray,
    *,
    degree: int = 2,
    weights: WeightLaw = "uniform",
    scale: Number = 1.0,
    symmetric: bool = True,
    radius_mm: Number | None = None,
) -> Connectome:
    """Nodes on a ring, each connected with its nearest neighbours on both sides.

    Args:
        n_nodes: how many.
        key: `jax.random.key(0)`, for the weights.
        degree: neighbours of a node, half on each side: an odd number is rounded down
            to an even one, 1 up to 2.
        weights: law of the weights, as in `erdos_renyi`.
        scale: of the weights.
        symmetric: the same weight in both directions.
        radius_mm: with it, nodes lie evenly on a circle of this radius and tracts are
            straight, so that there are delays.

    Raises:
        ValueError: a degree below 1 or not below n_nodes, an unknown law.
    """
    check_common("ring_lattice", n_nodes, key, weights, scale, radius_mm)
    check_degree("ring_lattice", degree, n_nodes)
    positions = None if radius_mm is None else on_circle(n_nodes, radius_mm)
    ring = lattice(n_nodes, degree)
    return _finish(ring, key, weights, scale, symmetric, radius_mm, positions)


def small_world(
    n_nodes: int,
    key: PRNGKeyArray,
    *,
    degree: int = 4,
    rewire: Number = 0.1,
    weights: WeightLaw = "lognormal",
    scale: Number = 1.0,
    symmetric: bool = True,
    radius_mm: Number | None = None,
) -> Connectome:
    """A ring lattice of which some connections are moved elsewhere at random.

    Args:
        n_nodes: how many.
        key: `jax.random.key(0)`.
        degree: mean number of neighbours, as in `ring_lattice`.
        rewire: probability that a connection is moved, between 0 and 1.
        weights: law of the weights, as in `erdos_renyi`.
        scale: of the weights.
        symmetric: the same weight in both directions (connections always are).
        radius_mm: with it, nodes lie evenly on a circle of this radius and tracts are
            straight, so that there are delays.

    Raises:
        ValueError: a degree below 1 or not below n_nodes, a rewire outside [0, 1].

    ```bibtex
    @article{watts1998, title={Collective dynamics of 'small-world' networks},
      author={Watts, D. J. and Strogatz, S. H.}, journal={Nature}, volume={393},
      pages={440--442}, year={1998}}
    ```
    """
    import networkx

    check_common("small_world", n_nodes, key, weights, scale, radius_mm)
    check_degree("small_world", degree, n_nodes)
    check_fraction("small_world", "rewire", rewire)
    seed = int(jax.random.bits(_key(key, 0), dtype=jnp.uint32))
    even = 2 * max(degree // 2, 1)
    graph = networkx.watts_strogatz_graph(n_nodes, even, rewire, seed=seed)
    adjacency = networkx.to_numpy_array(graph, nodelist=range(n_nodes)) > 0
    positions = None if radius_mm is None else on_circle(n_nodes, radius_mm)
    return _finish(adjacency, key, weights, scale, symmetric, radius_mm, positions)


def stochastic_block(
    n_nodes: int,
    key: PRNGKeyArray,
    *,
    n_blocks: int = 4,
    p_in: Number = 0.3,
    p_out: Number = 0.05,
    block_sizes: Sequence[int] | None = None,
    weights: WeightLaw = "lognormal",
    scale: Number = 1.0,
    symmetric: bool = False,
    radius_mm: Number | None = None,
) -> Connectome:
    """Communities: connections are likelier within a block than between blocks.

    Nodes of a block stand together, and are labelled `block.number`.

    Args:
        n_nodes: how many.
        key: `jax.random.key(0)`.
        n_blocks: equal blocks; what is left over goes to the first ones.
        p_in: probability of a connection within a block.
        p_out: probability of a connection between blocks.
        block_sizes: nodes of each block, in place of `n_blocks`.
        weights: law of the weights, as in `erdos_renyi`.
        scale: of the weights.
        symmetric: the same connection and weight in both directions.
        radius_mm: with it, nodes lie evenly in a ball of this radius and tracts are
            straight, so that there are delays.

    Raises:
        ValueError: blocks that do not add up to n_nodes, a probability outside [0, 1].

    ```bibtex
    @article{holland1983, title={Stochastic blockmodels: first steps}, author={Holland,
      P. W. and Laskey, K. B. and Leinhardt, S.}, journal={Social Networks}, volume={5},
      number={2}, pages={109--137}, year={1983}}
    ```
    """
    check_common("stochastic_block", n_nodes, key, weights, scale, radius_mm)
    check_fraction("stochastic_block", "p_in", p_in)
    check_fraction("stochastic_block", "p_out", p_out)
    sizes = block_sizes_of(n_nodes, n_blocks, block_sizes)
    block = np.repeat(np.arange(len(sizes)), sizes)
    likely = np.where(block[:, None] == block[None, :], p_in, p_out)
    drawn = uniforms(_key(key, 0), n_nodes) < likely
    labels = tuple(f"{b}.{i}" for b, size in enumerate(sizes) for i in range(size))
    return _finish(drawn, key, weights, scale, symmetric, radius_mm, labels=labels)


def spatial(
    n_nodes: int,
    key: PRNGKeyArray,
    *,
    degree: Number = 12.0,
    decay_mm: Number = 30.0,
    weights: WeightLaw = "lognormal",
    scale: Number = 1.0,
    symmetric: bool = False,
    radius_mm: Number = 70.0,
) -> Connectome:
    r"""Nodes in a ball, connected the likelier the nearer, with tracts of real length.

    The probability of a connection is $\min(1, c\, e^{-d/\lambda})$, with $c$ such that
    `degree` connections reach a node on average, and weights fall with distance in the
    same way: the exponential distance rule of cortex.

    Args:
        n_nodes: how many.
        key: `jax.random.key(0)`.
        degree: mean number of connections that reach a node.
        decay_mm: the length $\lambda$ over which connections thin out.
        weights: law of the weights before they fall with distance, as in `erdos_renyi`.
        scale: of the weights.
        symmetric: the same connection and weight in both directions.
        radius_mm: of the ball.

    Raises:
        ValueError: a degree not between 0 and n_nodes - 1, a length not above 0.

    ```bibtex
    @article{ercsey2013, title={A predictive network model of cerebral cortical
      connectivity based on a distance rule}, author={Ercsey-Ravasz, M. and
      Markov, N. T. and Lamy, C. and Van Essen, D. C. and Knoblauch, K. and
      Toroczkai, Z. and Kennedy, H.}, journal={Neuron}, volume={80}, number={1},
      pages={184--197}, year={2013}}
    ```
    """
    check_common("spatial", n_nodes, key, weights, scale, radius_mm)
    if not 0 < degree <= n_nodes - 1:
        raise ValueError(
            f"generators.spatial: degree = {degree:g} must be above 0 and at most "
            f"n_nodes - 1 = {n_nodes - 1}."
        )
    if not decay_mm > 0:
        raise ValueError(f"generators.spatial: decay_mm = {decay_mm} must be above 0.")
    positions = in_ball(n_nodes, _key(key, 2), radius_mm)
    nearness = np.exp(-distances(positions) / decay_mm)
    np.fill_diagonal(nearness, 0.0)
    likely = scaled_to(nearness, degree * n_nodes)
    drawn = uniforms(_key(key, 0), n_nodes) < likely
    return _finish(
        drawn, key, weights, scale, symmetric, radius_mm, positions, nearness=nearness
    )


def _key(key: PRNGKeyArray, what: int) -> PRNGKeyArray:
    """One key each for connections (0), weights (1) and positions (2)."""
    return jax.random.fold_in(key, what)


def _finish(
    adjacency: np.ndarray,
    key: PRNGKeyArray,
    law: str,
    scale: Number,
    symmetric: bool,
    radius_mm: Number | None,
    positions: np.ndarray | None = None,
    labels: tuple[str, ...] = (),
    nearness: np.ndarray | float = 1.0,
) -> Connectome:
    """Weights on the connections, and lengths where the nodes have places."""
    weights = draw_weights(_key(key, 1), law, scale, len(adjacency))
    if symmetric:  # the upper triangle, mirrored
        adjacency, weights = mirrored(adjacency), mirrored(weights)
    weights = np.where(adjacency, weights * nearness, 0.0)
    np.fill_diagonal(weights, 0.0)
    if radius_mm is None:
        return from_arrays(weights, labels=labels)
    if positions is None:
        positions = in_ball(len(adjacency), _key(key, 2), radius_mm)
    lengths = distances(positions)
    return from_arrays(weights, lengths, labels=labels, centres_mm=positions)
