"""LineNoise: the hum of the mains."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Data, Param, data, param
from jaxsim.core.signal import Signal
from jaxsim.meeg.artifacts.artifact import AbstractArtifact, artifact_card, seen_by
from jaxsim.meeg.signals import FIELD


class LineNoise(AbstractArtifact):
    r"""A tone of the mains and its harmonics, of random phases.

    $$ \sum_h a_h \sin(2 \pi (h f t + \phi_h)), \qquad h = 1, 2, \dots $$

    Harmonics above half of the sampling rate are left out: a recorder's own filter
    stops them.

    **Needs:** `field`. **Makes:** `field`, `line`.
    """

    pattern: Data | None = data(
        "sensor", "1", "what each sensor sees of it; none: all alike", None
    )
    amplitude: Param = param(
        (5.0, 0.0, 1.0), "uV or fT", (0.0, 1e9), "of the tone and each harmonic"
    )
    frequency_hz: Param = param(50.0, "Hz", (1.0, 1e4), "of the mains")

    makes: ClassVar[dict[str, Signal]] = {
        "field": FIELD,
        "line": artifact_card("the mains"),
    }

    def added(
        self, field: Float[Array, "time sensor"], rate_hz: float, key: PRNGKeyArray
    ) -> Float[Array, "time sensor"]:
        """Sines."""
        size = jnp.atleast_1d(self.amplitude)
        phase = jax.random.uniform(key, size.shape, size.dtype)
        tones = self.frequency_hz * jnp.arange(1, len(size) + 1, dtype=size.dtype)
        size = jnp.where(tones < rate_hz / 2, size, 0.0)
        times = jnp.arange(field.shape[0], dtype=field.dtype) / rate_hz
        turns = times[:, None] * tones[None] + phase[None]
        wave = jnp.sum(size[None] * jnp.sin(2 * jnp.pi * turns), axis=1)
        return seen_by(self.pattern, wave, field.shape[1], "LineNoise")
