"""Minimum norm, and its noise-normalised maps dSPM and sLORETA."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Signal
from jaxsim.meeg.estimator import AbstractEstimator, Estimate, check_sizes, conclude
from jaxsim.meeg.gaussian import root_of_covariance, scaled, spread


Method = Literal["MNE", "dSPM", "sLORETA"]
SMALLEST_SNR2 = 1e-6  # of a field that is no louder than its noise


class MinimumNorm(AbstractEstimator):
    r"""Linear minimum norm: one prior variance, set by the signal to noise ratio.

    $$ \hat x = K y, \quad K = \Gamma L^T (L \Gamma L^T + \lambda I)^{-1}, \quad
    \Gamma_n = \gamma \lVert L_n \rVert_F^{-2\,\text{depth}} I $$

    with $\gamma$ such that $\mathrm{tr}(L \Gamma L^T) = \text{snr}^2 M \lambda$. "dSPM"
    divides each location by the standard deviation that the noise alone gives it,
    $\sqrt{\lambda \lVert K_n \rVert_F^2}$, and "sLORETA" by that of the model,
    $\sqrt{\mathrm{tr}(K_n C K_n^T)}$; both are pooled over its components, so they do
    not depend on their axes. These maps have no unit, and `posterior_blocks` are their
    covariance.

    **Needs:** `field`, `gain`, `noise_variance`. **Makes:** what `GammaMap` makes.

    ```bibtex
    @article{dale2000, title={Dynamic statistical parametric mapping: combining fMRI and
      MEG for high-resolution imaging of cortical activity}, author={Dale, Anders M. and
      Liu, Arthur K. and Fischl, Bruce R. and Buckner, Randy L. and Belliveau, John W.
      and Lewine, Jeffrey D. and Halgren, Eric}, journal={Neuron}, volume={26},
      number={1}, pages={55--67}, year={2000}}
    ```
    """

    method: Method = static("MNE", "moments, or a map without unit")
    n_orient: int = static(1, "components of a location", bounds=(1, 3))
    snr: Param | None = param(
        None,
        "1",
        (1e-3, 1e6),
        "amplitude signal to noise; none: as field and noise level have it",
    )
    depth: Param = param(0.0, "1", (0.0, 1.0), "how much deep sources are favoured")

    def cards(self) -> dict[str, Signal]:
        """Maps have no unit."""
        cards = super().cards()
        if self.method == "MNE":
            return cards
        for name in ("estimate", "posterior_blocks"):
            cards[name] = cards[name]._replace(unit="1")
        return cards

    def __call__(self, field: Any, gain: Any, noise_variance: Any) -> dict[str, Any]:
        """The map."""
        check_sizes(gain.values, field.values, self.n_orient, "MinimumNorm")
        found = minimum_norm(
            gain.values,
            field.values,
            noise_variance.values,
            method=self.method,
            n_orient=self.n_orient,
            snr=self.snr,
            depth=self.depth,
        )
        return found._asdict()


def minimum_norm(
    gain: Float[Array, "sensor source"],
    field: Float[Array, "time sensor"],
    noise_variance: Float[Array, ""],
    *,
    method: Method = "MNE",
    n_orient: int = 1,
    snr: Float[Array, ""] | float | None = None,
    depth: Float[Array, ""] | float = 0.0,
) -> Estimate:
    """Minimum norm on arrays; see `MinimumNorm`."""
    with jax.default_matmul_precision("highest"):
        problem = scaled(gain, field)
        level = noise_variance / jnp.square(problem.field_scale)
        noise = jnp.broadcast_to(level, gain.shape[:1])
        power = jnp.square(problem.gain).reshape(len(gain), -1, n_orient).sum((0, 2))
        there = power > 0
        weight = jnp.where(there, jnp.where(there, power, 1.0) ** -depth, 1.0)
        whole = jnp.where(problem.degenerate, 1.0, (weight * power).sum())
        ratio = signal_to_noise(field, noise_variance) if snr is None else snr**2
        gammas = weight * (ratio * len(gain) * level / whole)
        gammas = jnp.repeat(gammas, n_orient)
        roots = root_of_covariance(problem.gain, gammas, noise)
        found = conclude(
            problem,
            gammas,
            roots,
            n_orient,
            n_iter=jnp.int32(1),
            converged=jnp.asarray(True),
        )
        if method == "MNE":
            return found
        identity = jnp.eye(n_orient, dtype=gain.dtype)[None]
        prior = gammas.reshape(-1, n_orient, 1) * identity
        half = spread(problem.gain, prior) @ roots[1].T
        if method == "dSPM":
            half = half @ roots[1] * jnp.sqrt(level)
        variance = jnp.square(half).sum((1, 2)) * jnp.square(problem.source_scale)
        seen = variance > 0
        factor = jnp.where(seen, jnp.where(seen, variance, 1.0) ** -0.5, 0.0)
        by_location = found.estimate.reshape(len(field), -1, n_orient)
        return found._replace(
            estimate=(by_location * factor[None, :, None]).reshape(len(field), -1),
            posterior_blocks=found.posterior_blocks * jnp.square(factor)[:, None, None],
        )


def signal_to_noise(
    field: Float[Array, "time sensor"], noise_variance: Float[Array, ""]
) -> Float[Array, ""]:
    """The power of the signal in units of that of the noise, from the whole field."""
    ratio = jnp.square(field).mean() / noise_variance
    return jnp.maximum(ratio - 1.0, SMALLEST_SNR2)
