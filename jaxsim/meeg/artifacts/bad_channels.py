"""BadChannels: sensors that record nothing of the head."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Signal
from jaxsim.meeg.artifacts.artifact import AbstractArtifact, artifact_card
from jaxsim.meeg.signals import FIELD


class BadChannels(AbstractArtifact):
    """Some sensors are flat, or record noise of their own alone.

    As an artifact it is what makes them so: the negative of their field, and the noise.
    It stands last, behind all that these sensors would have seen.

    **Needs:** `field`. **Makes:** `field`, `bad`.
    """

    noise_std: Param = param(0.0, "uV or fT", (0.0, 1e9), "sd of their own; 0: flat")
    sensors: tuple[int, ...] = static((0,), "their numbers")

    makes: ClassVar[dict[str, Signal]] = {
        "field": FIELD,
        "bad": artifact_card("what sensors that went bad lost and gained"),
    }

    def added(
        self, field: Float[Array, "time sensor"], rate_hz: float, key: PRNGKeyArray
    ) -> Float[Array, "time sensor"]:
        """Noise of their own, less what they would record."""
        outside = [s for s in self.sensors if not 0 <= s < field.shape[1]]
        if outside:
            raise ValueError(
                f"BadChannels.sensors names {outside[0]}, but the field has "
                f"{field.shape[1]} sensors, 0 to {field.shape[1] - 1}."
            )
        bad = jnp.zeros(field.shape[1], bool).at[jnp.asarray(self.sensors)].set(True)
        own = self.noise_std * jax.random.normal(key, field.shape, field.dtype)
        return jnp.where(bad[None], own - field, 0.0)
