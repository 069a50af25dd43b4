"""ElectrodePops: an electrode loses its grip for a moment."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Signal
from jaxsim.meeg.artifacts.artifact import AbstractArtifact, artifact_card
from jaxsim.meeg.artifacts.events import random_events
from jaxsim.meeg.coloured import ar_filtered
from jaxsim.meeg.signals import FIELD


class ElectrodePops(AbstractArtifact):
    """Sudden jumps of single sensors, up or down, that die away exponentially.

    **Needs:** `field`. **Makes:** `field`, `pop`.
    """

    amplitude: Param = param(80.0, "uV or fT", (0.0, 1e9), "sd of the jumps")
    rate_per_min: Param = param(0.5, "1/min", (0.0, 1e3), "jumps of one sensor")
    decay_s: Param = param(0.3, "s", (1e-3, 1e3), "time constant of the way back")

    makes: ClassVar[dict[str, Signal]] = {
        "field": FIELD,
        "pop": artifact_card("electrodes that lost their grip"),
    }
    no_gradient: ClassVar[tuple[str, ...]] = ("rate_per_min",)

    def added(
        self, field: Float[Array, "time sensor"], rate_hz: float, key: PRNGKeyArray
    ) -> Float[Array, "time sensor"]:
        """Jumps, and what is left of them."""
        when, size = (jax.random.fold_in(key, i) for i in range(2))
        events = random_events(
            when, self.rate_per_min, rate_hz, field.shape, field.dtype
        )
        jumps = self.amplitude * jax.random.normal(size, field.shape, field.dtype)
        left = jnp.exp(-1 / (self.decay_s * rate_hz))
        return ar_filtered(events * jumps, left[None])
