"""Poisson numbers out of normal ones: whole and exact, or smooth in the rate."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


FEW = 8.0  # photons, below which the law is inverted exactly
MOST = 36  # counts that the inversion can give; more have a probability below 1e-12


def poisson(rate: Float[Array, "*n"], normal: Float[Array, "*n"]) -> Float[Array, "*n"]:
    r"""Whole numbers with the Poisson law, from a standard normal each.

    From 8 photons on, the floor of an expansion of the quantile function,

    $$ Q = \lambda + \sqrt\lambda\, w + \tfrac13 + \tfrac{w^2}{6}
      - \frac{w/36 + w^3/72}{\sqrt\lambda}
      + \frac{-8/405 + 7 w^2/810 + w^4/270}{\lambda}, $$

    whose law has a total variation distance from Poisson's below 3e-4 (4e-5 from 20
    photons on). Below 8 the cumulative law is inverted; that is skipped when no rate is
    so low.

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
    fast = jnp.floor(jnp.maximum(_quantile(jnp.maximum(rate, FEW), normal), 0.0))

    def with_exact() -> Array:
        return jnp.where(rate < FEW, _inverted(rate, normal), fast)

    return jax.lax.cond(jnp.any(rate < FEW), with_exact, lambda: fast)


def relaxed_poisson(
    rate: Float[Array, "*n"], normal: Float[Array, "*n"]
) -> Float[Array, "*n"]:
    r"""Numbers like Poisson's that are smooth in the rate, and not whole.

    $$ \lambda + \sqrt{\lambda + 0.01}\, w + \frac{\lambda}{\lambda + 0.1}
       \frac{w^2 - 1}{6} $$

    has the mean of Poisson, its variance to 0.07, and from a photon on its
    skewness. The 0.01 keeps the slope finite in the dark.
    """
    lean = rate / (rate + 0.1) / 6.0
    return rate + jnp.sqrt(rate + 0.01) * normal + lean * (normal * normal - 1.0)


def _quantile(rate: Array, normal: Array) -> Array:
    """The Poisson quantile function, before it is cut to whole numbers."""
    root, w2 = jnp.sqrt(rate), normal * normal
    first = 1.0 / 3.0 + w2 / 6.0
    second = normal * (1.0 / 36.0 + w2 / 72.0) / root
    third = (-8.0 / 405.0 + w2 * (7.0 / 810.0 + w2 / 270.0)) / rate
    return rate + root * normal + first - second + third


def _inverted(rate: Array, normal: Array) -> Array:
    """How many values of the cumulative law lie below that of the normal."""
    rate = jnp.clip(rate, 0.0, FEW)
    quantile = 0.5 * jax.lax.erfc(-normal * 0.5**0.5)
    probability = jnp.exp(-rate)
    below, count = probability, jnp.zeros_like(rate)
    for k in range(1, MOST):
        count = count + (quantile > below).astype(rate.dtype)
        probability = probability * (rate / k)
        below = below + probability
    return count
