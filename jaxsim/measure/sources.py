"""How source activity lies in arrays: time first, the components of a source together.

A truth and an estimate are `(time, coefficient)`; coefficient $p = nK + k$ is component
$k$ of source $n$. $K$ is 1 where orientations are fixed, 2 for MEG and 3 for EEG where
they are free. Unit nAm.
"""

from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Real

from jaxsim.measure.arrays import Signal, Values, as_float, samples


Mode = Literal["pointwise", "aggregated"]
MODES = ("pointwise", "aggregated")

# A strength at or below this is none at all, nAm.
NO_STRENGTH = 1e-12


def by_source(
    signal: Signal, n_components: int, name: str = "signal"
) -> Float[Array, "time source component"]:
    """Coefficients `(time, coefficient)` as `(time, source, component)`.

    Raises:
        ValueError: an array without two axes, or whose coefficients do not make up
            sources of so many components.
    """
    values = samples(signal, name)
    if values.ndim != 2 or values.shape[1] % n_components:
        raise ValueError(
            f"the {name} has shape {values.shape}; it must be (time, coefficient) with "
            f"{n_components} coefficients for each source, source after source."
        )
    return values.reshape(len(values), -1, n_components)


def paired_sources(
    truth: Signal,
    estimate: Signal,
    n_components: int = 1,
    basis: Real[Values, "source 3 component"] | None = None,
    mode: Mode = "pointwise",
) -> tuple[
    Float[Array, "sample source component"], Float[Array, "sample source component"]
]:
    r"""Truth and estimate side by side, `(sample, source, component)`.

    Args:
        truth: (time, coefficient); with a `basis`, of three components for each source.
        estimate: (time, coefficient) of `n_components` for each source.
        n_components: $K$.
        basis: $Q_n$ of each source, by which a truth in space is projected to the
            components that the estimate has, $Q_n^\mathsf{T} x_n$.
        mode: "pointwise" keeps every time, "aggregated" takes the means over time (then
            there is one sample).

    Raises:
        ValueError: shapes that do not fit, or another mode.
    """
    check_mode(mode)
    found = by_source(estimate, n_components, "estimate")
    if basis is None:
        true = by_source(truth, n_components, "truth")
    else:
        q = as_float(basis, "basis")
        true = by_source(truth, 3, "truth")
        if q.shape != (true.shape[1], 3, n_components):
            raise ValueError(
                f"the basis has shape {q.shape}; a truth of {true.shape[1]} sources in "
                f"space and an estimate of {n_components} components need "
                f"{(true.shape[1], 3, n_components)}."
            )
        true = jnp.einsum(
            "tni,nik->tnk", true, q.astype(true.dtype), precision="highest"
        )
    if true.shape != found.shape:
        raise ValueError(
            f"the truth has {true.shape} and the estimate {found.shape} times, sources "
            "and components; they must be alike"
            + (
                " (give basis= for a truth in space)."
                if true.size > found.size
                else "."
            )
        )
    found = found.astype(true.dtype)
    if mode == "aggregated":
        true, found = (x.mean(axis=0, keepdims=True) for x in (true, found))
    return true, found


def strength(
    x: Float[Array, "sample source component"],
) -> Float[Array, " source"]:
    """Norm of each source over samples and components, with gradient 0 where it is 0.

    Over all times ("pointwise") it is the temporal norm, of the time means
    ("aggregated") the size of the mean.
    """
    square = jnp.sum(x**2, axis=(0, 2))
    some = square > 0
    return jnp.where(some, jnp.sqrt(jnp.where(some, square, 1.0)), 0.0)


def active_sources(
    truth: Signal, n_components: int = 1, active_above: float = 0.0
) -> Bool[Array, " source"]:
    """Which sources' amplitude exceeds `active_above` (nAm) at any time.

    Of the whole run, whatever is asked of its mean, which may be 0.
    """
    x = by_source(truth, n_components, "truth")
    return jnp.max(jnp.sum(x**2, axis=2), axis=0) > active_above**2


def check_mode(mode: str) -> None:
    """Refuse another word than the two."""
    if mode not in MODES:
        raise ValueError(
            f"mode = {mode!r}: choose 'pointwise' (every time) or 'aggregated' (means "
            "over time)."
        )
