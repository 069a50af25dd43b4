"""Drift: the slow wander of an electrode's potential."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Signal
from jaxsim.meeg.artifacts.artifact import AbstractArtifact, artifact_card
from jaxsim.meeg.signals import FIELD


class Drift(AbstractArtifact):
    """Every sensor wanders by itself, as Brownian motion from zero.

    **Needs:** `field`. **Makes:** `field`, `drift`.
    """

    amplitude: Param = param(
        2.0, "uV or fT", (0.0, 1e9), "sd after one second, for all or for each sensor"
    )

    makes: ClassVar[dict[str, Signal]] = {
        "field": FIELD,
        "drift": artifact_card("slow wander of the sensors"),
    }

    def added(
        self, field: Float[Array, "time sensor"], rate_hz: float, key: PRNGKeyArray
    ) -> Float[Array, "time sensor"]:
        """A sum of steps."""
        steps = jax.random.normal(key, field.shape, field.dtype)
        size = jnp.broadcast_to(self.amplitude, field.shape[1:]) / jnp.sqrt(rate_hz)
        return size[None] * jnp.cumsum(steps, axis=0)
