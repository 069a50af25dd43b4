"""Muscles: bursts of broad, fast noise from jaw, brow and neck."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Data, Param, data, param
from jaxsim.core.signal import Signal
from jaxsim.meeg.artifacts.artifact import AbstractArtifact, artifact_card
from jaxsim.meeg.artifacts.events import followed_by, random_events
from jaxsim.meeg.signals import FIELD


class Muscles(AbstractArtifact):
    """Bursts of noise above some frequency, of each muscle at its own times.

    The noise is white above `low_hz` and falls below it as a high-pass of order 4. A
    burst is a Hann window. Without `patterns` there is a muscle under every sensor.

    **Needs:** `field`. **Makes:** `field`, `muscle`.
    """

    patterns: Data | None = data(
        "muscle sensor", "1", "what sensors see of each; none: one under each", None
    )
    amplitude: Param = param(20.0, "uV or fT", (0.0, 1e9), "sd in the midst of a burst")
    low_hz: Param = param(20.0, "Hz", (0.0, 1e5), "where its spectrum begins")
    rate_per_min: Param = param(6.0, "1/min", (0.0, 1e3), "bursts of one muscle")
    duration_s: Param = param(1.0, "s", (1e-2, 100.0), "of a burst")

    makes: ClassVar[dict[str, Signal]] = {
        "field": FIELD,
        "muscle": artifact_card("muscles"),
    }
    no_gradient: ClassVar[tuple[str, ...]] = ("rate_per_min",)

    def added(
        self, field: Float[Array, "time sensor"], rate_hz: float, key: PRNGKeyArray
    ) -> Float[Array, "time sensor"]:
        """Noise times bursts."""
        n_samples, n_sensors = field.shape
        n_muscles = n_sensors if self.patterns is None else self.patterns.shape[0]
        shape = (n_samples, n_muscles)
        begin, noise = (jax.random.fold_in(key, i) for i in range(2))
        events = random_events(begin, self.rate_per_min, rate_hz, shape, field.dtype)
        along = jnp.arange(n_samples, dtype=field.dtype) / (rate_hz * self.duration_s)
        window = jnp.where(along < 1, 0.5 - 0.5 * jnp.cos(2 * jnp.pi * along), 0.0)
        fast = high_passed(
            jax.random.normal(noise, shape, field.dtype), self.low_hz, rate_hz
        )
        waves = self.amplitude * followed_by(events, window) * fast
        if self.patterns is None:
            return waves
        if self.patterns.shape[1] != n_sensors:
            raise ValueError(
                f"Muscles.patterns has shape {self.patterns.shape}, but the field has "
                f"{n_sensors} sensors; give a row of that many for each muscle."
            )
        return jnp.matmul(waves, self.patterns, precision="highest")


def high_passed(
    white: Float[Array, "time column"], low_hz: Float[Array, ""], rate_hz: float
) -> Float[Array, "time column"]:
    """White noise through a high-pass of order 4, scaled back to variance 1."""
    n_samples = white.shape[0]
    lines = jnp.arange(n_samples // 2 + 1, dtype=white.dtype) * (rate_hz / n_samples)
    eighth, edge = lines**8, low_hz**8
    # without an edge all but frequency zero passes
    gain = jnp.sqrt(
        jnp.where(lines > 0, eighth / jnp.where(lines > 0, eighth + edge, 1.0), 0.0)
    )
    twice = jnp.full(lines.shape, 2.0, white.dtype).at[0].set(1.0)
    if n_samples % 2 == 0:
        twice = twice.at[-1].set(1.0)
    gain = gain / jnp.sqrt(jnp.sum(twice * gain**2) / n_samples)
    spectrum = jnp.fft.rfft(white, axis=0)
    kept = spectrum * gain[:, None].astype(spectrum.dtype)
    return jnp.fft.irfft(kept, n_samples, axis=0)
