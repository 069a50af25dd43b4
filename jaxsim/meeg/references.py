"""AverageReference: potentials against the mean of all sensors, once noise is there."""

from typing import Any, ClassVar

from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.signals import FIELD, FIELD_CLEAN, GAIN, NOISE


class AverageReference(AbstractStep):
    r"""The mean over sensors is taken from the field, its parts, and the gain.

    $$ y_s \leftarrow y_s - \frac1M \sum_{s'} y_{s'} $$

    A recorder subtracts the noise of the sensors too, so it stands behind
    `SensorNoise`, and before artifacts whose patterns are referenced already. What
    is left has rank M - 1 at most: the covariance of the noise, white before, has no
    inverse, and an estimator needs a pseudo-inverse or one sensor less.

    **Needs:** `field`, `field_clean`, `noise`, `gain`. **Makes:** the same.
    """

    makes: ClassVar[dict[str, Signal]] = {
        "field": FIELD,
        "field_clean": FIELD_CLEAN,
        "noise": NOISE,
        "gain": GAIN,
    }

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse magnetic fields, which have no reference."""
        if "field" in cards and cards["field"].unit == "fT":
            raise ValueError(
                f"step '{name}' (AverageReference) is a reference of EEG; a "
                "magnetometer has none. Leave it out."
            )

    def __call__(
        self, field: Series, field_clean: Series, noise: Series, gain: Series
    ) -> dict[str, Any]:
        """Subtract the mean over sensors."""

        def of(series: Series, axis: int) -> Series:
            mean = series.values.mean(axis=axis, keepdims=True)
            return series.with_values(series.values - mean)

        return {
            "field": of(field, 1),
            "field_clean": of(field_clean, 1),
            "noise": of(noise, 1),
            "gain": of(gain, 0),
        }
