"""Linear recurrences over time in about 2 sqrt(n) sequential steps."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def linear_recurrence(
    matrix: Float[Array, "column i i"], drive: Float[Array, "time column i"]
) -> Float[Array, "time column i"]:
    r"""$x_t = A x_{t-1} + u_t$ from $x_{-1} = 0$.

    Time is folded into about $\sqrt n$ chunks that run side by side from zero; then
    each gets what its predecessors leave, $x_{kL+j} \mathrel{+}= A^{j+1} x_{kL-1}$.
    A plain scan would make a GPU wait for every sample.

    Args:
        matrix: $A$, one per column.
        drive: $u$.
    """
    n_times, _, order = drive.shape
    length = math.isqrt(max(n_times - 1, 0)) + 1
    n_chunks = -(-n_times // length)
    padding = jnp.zeros((n_chunks * length - n_times, *drive.shape[1:]), drive.dtype)
    chunks = jnp.concatenate([drive, padding]).reshape(
        n_chunks, length, *drive.shape[1:]
    )

    def tick(x: Array, u: Array) -> tuple[Array, Array]:
        x = _times(matrix[None], x) + u
        return x, x

    def power(p: Array, _: None) -> tuple[Array, Array]:
        p = (matrix[..., None] * p[:, None]).sum(2)
        return p, p

    rest = jnp.zeros_like(chunks[:, 0])
    _, alone = jax.lax.scan(tick, rest, jnp.moveaxis(chunks, 1, 0))
    unit = jnp.broadcast_to(jnp.eye(order, dtype=drive.dtype), matrix.shape)
    last, powers = jax.lax.scan(power, unit, None, length)

    def carry(x: Array, u: Array) -> tuple[Array, Array]:
        return _times(last, x) + u, x

    _, before = jax.lax.scan(carry, rest[0], alone[-1])
    whole = alone + _times(powers[:, None], before[None])
    return jnp.moveaxis(whole, 0, 1).reshape(-1, *drive.shape[1:])[:n_times]


def one_pole(
    keep: Float[Array, "column"], drive: Float[Array, "time column"]
) -> Float[Array, "time column"]:
    r"""$y_t = k\,y_{t-1} + u_t$ from $y_{-1} = 0$.

    Args:
        keep: $k$, one per column.
        drive: $u$.
    """
    return linear_recurrence(keep[:, None, None], drive[..., None])[..., 0]


def white_to_red(
    keep: Float[Array, "column"], white: Float[Array, "time column"]
) -> Float[Array, "time column"]:
    r"""An Ornstein-Uhlenbeck process of unit variance, stationary from the start.

    $$ x_0 = n_0,\quad x_t = k\,x_{t-1} + \sqrt{1 - k^2}\,n_t $$

    Args:
        keep: $k = e^{-1 / \tau}$ with $\tau$ in samples, one per column.
        white: independent standard normal numbers $n$.
    """
    drive = jnp.sqrt(1.0 - keep[None, :] ** 2) * white
    return one_pole(keep, drive.at[0].set(white[0]))


def oscillator(
    push: Float[Array, "time column"],
    frequency_hz: Float[Array, ""],
    damping: Float[Array, ""],
    dt_s: float,
) -> Float[Array, "time column"]:
    r"""Position of a damped mass that is pushed from rest, by symplectic Euler.

    $$ v \leftarrow v + \Delta t\,(a - 2\zeta\omega v - \omega^2 x),\quad
       x \leftarrow x + \Delta t\,v $$

    Args:
        push: acceleration $a$.
        frequency_hz: $\omega / 2 \pi$.
        damping: $\zeta$.
        dt_s: $\Delta t$.
    """
    omega = 2.0 * jnp.pi * frequency_hz
    drag, spring = 1.0 - 2.0 * damping * omega * dt_s, -dt_s * omega**2
    rows = [1.0 + dt_s * spring, dt_s * drag, spring, drag]
    step = jnp.stack(rows).reshape(1, 2, 2)
    moved = jnp.stack([dt_s**2 * push, dt_s * push], -1)
    matrix = jnp.broadcast_to(step, (push.shape[1], 2, 2))
    return linear_recurrence(matrix, moved)[..., 0]


def _times(
    matrix: Float[Array, "... i j"], vector: Float[Array, "... j"]
) -> Float[Array, "... i"]:
    """Products of small matrices and vectors, in full precision on any device."""
    return (matrix * vector[..., None, :]).sum(-1)
