"""MeasuredField: what real sensors recorded, as the first step of a process."""

from typing import Any, ClassVar

import jax.numpy as jnp

from jaxsim.core.param import Data, data, static
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.leadfield import Leadfield
from jaxsim.meeg.signals import FIELD, GAIN


class MeasuredField(AbstractStep):
    r"""A field that was measured, with the leadfield that it is seen through.

    It stands where sources, leadfield and noise of a simulation stand, so that the
    estimators behind it do not know the difference. With `reference="average"` in the
    leadfield, the mean over sensors is taken from field and gain alike: whatever the
    recorder referred to drops out.

    **Needs:** nothing. **Makes:** `field`; `gain`, with the reference applied;
    `source_positions` and `orientations`, where the leadfield has them.
    """

    leadfield: Leadfield
    values: Data = data("time sensor", "uV or fT", "what the sensors recorded")
    rate_hz: float = static(250.0, "samples per second", "Hz", (1e-3, 1e6))
    start_s: float = static(0.0, "time of the first sample", "s")

    makes: ClassVar[dict[str, Signal]] = {"field": FIELD, "gain": GAIN}

    def __check_init__(self) -> None:
        n_sensors, shape = self.leadfield.gain.shape[0], self.values.shape
        if len(shape) != 2 or shape[1] != n_sensors:
            raise ValueError(
                f"MeasuredField.values has shape {shape}; give (time, sensor) with the "
                f"{n_sensors} sensors (rows of gain) of the leadfield, in their order."
            )

    def cards(self) -> dict[str, Signal]:
        """Those of the leadfield."""
        return self.leadfield.cards()

    def __call__(self) -> dict[str, Any]:
        """The field, referenced as the gain is."""
        values = jnp.asarray(self.values, self.leadfield.gain.dtype)
        if self.leadfield.reference == "average":
            values = values - values.mean(axis=1, keepdims=True)
        clock = Clock(jnp.asarray(self.start_s, values.dtype), self.rate_hz)
        field = Series(values, clock, FIELD)
        return self.leadfield.around(field, self.leadfield.referenced())
