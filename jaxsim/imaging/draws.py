"""Spikes that are drawn, and what their derivative is taken to be."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


Estimator = Literal["straight_through", "relaxed", "expected", "score"]


def spikes_drawn(
    u: Float[Array, "*n"],
    chance: Float[Array, "*n"],
    estimator: Estimator,
    temperature: Any,
) -> Float[Array, "*n"]:
    r"""A spike where a uniform number lies below its chance, by a way to differentiate.

    * "straight_through": the spike has the derivative of its chance. Unbiased for
      sums of spikes, and for products of spikes that are independent; biased for all
      else, since the slope at one end stands for a whole step from 0 to 1.
    * "relaxed": $\sigma((\text{logit}\,p - \text{logit}\,u) / \tau)$, smooth in the
      chance (the binary concrete law). Its derivative is that of what it is, exactly;
      what it is nears a spike as the temperature falls.
    * "score": the spike has no derivative of its own. `score_mean` needs none.
    * "expected": the chance itself.

    ```bibtex
    @inproceedings{maddison2017concrete,
      author = {Maddison, Chris J. and Mnih, Andriy and Teh, Yee Whye},
      title = {The Concrete Distribution: A Continuous Relaxation of Discrete Random
               Variables},
      booktitle = {International Conference on Learning Representations},
      year = {2017}
    }
    ```
    """
    if estimator == "expected":
        return chance
    if estimator == "relaxed":
        odds = _logit(inside(chance)) - _logit(inside(u))
        return jax.nn.sigmoid(odds / temperature)
    spike = straight_through(u, chance)
    return jax.lax.stop_gradient(spike) if estimator == "score" else spike


def straight_through(
    u: Float[Array, "*n"], chance: Float[Array, "*n"]
) -> Float[Array, "*n"]:
    """1 with a probability whose derivative it has, else 0."""
    hit = (u < jax.lax.stop_gradient(chance)).astype(chance.dtype)
    return hit + (chance - jax.lax.stop_gradient(chance))  # plus an exact zero


def log_bernoulli(
    hits: Float[Array, "*n"], tries: int, chance: Float[Array, "*n"]
) -> Float[Array, "*n"]:
    """Logarithm of the probability of so many hits, at places that are known."""
    chance = inside(chance)
    return hits * jnp.log(chance) + (tries - hits) * jnp.log1p(-chance)


def inside(chance: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """A probability whose logarithm, and that of its opposite, is finite."""
    tiny = float(jnp.finfo(chance.dtype).eps)
    return jnp.clip(chance, tiny, 1.0 - tiny)


def _logit(p: Array) -> Array:
    return jnp.log(p) - jnp.log1p(-p)
