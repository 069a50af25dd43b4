"""Curves that never fall: fitted to points that do, and turned around."""

from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Real

from jaxsim.measure.arrays import Values, as_float


Flat = Literal["left", "mid", "right"]


def isotonic_regression(
    values: Real[Values, " point"], weights: Real[Values, " point"] | None = None
) -> Float[Array, " point"]:
    r"""The non-decreasing list that is closest in least squares.

    $$ g_i = \max_{a \le i}\; \min_{b \ge i}\; \mathrm{mean}(y_a, \dots, y_b) $$

    Equal to `scipy.optimize.isotonic_regression`. All means are formed, which for the
    few points of a coverage curve is quick, has no branches, and is made for vmap.

    Args:
        values: points in order.
        weights: above zero; 1 each by default.

    Reference:
        ```bibtex
        @book{robertson1988order,
          author = {Robertson, T. and Wright, F. T. and Dykstra, R. L.},
          title = {Order Restricted Statistical Inference},
          publisher = {Wiley},
          year = {1988}
        }
        ```
    """
    y = as_float(values, "values")
    w = jnp.ones_like(y) if weights is None else as_float(weights, "weights")
    w = w.astype(y.dtype)
    if y.ndim != 1 or w.shape != y.shape:
        raise ValueError(
            f"values of shape {y.shape} and weights of shape {w.shape} must both be "
            "(point,); jax.vmap takes many lists."
        )
    n = jnp.arange(len(y))
    ordered = n[:, None] <= n[None, :]
    # each row is summed by itself: differences of one long sum lose digits
    total, mass = (
        jnp.cumsum(jnp.where(ordered, x[None, :], 0.0), axis=1) for x in (w * y, w)
    )
    means = jnp.where(ordered, total / jnp.where(ordered, mass, 1.0), jnp.inf)
    least = jax.lax.cummin(means, axis=1, reverse=True)
    return jnp.max(jnp.where(ordered, least, -jnp.inf), axis=0)


def inverse_curve(
    x: Float[Array, " point"],
    y: Float[Array, " point"],
    at: Float[Array, " asked"],
    flat: Flat = "mid",
) -> Float[Array, " asked"]:
    """Where a piecewise linear, non-decreasing curve reaches given heights.

    Args:
        x: of its points, increasing.
        y: of its points, non-decreasing.
        at: heights; below (above) all of them gives the first (last) x.
        flat: which x where the curve stays at a height: the first, the last, or the
            middle of both.
    """
    if flat not in ("left", "mid", "right"):
        raise ValueError(f"flat = {flat!r}: choose 'left', 'mid' or 'right'.")
    first, last = (_crossing(x, y, at, side) for side in ("left", "right"))
    return {"left": first, "mid": (first + last) / 2, "right": last}[flat]


def _crossing(x: Array, y: Array, at: Array, side: str) -> Array:
    """Where the curve first reaches (left) or last has (right) a height."""
    # heights that differ by rounding are one
    slack = 8 * jnp.finfo(y.dtype).eps * (-1.0 if side == "left" else 1.0)
    place = jnp.searchsorted(y, at + slack, side=side)
    above = jnp.clip(place, 1, len(y) - 1)
    rise = y[above] - y[above - 1]
    some = rise > 0
    part = jnp.where(some, (at - y[above - 1]) / jnp.where(some, rise, 1.0), 0.0)
    found = x[above - 1] + jnp.clip(part, 0.0, 1.0) * (x[above] - x[above - 1])
    return jnp.where(place == 0, x[0], jnp.where(place == len(y), x[-1], found))
