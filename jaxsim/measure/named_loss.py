"""Losses by name and weighted sums of them, as configuration files ask for."""

import difflib
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from jaxsim.measure import psd_loss


Loss = Callable[..., Array]  # (estimate, target, freqs=None, **options) -> number

_LOSSES: dict[str, Loss] = {
    name: getattr(psd_loss, name)
    for name in (
        "psd_mse",
        "log_psd_mse",
        "weighted_psd_mse",
        "decibel_mse",
        "slope_loss",
        "peak_loss",
        "band_ratio_loss",
        "band_fraction_loss",
    )
}


def register_loss(name: str, loss: Loss) -> None:
    """Make a loss of your own known by name to `build_loss`.

    Args:
        name: what configurations call it; a taken name is refused.
        loss: `(psd, target_psd, freqs=None, **options) -> number`.
    """
    if _LOSSES.get(name, loss) is not loss:
        raise ValueError(f"the loss name '{name}' is taken; choose another.")
    if not callable(loss):
        raise TypeError(f"a loss is a function of (psd, target, freqs), not {loss!r}.")
    _LOSSES[name] = loss


def list_losses() -> tuple[str, ...]:
    """Names that `build_loss` knows."""
    return tuple(sorted(_LOSSES))


def build_loss(name: str, **options: Any) -> Loss:
    """A loss on spectra by its name, with its options filled in."""
    if name not in _LOSSES:
        close = difflib.get_close_matches(name, _LOSSES, 1, 0.5)
        raise ValueError(
            f"no loss is called '{name}'; known: {', '.join(list_losses())}."
            + (f" Did you mean '{close[0]}'?" if close else "")
        )
    return functools.partial(_LOSSES[name], **options)


def sum_of_losses(terms: Sequence[str | Mapping[str, Any]]) -> Loss:
    """A weighted sum of losses that also tells every term.

    Args:
        terms: names, or mappings `{"name": ..., "weight": 1.0, "cfg": {...}}`.

    Returns:
        A function of (estimate, target, freqs) that gives the sum, and by name the
        weighted share of each term and "_total". A name that comes twice is numbered
        from its second time.
    """
    if not terms:
        raise ValueError("a sum of losses needs one term or more.")
    built: dict[str, tuple[float, Loss]] = {}
    for given in terms:
        term: dict[str, Any] = {"name": given} if isinstance(given, str) else {**given}
        unknown = sorted(set(term) - {"name", "weight", "cfg"})
        if "name" not in term or unknown:
            wrong = f"has {unknown}" if unknown else "has no name"
            raise ValueError(
                f"the loss term {term} {wrong}; a term is "
                "{'name': ..., 'weight': 1.0, 'cfg': {...}}."
            )
        name, n = term["name"], 2
        while name in built:
            name, n = f"{term['name']}_{n}", n + 1
        weight = float(term.get("weight", 1.0))
        built[name] = (weight, build_loss(term["name"], **(term.get("cfg") or {})))

    def total(estimate: Any, target: Any, freqs: Any = None) -> Any:
        details = {
            name: weight * jnp.asarray(loss(estimate, target, freqs))
            for name, (weight, loss) in built.items()
        }
        details["_total"] = jnp.sum(jnp.stack(list(details.values())))
        return details["_total"], details

    return total
