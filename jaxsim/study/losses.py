"""Losses: what a fit makes small, alone or as a weighted sum with its terms."""

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxsim.core.recording import ERROR, NON_FINITE, Recording


class Objective(eqx.Module):
    """A weighted sum of losses that also tells its terms.

    Called with a recording it returns the sum and {name: unweighted term}, which
    `fit` and `Evaluator` keep apart.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    weights: tuple[float, ...] = eqx.field(static=True)
    functions: tuple[Callable[..., Any], ...]

    def __call__(self, recording: Recording) -> tuple[Any, dict[str, Any]]:
        """The weighted sum, and each term."""
        terms = {
            name: function(recording)
            for name, function in zip(self.names, self.functions, strict=True)
        }
        for name, term in terms.items():
            if np.ndim(term):
                raise ValueError(
                    f"the loss term '{name}' gives an array of shape {np.shape(term)}, "
                    "not one number; take its mean."
                )
        pairs = zip(self.weights, terms.values(), strict=True)
        return sum(weight * term for weight, term in pairs), terms


def weighted(terms: Mapping[str, Any]) -> Objective:
    """A weighted sum of losses.

    Args:
        terms: name -> a function of a recording, or (weight, function):
            `{"psd": psd_loss, "mean": (0.2, mean_loss)}`.
    """
    pairs = {
        name: term if isinstance(term, tuple) else (1.0, term)
        for name, term in terms.items()
    }
    if not pairs:
        raise ValueError("a weighted loss needs at least one term.")
    for name, (weight, function) in pairs.items():
        if not callable(function) or not np.isfinite(weight):
            raise TypeError(
                f"the loss term '{name}' must be a function of a recording, or "
                f"(weight, function), got {terms[name]!r}."
            )
    weights = tuple(float(weight) for weight, _ in pairs.values())
    return Objective(tuple(pairs), weights, tuple(f for _, f in pairs.values()))


class Opaque:
    """A loss that is new to the compiler each time it is wrapped.

    A function may read values from around it. Were the compiled program found again by
    the function's identity, it would go on with the old ones.
    """

    def __init__(self, loss: Callable[..., Any]) -> None:
        self.loss = loss

    def __call__(self, *given: Any, **named: Any) -> Any:
        """The loss."""
        return self.loss(*given, **named)


def total_of(loss: Callable[..., Any], recording: Recording) -> tuple[Any, dict]:
    """One number for a recording, infinite where the run failed, and its terms."""
    out = loss(recording)
    total, terms = out if isinstance(out, tuple) and len(out) == 2 else (out, {})
    if not isinstance(terms, dict):
        raise TypeError(
            f"the loss returned a pair whose second part is {type(terms).__name__}; "
            "return one number, or one number and a dict of named terms."
        )
    if not isinstance(total, (jax.Array, np.ndarray, np.generic, float, int)):
        raise TypeError(
            f"the loss must return one number, got {type(total).__name__}. Return, for "
            "example, jnp.mean((recording['activity'].values - target) ** 2)."
        )
    if np.ndim(total):
        raise ValueError(
            "the loss must return one number, got an array of shape "
            f"{np.shape(total)}. Take its mean or sum."
        )
    failed = (recording.status == NON_FINITE) | (recording.status == ERROR)
    dtype = jnp.result_type(float)
    total = jnp.asarray(total, dtype)
    terms = {name: jnp.asarray(term, dtype) for name, term in terms.items()}
    return jnp.where(failed, jnp.asarray(jnp.inf, dtype), total), terms
