"""What reaches the nodes from other nodes: nothing, at once, or delayed.

A pathway rides in the scan over ticks. `over` readies it for spans of some length.
`open` makes room in the past for the ticks of one span, `tell` writes what is put out
at a tick, `hear` reads what arrives, `close` keeps what the next span needs. `now` is
what arrives without delay, within the stages of a solver.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jaxsim.neural.connectome import Connectome


Nodes = Float[Array, " node"]


def pathway(connectome: Connectome | None, dt_s: float) -> "Alone | Instant | Delayed":
    """The way from node to node that a connectome asks for."""
    if connectome is None:
        return Alone()
    if connectome.tract_lengths_mm is None:
        return Instant(connectome.weights)
    return Delayed.of(connectome, dt_s)


class Alone(eqx.Module):
    """Nobody hears anybody."""

    def over(self, n_ticks: int) -> Any:
        """This pathway, ready for spans of `n_ticks`."""
        return self

    def start(self, output: Nodes) -> Any:
        """What is remembered before the first tick."""
        return ()

    def open(self, past: Any, n_ticks: int) -> Any:
        """Room for the ticks of a span."""
        return past

    def hear(self, past: Any, tick: Int[Array, ""]) -> Nodes | None:
        """Weighted sum of what arrives at a tick, constant over its stages."""
        return None

    def now(self, output: Nodes) -> Nodes | None:
        """Weighted sum of what arrives at once."""
        return None

    def tell(self, past: Any, tick: Int[Array, ""], output: Nodes) -> Any:
        """Remember what is put out at the start of a tick."""
        return past

    def close(self, past: Any, n_ticks: int) -> Any:
        """What the next span needs."""
        return past


class Instant(Alone):
    """No delays: a matrix product in every stage, so that solvers keep their order."""

    weights: Float[Array, "node node"]

    def now(self, output: Nodes) -> Nodes:
        """`W x`, from column to row."""
        return self.weights @ output


class Delayed(Alone):
    r"""Each tract delivers what its source put out `lag` ticks ago.

    The past is a table `(node, slot)`; a lag between two slots is read by linear
    interpolation,

    $$ x_j(t - \tau) \approx (1 - w)\, x_j[t - \lfloor\tau\rfloor]
       + w\, x_j[t - \lfloor\tau\rfloor - 1], \qquad w = \tau - \lfloor\tau\rfloor, $$

    so lengths and speed have gradients (their slope jumps where a lag crosses a slot).
    Before the first tick the past holds what the initial state puts out.

    A lag that is longer than the table, which only values traced by JAX can bring
    about, gives NaN instead of a wrong delay.
    """

    near: Float[Array, "node node"]  # weight of the slot just after the lag
    far: Float[Array, "node node"]  # weight of the slot just before it
    slots: Int[Array, "node node"]  # whole ticks of each lag
    n_slots: int = eqx.field(static=True)
    at: Any = None  # where tick 0 of a span reads, (node, node); none before a span

    @classmethod
    def of(cls, connectome: Connectome, dt_s: float) -> "Delayed":
        """Lags in ticks; the length of the table is static."""
        horizon = connectome.max_delay_s or 0.0
        longest = math.ceil(horizon / dt_s * (1 - 1e-9))
        lag = connectome.delays_s / dt_s
        lag = jnp.where(lag <= longest + 1e-3, lag, jnp.nan)
        whole = jnp.floor(jax.lax.stop_gradient(lag))
        part = lag - whole
        slots = jnp.clip(jnp.nan_to_num(whole), 0, longest).astype(jnp.int32)
        weights = connectome.weights
        return cls(weights * (1.0 - part), weights * part, slots, longest + 1)

    def over(self, n_ticks):
        """With the places to read worked out, once for all ticks of a span."""
        row = jnp.arange(self.slots.shape[0], dtype=jnp.int32)[None, :]
        at = row * (self.n_slots + n_ticks) + self.n_slots - self.slots
        return Delayed(self.near, self.far, self.slots, self.n_slots, at)

    def start(self, output: Nodes) -> Float[Array, "node slot"]:
        """The initial output, for ever."""
        return jnp.broadcast_to(output[:, None], (output.shape[0], self.n_slots))

    def open(self, past, n_ticks):
        """Empty slots after the past."""
        room = jnp.zeros((past.shape[0], n_ticks), past.dtype)
        return jnp.concatenate([past, room], axis=1)

    def hear(self, past, tick):
        """The interpolated sum; the latest output is in slot `n_slots + tick`."""
        flat = past.reshape(-1)
        after = flat.at[self.at + tick].get(mode="promise_in_bounds")
        before = flat.at[self.at + (tick - 1)].get(mode="promise_in_bounds")
        arriving = self.near * after + self.far * before
        # a product with ones: XLA adds up rows of a fused sum one number at a time
        return arriving @ jnp.ones_like(arriving[0])

    def now(self, output):
        """Nothing: all that is heard comes through the past."""
        return None

    def tell(self, past, tick, output):
        """Into the slot of the tick."""
        at = self.n_slots + tick
        return jax.lax.dynamic_update_slice_in_dim(past, output[:, None], at, axis=1)

    def close(self, past, n_ticks):
        """The last `n_slots`."""
        return past[:, n_ticks:]
