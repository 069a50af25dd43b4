"""What this machine could do at best: rates of the parts that a step is made of.

A step of one Wendling node takes 4 sigmoids per stage and one normal draw, and its
share of a matrix product; its floor is the time of those, at rates measured here on
arrays that fit the caches, added up. A single small network cannot reach it: each tick
waits for the last, so one sigmoid in a chain per stage is the other floor.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from benchmarks.measuring import Effort, Table, interleaved


class Ceilings(NamedTuple):
    """Seconds of one operation each."""

    sigmoid_s: float
    normal_s: float
    flop_s: float
    gather_s: float
    byte_s: float
    chain_s: float  # a sigmoid that waits for the one before

    def step_s(self, n_nodes: int, n_batch: int, stages: int, tracts: int = 0) -> float:
        """The floor of one tick of a batch; `tracts` are read from a ring, twice."""
        lanes = n_nodes * n_batch
        product = 2 * n_nodes * lanes * stages if n_nodes > 1 and not tracts else 0
        parts = (
            4 * stages * lanes * self.sigmoid_s,
            lanes * self.normal_s,
            product * self.flop_s,
            2 * tracts * n_batch * self.gather_s,
        )
        return max(sum(parts), stages * self.chain_s)

    def table(self) -> Table:
        rows = [
            ["sigmoids, 16,384 at a time", 1e-6 / self.sigmoid_s, "million/s"],
            ["normal draws, 17,200 at a time", 1e-6 / self.normal_s, "million/s"],
            ["products of 86 x 86 with 86 x 64", 1e-9 / self.flop_s, "GFLOP/s"],
            ["reads by index, 8100 of a table", 1e-6 / self.gather_s, "million/s"],
            ["copies of 64 MiB, read and written", 1e-9 / self.byte_s, "GB/s"],
            ["one sigmoid after another", 1e9 * self.chain_s, "ns"],
        ]
        return Table("Ceilings of this machine", ("what", "rate", "unit"), rows)


@functools.partial(jax.jit, static_argnames=("turns", "body"))
def _loop(x, body, turns, *given):
    return jax.lax.fori_loop(0, turns, lambda i, x: body(i, x, *given), x)


def _sigmoid(i, x):
    return jax.nn.sigmoid(x)


def _normal(i, x, key):
    return x + jax.random.normal(jax.random.fold_in(key, i), x.shape)


def _product(i, x, weights):
    return weights @ x


def _gather(i, x, table, at):
    return x + table[at + i % 100]


@jax.jit
def _copy(x):
    return x + 1.0


def ceilings(effort: Effort) -> Ceilings:
    """Measure them, all in one run."""
    turns = effort.pick(200, 2)
    key = jax.random.key(0)
    wide, draws = jnp.zeros(16_384), jnp.zeros((86, 200))
    weights, states = jnp.full((86, 86), 1 / 86), jnp.ones((86, 64))
    table, at = jnp.ones(90 * 1000), jnp.arange(8100) * 97 % 80_000
    large = jnp.zeros(1 << 24)
    alone = jnp.zeros(())
    took = interleaved(
        {
            "sigmoid": lambda _: _loop(wide, _sigmoid, turns),
            "normal": lambda _: _loop(draws, _normal, turns, key),
            "product": lambda _: _loop(states, _product, turns, weights),
            "gather": lambda _: _loop(jnp.zeros(8100), _gather, turns, table, at),
            "copy": lambda _: _copy(large),
            "chain": lambda _: _loop(alone, _sigmoid, 1000 * turns),
        },
        effort,
    )
    each = {name: timing.low_s / turns for name, timing in took.items()}
    return Ceilings(
        each["sigmoid"] / wide.size,
        each["normal"] / draws.size,
        each["product"] / (2 * 86 * states.size),
        each["gather"] / at.size,
        took["copy"].low_s / (8 * large.size),
        each["chain"] / 1000,
    )
