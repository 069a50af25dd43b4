"""What all estimators of sources are given, make, and refuse."""

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt8

from jaxsim.core.recording import DEGENERATE, NON_FINITE, NOT_CONVERGED, OK
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.gaussian import Scaled, diagonal_blocks, evidence, posterior
from jaxsim.meeg.signals import (
    ACTIVE_SIZE,
    EFFECTIVE_SIZE,
    ESTIMATE,
    EVIDENCE,
    GAMMA,
    GAMMAS,
    N_ITER,
    POSTERIOR_BLOCKS,
    STATUS,
)


PRUNED = 2.220446049250313e-16  # a scaled prior variance below is zero, in any float
EFFECTIVE = 1e-3  # of the largest


class Estimate(NamedTuple):
    """Sources as an estimator finds them, and how it came there."""

    estimate: Float[Array, "time source"]
    posterior_blocks: Float[Array, "location row column"]
    gammas: Float[Array, " source"]
    gamma: Float[Array, ""]
    n_iter: Int[Array, ""]
    evidence: Float[Array, ""]
    active_size: Int[Array, ""]
    effective_size: Int[Array, ""]
    status: UInt8[Array, ""]


class AbstractEstimator(AbstractStep):
    """An estimator of sources: from field and gain to a posterior."""

    makes: ClassVar[dict[str, Signal]] = {
        "estimate": ESTIMATE,
        "posterior_blocks": POSTERIOR_BLOCKS,
        "gammas": GAMMAS,
        "gamma": GAMMA,
        "n_iter": N_ITER,
        "evidence": EVIDENCE,
        "active_size": ACTIVE_SIZE,
        "effective_size": EFFECTIVE_SIZE,
        "status": STATUS,
    }

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse a gain that is not in the unit of the field."""
        check_units(cards, name, type(self).__name__)


def check_units(cards: dict[str, Signal], name: str, kind: str) -> None:
    """The gain must be in the unit of the field per nAm."""
    if "field" not in cards or "gain" not in cards:
        return
    field, gain = cards["field"].unit, cards["gain"].unit
    if gain != f"{field}/nAm":
        raise ValueError(
            f"step '{name}' ({kind}) has a field in {field}, but a gain in {gain}; the "
            f"gain must be in {field}/nAm. Let one leadfield make both."
        )


def check_sizes(gain: Any, field: Any, n_orient: int, kind: str) -> None:
    """One row of the gain per sensor, and K columns per location."""
    n_sensors, n_sources = gain.shape
    if field.shape[-1] != n_sensors:
        raise ValueError(
            f"{kind}: the field has {field.shape[-1]} sensors, but the gain has "
            f"{n_sensors} rows. Take the gain of the leadfield that made the field."
        )
    if n_sources % n_orient:
        raise ValueError(
            f"{kind}.n_orient = {n_orient}, but the gain has {n_sources} columns, no "
            f"multiple of it. A location has {n_orient} columns side by side."
        )


def conclude(
    problem: Scaled,
    prior: Float[Array, " source"] | Float[Array, "location row column"],
    roots: tuple[Float[Array, "sensor sensor"], Float[Array, "sensor sensor"]],
    n_orient: int,
    *,
    n_iter: Int[Array, ""],
    converged: Bool[Array, ""],
    gamma: Float[Array, ""] | None = None,
    basis: Float[Array, "location location"] | None = None,
) -> Estimate:
    """The posterior of a given prior, and the numbers beside it.

    Args:
        problem: scaled.
        prior: variances of the coefficients, or a covariance per location; scaled.
        roots: of the field's covariance, and its inverse.
        n_orient: components of a location.
        n_iter: iterations that were made.
        converged: whether they settled.
        gamma: the number to tell; none: the mean of the scaled prior variances.
        basis: from coefficients to sources.
    """
    root, inverse_root = roots
    blocks = diagonal_blocks(prior, n_orient) if prior.ndim == 1 else prior
    gammas = jnp.diagonal(blocks, axis1=1, axis2=2).ravel()
    mean, left = posterior(problem, blocks, inverse_root, basis)
    found = evidence(problem, root, inverse_root)
    finite = jnp.isfinite(mean).all() & jnp.isfinite(gammas).all() & jnp.isfinite(found)
    return Estimate(
        estimate=mean,
        posterior_blocks=left,
        gammas=gammas * problem.source_scale**2,
        gamma=gammas.mean() if gamma is None else gamma,
        n_iter=n_iter,
        evidence=found,
        active_size=(gammas > PRUNED).sum(dtype=jnp.int32),
        effective_size=(gammas > EFFECTIVE * gammas.max()).sum(dtype=jnp.int32),
        status=status_of(finite, problem.degenerate, converged),
    )


def status_of(
    finite: Bool[Array, ""], degenerate: Bool[Array, ""], converged: Bool[Array, ""]
) -> UInt8[Array, ""]:
    """How an estimate ended; what is worse hides what is not."""
    code = jnp.where(converged, jnp.uint8(OK), jnp.uint8(NOT_CONVERGED))
    code = jnp.where(degenerate, jnp.uint8(DEGENERATE), code)
    return jnp.where(finite, code, jnp.uint8(NON_FINITE))
