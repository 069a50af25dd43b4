"""Noise that drives the nodes: drawn in blocks of ticks, from counters only.

The draw of a tick is a function of the key, the number of the tick and the number of
the node. Ticks are counted from the end of the burn-in, which has negative numbers. So
another monitor, duration, burn-in or one node more leaves every other draw as it was.
"""

import abc
import functools
from collections.abc import Callable
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from jaxsim.core.declared import Declared
from jaxsim.core.normal import normal_pair
from jaxsim.core.param import Param, param, static


BLOCK = 200  # ticks that share one call of the generator

Tick = Int[Array, ""] | int


class AbstractNoise(Declared):
    """A random drive, one value per tick and node, held over the stages of a tick."""

    site: eqx.AbstractVar[str | None]

    @abc.abstractmethod
    def drive(
        self, key: PRNGKeyArray, first: Tick, n_ticks: int, n_nodes: int, dt_s: float
    ) -> Float[Array, "tick node"] | None:
        """The drive of `n_ticks` ticks from tick `first` on; None for silence."""


class NoNoise(AbstractNoise):
    """Silence: a deterministic network."""

    site: str | None = static(None, "unused")

    def drive(self, key, first, n_ticks, n_nodes, dt_s) -> None:
        """Nothing."""
        return None


class WhiteNoise(AbstractNoise):
    r"""White noise, independent between ticks and (unless `shared`) between nodes.

    A tick of length dt gets `s xi` with `xi` from the distribution and

    $$ s = \sigma \sqrt{\Delta_\text{ref} / dt} \quad\text{(intensity)}, \qquad
       s = \sigma \quad\text{(per\_step)} $$

    "intensity" keeps the power spectral density, $2 \sigma^2 \Delta_\text{ref}$
    (one-sided), whatever the step. "per_step" is what many programs do: their results
    change with dt. "uniform" is U(-1, 1), whose standard deviation is $1/\sqrt 3$.
    """

    sigma: Param = param(2.0, "unit of the site", (0.0, 1e6), "size of the noise")
    distribution: Literal["gaussian", "uniform"] = static("gaussian", "law of a draw")
    scaling: Literal["intensity", "per_step"] = static("intensity", "law of the size")
    shared: bool = static(False, "all nodes get the same draw")
    reference_dt_s: float = static(
        1e-4, "step at which sigma is the size of a draw", "s", (1e-9, 1.0)
    )
    site: str | None = static(None, "where it enters; None: the model's first site")

    def drive(self, key, first, n_ticks, n_nodes, dt_s):
        """Scaled draws, (tick, node)."""
        size = self.sigma
        if self.scaling == "intensity":
            size = size * float(np.sqrt(self.reference_dt_s / dt_s))
        draw = _normal if self.distribution == "gaussian" else _signed
        draw = functools.partial(draw, dtype=size.dtype)
        values = draw_ticks(key, first, n_ticks, 1 if self.shared else n_nodes, draw)
        values = jnp.broadcast_to(values, (n_ticks, n_nodes))
        return values * jnp.broadcast_to(size, (n_ticks, n_nodes))


def _normal(key: PRNGKeyArray, shape: tuple[int, int], dtype: Any) -> Array:
    nodes, ticks = shape
    return jnp.concatenate(normal_pair(key, (nodes, ticks // 2), dtype), axis=1)


def _signed(key: PRNGKeyArray, shape: tuple[int, ...], dtype: Any) -> Array:
    return jax.random.uniform(key, shape, dtype, minval=-1.0, maxval=1.0)


def draw_ticks(
    key: PRNGKeyArray,
    first: Tick,
    n_ticks: int,
    n_nodes: int,
    draw: Callable[[PRNGKeyArray, tuple[int, ...]], Array],
) -> Float[Array, "tick node"]:
    """Draws for a stretch of ticks, out of the blocks that it touches.

    Tick t takes column `t % BLOCK` of block `t // BLOCK`, which is drawn with
    `fold_in(key, t // BLOCK)`. Nodes are the leading axis of a block, so a node more
    leaves the draws of the others alone.

    Args:
        key: of the noise.
        first: number of the first tick, may be negative. A traced number must be a
            multiple of `n_ticks`.
        n_ticks: length of the stretch.
        n_nodes: rows to draw.
        draw: `draw(key, shape)`.
    """
    if isinstance(first, int):
        n_blocks = (first + n_ticks - 1) // BLOCK - first // BLOCK + 1
    elif n_ticks % BLOCK == 0 or BLOCK % n_ticks == 0:
        n_blocks = max(1, n_ticks // BLOCK)  # it begins with a block, or lies in one
    else:
        n_blocks = (n_ticks - 2) // BLOCK + 2
    first = jnp.asarray(first, jnp.int32)
    block = first // BLOCK
    keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(
        block + jnp.arange(n_blocks, dtype=jnp.int32)
    )
    blocks = jax.vmap(lambda k: draw(k, (n_nodes, BLOCK)))(keys)
    ticks = jnp.swapaxes(blocks, 1, 2).reshape(n_blocks * BLOCK, n_nodes)
    if ticks.shape[0] == n_ticks:
        return ticks
    return jax.lax.dynamic_slice_in_dim(ticks, first - block * BLOCK, n_ticks)
