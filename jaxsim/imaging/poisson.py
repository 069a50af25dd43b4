"""Poisson numbers out of normal ones: smooth in the rate, and cheap."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


FEW = 8.0  # photons, below which the law is inverted exactly
_MOST = 36  # counts that the inversion can give; more have a probability below 1e-12


def smooth_poisson(
    rate: Float[Array, "*n"], normal: Float[Array, "*n"]
) -> Float[Array, "*n"]:
    r"""The Poisson quantile function, before it is cut to whole numbers.

    $$ Q = \lambda + \sqrt\lambda\, w + \tfrac13 + \tfrac{w^2}{6}
      - \frac{w/36 + w^3/72}{\sqrt\lambda}
      + \frac{-8/405 + 7 w^2/810 + w^4/270}{\lambda} $$

    for a standard normal w. Its floor has the Poisson law to a total variation below
    3e-4 from 8 photons on, and below 4e-5 from 20 on; its derivative in the rate is the
    pathwise one, `1 + w / (2 sqrt(rate))` and smaller terms.

    ```bibtex
    @article{giles2016algorithm,
      author = {Giles, Michael B.},
      title = {Algorithm 955: Approximation of the Inverse {Poisson} Cumulative
               Distribution Function},
      journal = {ACM Transactions on Mathematical Software},
      volume = {42}, number = {1}, pages = {7:1--7:22}, year = {2016},
      doi = {10.1145/2699466}
    }
    ```
    """
    rate = jnp.maximum(rate, 1e-6)
    root = jnp.sqrt(rate)
    w2 = normal * normal
    first = 1.0 / 3.0 + w2 / 6.0
    second = normal * (1.0 / 36.0 + w2 / 72.0) / root
    third = (-8.0 / 405.0 + w2 * (7.0 / 810.0 + w2 / 270.0)) / rate
    return rate + root * normal + first - second + third


def poisson(rate: Float[Array, "*n"], normal: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """Whole numbers with the Poisson law, from a standard normal each.

    Below 8 photons the cumulative law is inverted exactly, above it is
    `smooth_poisson`. The exact way is skipped when no rate is that low.
    """
    fast = jnp.floor(jnp.maximum(smooth_poisson(rate, normal), 0.0))

    def with_exact() -> Array:
        return jnp.where(rate < FEW, _inverted(rate, normal), fast)

    return jax.lax.cond(jnp.any(rate < FEW), with_exact, lambda: fast)


def _inverted(rate: Array, normal: Array) -> Array:
    """How many values of the cumulative law lie below that of the normal."""
    rate = jnp.clip(rate, 0.0, FEW)
    quantile = 0.5 * jax.lax.erfc(-normal * 0.5**0.5)
    probability = jnp.exp(-rate)
    below, count = probability, jnp.zeros_like(rate)
    for k in range(1, _MOST):
        count = count + (quantile > below).astype(rate.dtype)
        probability = probability * (rate / k)
        below = below + probability
    return count
