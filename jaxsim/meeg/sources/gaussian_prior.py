"""GaussianSources: sources drawn from the prior that minimum-norm estimators assume."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.epoch import samples_between
from jaxsim.meeg.signals import ACTIVE, ACTIVITY


class GaussianSources(AbstractStep):
    r"""Sources that are white in time and space, $x_{pt} \sim N(0, \sigma_p^2)$.

    It is the very prior of `MinimumNorm`, so that a posterior that knows $\sigma$ and
    the noise must be honest: truths of which it is wrong show an error of the program,
    not of an assumption.

    **Needs:** nothing. **Makes:** `activity`, source-major; `active`, all of them.
    """

    std_nam: Param = param(
        1.0, "nAm", (0.0, 1e6), "of every coefficient, one or one each"
    )
    n_locations: int = static(1284, "where sources are", bounds=(1, 10**7))
    n_components: int = static(
        1, "1: orientation known; 2: without radial; 3: free", bounds=(1, 3)
    )
    tmin_s: float = static(-0.5, "start of the epoch", "s")
    tmax_s: float = static(0.5, "end of the epoch, not in it", "s")
    rate_hz: float = static(250.0, "samples per second", "Hz", (1e-3, 1e6))

    makes: ClassVar[dict[str, Signal]] = {"activity": ACTIVITY, "active": ACTIVE}

    def __check_init__(self) -> None:
        if samples_between(self.tmin_s, self.tmax_s, self.rate_hz) < 1:
            raise ValueError(
                f"GaussianSources: no sample lies in [{self.tmin_s}, {self.tmax_s}) s "
                f"at {self.rate_hz} Hz."
            )

    def __call__(self, key: PRNGKeyArray) -> dict[str, Any]:
        """Draw."""
        n_samples = samples_between(self.tmin_s, self.tmax_s, self.rate_hz)
        n_coefficients = self.n_locations * self.n_components
        std = jnp.broadcast_to(self.std_nam, (n_coefficients,))
        drawn = jax.random.normal(key, (n_samples, n_coefficients), std.dtype)
        clock = Clock(jnp.asarray(self.tmin_s, std.dtype), self.rate_hz)
        return {
            "activity": Series(std[None] * drawn, clock, ACTIVITY),
            "active": jnp.ones(self.n_locations, bool),
        }
