"""How noisy the sensors are: known, stated, or told from a silent baseline."""

from typing import Any, ClassVar

import jax.numpy as jnp

from jaxsim.core.param import MISSING, Param, param
from jaxsim.core.recording import DEGENERATE, OK
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.signals import NOISE_VARIANCE, STATUS


class AbstractNoiseLevel(AbstractStep):
    """A step that says how large the variance of the sensors' noise is."""


class OracleNoise(AbstractNoiseLevel):
    r"""The variance of the noise that was added, which only a simulation knows.

    $$ \lambda = \max(\overline{(e - \bar e)^2},\ \text{floor} \cdot \overline{y^2}) $$

    **Needs:** `noise`, `field`. **Makes:** `noise_variance`.
    """

    floor: Param = param(
        1e-8, "1", (0.0, 1.0), "least, as a fraction of the field's mean square"
    )
    makes: ClassVar[dict[str, Signal]] = {"noise_variance": NOISE_VARIANCE}

    def __call__(self, noise: Any, field: Any) -> dict[str, Any]:
        """Population variance over all samples and sensors."""
        least = self.floor * jnp.square(field.values).mean()
        return {"noise_variance": as_variance(noise.values.var(), least, field)}


class StatedNoise(AbstractNoiseLevel):
    r"""The variance of noise whose standard deviation the user knows.

    $$ \lambda = \sigma^2 $$

    One number for all sensors: from an empty room, a data sheet, or `noise_std` of
    `SensorNoise`. It is as right as it is stated, and has a gradient.

    **Needs:** `field`, for its unit. **Makes:** `noise_variance`.
    """

    noise_std: Param = param(
        MISSING, "uV or fT", (1e-9, 1e9), "standard deviation, in the field's unit"
    )
    makes: ClassVar[dict[str, Signal]] = {"noise_variance": NOISE_VARIANCE}

    def __check_init__(self) -> None:
        if self.noise_std.ndim:
            raise ValueError(
                f"StatedNoise.noise_std has shape {self.noise_std.shape}; estimators "
                "take one level for all sensors, so give one number (js.GammaMap and "
                "others), or learn one each (js.meeg.GammaLambdaMap)."
            )

    def __call__(self, field: Any) -> dict[str, Any]:
        """Its square."""
        variance = jnp.square(self.noise_std).astype(field.values.dtype)
        return {"noise_variance": as_variance(variance, 0.0, field)}


class BaselineNoise(AbstractNoiseLevel):
    r"""The variance of each sensor before the stimulus, averaged over sensors.

    $$ \lambda = \frac1M \sum_m \frac{1}{n - 1} \sum_{t < n} (y_{tm} - \bar y_m)^2 $$

    over the n samples before `onset_s`, rounded to a sample. With fewer than two of
    them it takes the whole recording, and says so by its status.

    **Needs:** `field`. **Makes:** `noise_variance`, and a status: 5 when there is no
    baseline.
    """

    onset_s: Param = param(0.0, "s", (-1e6, 1e6), "when the sources begin")
    floor: Param = param(
        1e-8, "1", (0.0, 1.0), "least, as a fraction of the field's mean square"
    )
    no_gradient: ClassVar[tuple[str, ...]] = ("onset_s",)
    makes: ClassVar[dict[str, Signal]] = {
        "noise_variance": NOISE_VARIANCE,
        "status": STATUS,
    }

    def __call__(self, field: Any) -> dict[str, Any]:
        """Sample variance of the samples before the onset."""
        y, clock = field.values, field.clock
        if clock is None:
            raise ValueError("BaselineNoise needs a 'field' with a clock.")
        ahead = (self.onset_s - clock.start_s) * clock.rate_hz
        n_before = jnp.clip(jnp.round(ahead), 0, len(y)).astype(jnp.int32)
        silent = n_before >= 2
        n = jnp.where(silent, n_before, len(y))
        before = (jnp.arange(len(y), dtype=jnp.int32) < n)[:, None]
        count = n.astype(y.dtype)
        mean = jnp.where(before, y, 0.0).sum(0, keepdims=True) / count
        squares = jnp.where(before, jnp.square(y - mean), 0.0).sum(0)
        least = self.floor * jnp.square(y).mean()
        variance = (squares / (count - 1.0)).mean()
        return {
            "noise_variance": as_variance(variance, least, field),
            "status": jnp.where(silent, jnp.uint8(OK), jnp.uint8(DEGENERATE)),
        }


def as_variance(variance: Any, least: Any, field: Series) -> Series:
    """A variance, not below the least, in the unit of the field squared."""
    card = NOISE_VARIANCE._replace(unit=f"{field.card.unit}^2")
    return Series(jnp.maximum(variance, least), None, card)
