"""SilentSources: an epoch in which nothing happens yet."""

from typing import Any, ClassVar

import jax.numpy as jnp

from jaxsim.core.param import static
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.epoch import samples_between
from jaxsim.meeg.signals import ACTIVE, ACTIVITY


class SilentSources(AbstractStep):
    """An epoch of silent sources, for other steps to put activity into.

    The epoch is half open: sample k is at tmin + k / rate.

    **Needs:** nothing. **Makes:** `activity` of zeros, source-major; `active`.
    """

    n_locations: int = static(1284, "where sources may be", bounds=(1, 10**7))
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
                f"SilentSources: no sample lies in [{self.tmin_s}, {self.tmax_s}) s at "
                f"{self.rate_hz} Hz."
            )

    def __call__(self) -> dict[str, Any]:
        """Zeros."""
        n_samples = samples_between(self.tmin_s, self.tmax_s, self.rate_hz)
        values = jnp.zeros((n_samples, self.n_locations * self.n_components))
        clock = Clock(jnp.asarray(self.tmin_s, values.dtype), self.rate_hz)
        return {
            "activity": Series(values, clock, ACTIVITY),
            "active": jnp.zeros(self.n_locations, bool),
        }
