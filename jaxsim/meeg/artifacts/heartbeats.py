"""Heartbeats: the electrocardiogram that reaches the head."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Data, Param, data, param
from jaxsim.core.signal import Signal
from jaxsim.meeg.artifacts.artifact import AbstractArtifact, artifact_card, seen_by
from jaxsim.meeg.signals import FIELD


FASTEST_BPM = 200.0

# P, Q, R, S and T: seconds from R, height over that of R, width (sd) in seconds
WAVES = (
    (-0.20, 0.12, 0.025),
    (-0.04, -0.12, 0.010),
    (0.0, 1.0, 0.011),
    (0.04, -0.25, 0.010),
    (0.30, 0.30, 0.045),
)


class Heartbeats(AbstractArtifact):
    r"""Beats at nearly regular intervals, each with P, Q, R, S and T.

    The interval is $60 / \text{bpm} \cdot (1 + v z)$, $z \sim N(0, 1)$, and never
    less than that of 200 bpm; the first beat is somewhere in its interval. Each wave is
    a Gaussian.

    **Needs:** `field`. **Makes:** `field`, `heartbeat`.

    ```bibtex
    @article{mcsharry2003, title={A dynamical model for generating synthetic
      electrocardiogram signals}, author={McSharry, P. E. and Clifford, G. D. and
      Tarassenko, L. and Smith, L. A.}, journal={IEEE Transactions on Biomedical
      Engineering}, volume={50}, number={3}, pages={289--294}, year={2003}}
    ```
    """

    pattern: Data | None = data(
        "sensor", "1", "what each sensor sees of it; none: all alike", None
    )
    amplitude: Param = param(10.0, "uV or fT", (0.0, 1e9), "of R where pattern is 1")
    rate_bpm: Param = param(60.0, "1/min", (10.0, 150.0), "beats per minute")
    variability: Param = param(0.05, "1", (0.0, 0.5), "sd of the intervals, relative")

    makes: ClassVar[dict[str, Signal]] = {
        "field": FIELD,
        "heartbeat": artifact_card("the heart"),
    }

    def added(
        self, field: Float[Array, "time sensor"], rate_hz: float, key: PRNGKeyArray
    ) -> Float[Array, "time sensor"]:
        """Beats until the end."""
        n_samples, n_sensors = field.shape
        length_s = n_samples / rate_hz
        n_beats = int(length_s * FASTEST_BPM / 60) + 3
        first = jax.random.uniform(jax.random.fold_in(key, 0), (), field.dtype)
        vary = jax.random.normal(jax.random.fold_in(key, 1), (n_beats,), field.dtype)
        mean = 60.0 / self.rate_bpm
        interval = mean * (1 + self.variability * vary)
        interval = jnp.maximum(interval, 60.0 / FASTEST_BPM)
        # T of a beat before the first sample may still be seen
        beats = jnp.cumsum(interval) - (1 + first) * mean
        times = jnp.arange(n_samples, dtype=field.dtype) / rate_hz

        def add(wave: Array, beat: Array) -> tuple[Array, None]:
            for after, height, width in WAVES:
                away = (times - beat - after) / width
                wave = wave + height * jnp.exp(-0.5 * away**2)
            return wave, None

        wave, _ = jax.lax.scan(add, jnp.zeros(n_samples, field.dtype), beats)
        return seen_by(self.pattern, self.amplitude * wave, n_sensors, "Heartbeats")
