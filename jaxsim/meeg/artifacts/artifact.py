"""AbstractArtifact: what is recorded though no brain made it, under its own name."""

import abc
from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.epoch import clock_of
from jaxsim.meeg.signals import FIELD


def artifact_card(doc: str) -> Signal:
    """The card of an artifact: a part of the field that no instrument shows alone."""
    return Signal("time sensor", "uV", doc)


class AbstractArtifact(AbstractStep):
    """A step that adds to the field, and makes what it added under its own name.

    So the field is the clean field, the noise and every artifact, added up: the truth
    that a method for cleaning recordings is held against. Amplitudes are in the unit
    of the field.

    **Needs:** `field`. **Makes:** `field`; itself, named as in `makes`.
    """

    makes: ClassVar[dict[str, Signal]] = {"field": FIELD}

    @abc.abstractmethod
    def added(
        self, field: Float[Array, "time sensor"], rate_hz: float, key: PRNGKeyArray
    ) -> Float[Array, "time sensor"]:
        """What it adds to a field."""

    def __call__(self, field: Series, key: PRNGKeyArray) -> dict[str, Any]:
        """Add it."""
        values, clock = jnp.asarray(field.values), clock_of(field)
        extra = self.added(values, clock.rate_hz, key)
        (own,) = (name for name in type(self).makes if name != "field")
        card = type(self).makes[own]._replace(unit=field.card.unit)
        return {
            "field": field.with_values(values + extra),
            own: Series(extra, clock, card, field.labels),
        }


def seen_by(
    pattern: Any, waveform: Float[Array, " time"], n_sensors: int, kind: str
) -> Float[Array, "time sensor"]:
    """One waveform as all sensors see it.

    Args:
        pattern: what each sensor sees of it; none: all see it alike.
        waveform: over time.
        n_sensors: of the field.
        kind: of the artifact, for the sentence.

    Raises:
        ValueError: a pattern for other sensors.
    """
    if pattern is None:
        return jnp.repeat(waveform[:, None], n_sensors, axis=1)
    if pattern.shape != (n_sensors,):
        raise ValueError(
            f"{kind}.pattern has shape {pattern.shape}, but the field has {n_sensors} "
            "sensors; give one number for each."
        )
    return waveform[:, None] * pattern[None]
