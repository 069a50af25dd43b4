"""Blinks: the lids slide over charged eyes."""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Data, Param, as_leaf, data, param
from jaxsim.core.signal import Signal
from jaxsim.meeg.artifacts.artifact import AbstractArtifact, artifact_card, seen_by
from jaxsim.meeg.artifacts.events import followed_by, random_events
from jaxsim.meeg.signals import FIELD
from jaxsim.meeg.sphere_eeg import sphere_potentials


class Blinks(AbstractArtifact):
    r"""Blinks at random times, each a Hann window of 250 ms, seen most at the front.

    What every sensor sees of it is the `pattern`; `js.meeg.eye_pattern` makes one.

    **Needs:** `field`. **Makes:** `field`, `blink`.
    """

    pattern: Data | None = data(
        "sensor", "1", "what each sensor sees of it; none: all alike", None
    )
    amplitude: Param = param(100.0, "uV or fT", (0.0, 1e9), "peak where pattern is 1")
    rate_per_min: Param = param(
        12.0, "1/min", (0.0, 1e3), "how many; 4.5 to 17 usually"
    )
    duration_s: Param = param(0.25, "s", (1e-2, 10.0), "of one")

    makes: ClassVar[dict[str, Signal]] = {
        "field": FIELD,
        "blink": artifact_card("blinks"),
    }
    no_gradient: ClassVar[tuple[str, ...]] = ("rate_per_min",)

    def added(
        self, field: Float[Array, "time sensor"], rate_hz: float, key: PRNGKeyArray
    ) -> Float[Array, "time sensor"]:
        """Windows behind random events."""
        n_samples, n_sensors = field.shape
        events = random_events(
            key, self.rate_per_min, rate_hz, (n_samples, 1), field.dtype
        )
        along = jnp.arange(n_samples, dtype=field.dtype) / (rate_hz * self.duration_s)
        window = jnp.where(along < 1, 0.5 - 0.5 * jnp.cos(2 * jnp.pi * along), 0.0)
        wave = self.amplitude * followed_by(events, window)[:, 0]
        return seen_by(self.pattern, wave, n_sensors, "Blinks")


def eye_pattern(sensor_positions_m: Any, radius_m: float | None = None) -> np.ndarray:
    """What electrodes see of two eyes that move vertically, scaled to a peak of 1.

    Two vertical dipoles in a homogeneous sphere, 30 degrees to the left and right of
    the nose (y), a little below the equator, at 0.8 of the radius.

    Args:
        sensor_positions_m: (sensor, 3) around the centre of the head.
        radius_m: of the head; none: the mean distance of the sensors.
    """
    sensors = np.asarray(sensor_positions_m, float)
    radius = np.linalg.norm(sensors, axis=1).mean() if radius_m is None else radius_m
    side, down = np.deg2rad([-30.0, 30.0]), np.deg2rad(-6.0)
    level = np.cos(down)
    towards = np.stack(
        [level * np.sin(side), level * np.cos(side), np.full(2, np.sin(down))], 1
    )
    dipoles, radii = 0.8 * radius * towards, np.array([radius])
    gain = sphere_potentials(*map(as_leaf, (dipoles, sensors, radii, np.ones(1))))
    vertical = np.asarray(gain)[:, :, 2].sum(1)
    return vertical / np.abs(vertical).max()
