"""SensorNoise: what the sensors add by themselves."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.declared import KINDS
from jaxsim.core.param import Data, Param, concrete, data, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.artifacts.artifact import AbstractArtifact
from jaxsim.meeg.coloured import ar_filtered, power_law
from jaxsim.meeg.signals import ETA, FIELD, FIELD_CLEAN, NOISE, SNR_DB


class SensorNoise(AbstractStep):
    r"""Noise of the sensors, as large as a signal-to-noise ratio or a level says.

    $$ y = y_\text{clean} + \eta\, \varepsilon, \qquad
       \eta = \frac{1 - \alpha}{\alpha}\,
       \frac{\|y_\text{clean}\|_F}{\|\varepsilon\|_F} $$

    `alpha_snr` is $\alpha$: the ratio of the norms of the noise and of the clean field
    (all samples, silent ones too) is exactly $(1 - \alpha) / \alpha$; 1 is no noise,
    and at 0 there is nothing but noise, of the norm of the clean field. `snr_db` says
    the same in decibels, $20 \log_{10} \alpha / (1 - \alpha)$. `noise_std` fixes
    the standard deviation instead, and then the noise knows nothing of the sources.
    Give one of the three; the default is an alpha of 0.5, or 0 dB. Without any noise
    `snr_db` is 200.

    The noise $\varepsilon$ is white; `covariance` mixes it over sensors, `ar` filters
    it in time (x_t = sum of a_i x_{t-i} + white), `exponent` gives it the spectrum
    1 / f^exponent instead, and `sensor_scale` makes some sensors worse.

    It goes right behind the leadfield, before artifacts and references: `field_clean`
    is the field that comes in.

    **Needs:** `field`. **Makes:** `field`, `field_clean`, `noise`, `eta`, `snr_db`.
    """

    alpha_snr: Param | None = param(
        None, "1", (0.0, 1.0), "share of the clean field: amplitude SNR is a / (1 - a)"
    )
    snr_db: Param | None = param(None, "dB", (-200.0, 200.0), "amplitude SNR, 20 log10")
    noise_std: Param | None = param(
        None, "uV or fT", (0.0, 1e9), "standard deviation, whatever the field is"
    )
    sensor_scale: Param = param(
        1.0, "1", (0.0, 1e6), "of the noise, for all sensors or for each"
    )
    covariance: Data | None = data(
        "sensor sensor", "1", "of the noise between sensors; none: independent", None
    )
    ar: Param | None = param(
        None, "1", (-10.0, 10.0), "coefficients of an autoregression over samples"
    )
    exponent: Param | None = param(
        None, "1", (0.0, 4.0), "of a 1/f spectrum of power: 1 is pink, 2 brown"
    )
    lead_samples: int = static(
        200, "samples that an autoregression runs before the first", bounds=(0, 10**6)
    )

    makes: ClassVar[dict[str, Signal]] = {
        "field": FIELD,
        "field_clean": FIELD_CLEAN,
        "noise": NOISE,
        "eta": ETA,
        "snr_db": SNR_DB,
    }

    def __check_init__(self) -> None:
        given = [n for n in ("alpha_snr", "snr_db", "noise_std") if self._has(n)]
        if len(given) > 1:
            raise ValueError(
                f"SensorNoise: {' and '.join(given)} both say how large the noise is; "
                "give one of them."
            )
        if self.ar is not None and self.exponent is not None:
            raise ValueError(
                "SensorNoise: ar and exponent both give the noise a spectrum; give one."
            )
        if self.ar is not None and concrete(self.ar):
            poles = np.abs(np.roots(np.r_[1.0, -np.asarray(self.ar, float)]))
            if poles.size and poles.max() >= 1:
                raise ValueError(
                    f"SensorNoise.ar = {np.asarray(self.ar).tolist()} is not stable: "
                    f"its largest pole has modulus {poles.max():.4g}; it must be "
                    "below 1."
                )
        if self.covariance is not None:
            _check_covariance(self.covariance)

    def _has(self, name: str) -> bool:
        return getattr(self, name) is not None

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse artifacts made before: they would count as clean field."""
        made = {s for kind in KINDS.values() for s in _own_signals(kind)} & set(cards)
        if made:
            raise ValueError(
                f"step '{name}' (SensorNoise) stands behind {', '.join(sorted(made))}, "
                "so that an artifact would count as clean field. Put it right behind "
                "the leadfield."
            )

    def __call__(self, field: Series, key: PRNGKeyArray) -> dict[str, Any]:
        """Draw the noise, scale it, add it."""
        clean, unit = jnp.asarray(field.values), field.card.unit
        white = self.drawn(key, clean.shape, clean.dtype)
        eta, kept = self.level(clean, white)
        noise = eta * white
        over = jnp.linalg.norm(noise)
        ratio = jnp.linalg.norm(clean) / jnp.where(over > 0, over, 1.0)
        snr_db = 20 * jnp.log10(jnp.clip(ratio, 1e-10, 1e10))

        def of(values: Array, card: Signal) -> Series:
            return Series(values, field.clock, card._replace(unit=unit), field.labels)

        return {
            "field": of(kept * clean + noise, FIELD),
            "field_clean": of(clean, FIELD_CLEAN),
            "noise": of(noise, NOISE),
            "eta": eta,
            "snr_db": jnp.where(over > 0, snr_db, 200.0),
        }

    def drawn(
        self, key: PRNGKeyArray, shape: tuple[int, ...], dtype: Any
    ) -> Float[Array, "time sensor"]:
        """The noise before it is scaled."""
        n_samples, n_sensors = shape
        lead = self.lead_samples if self.ar is not None else 0
        noise = jax.random.normal(key, (n_samples + lead, n_sensors), dtype)
        if self.covariance is not None:
            root = jnp.linalg.cholesky(self.covariance)
            noise = jnp.matmul(noise, root.T, precision="highest")
        if self.ar is not None:
            noise = ar_filtered(noise, jnp.atleast_1d(self.ar))[lead:]
        if self.exponent is not None:
            noise = power_law(noise, self.exponent)
        scale = self.sensor_scale
        return noise * (scale[None, :] if scale.ndim else scale)

    def level(self, clean: Array, noise: Array) -> tuple[Array, Array]:
        """Factor of the noise, and of the clean field (0 where alpha is 0)."""
        one = jnp.ones((), clean.dtype)
        if self.noise_std is not None:
            return self.noise_std * one, one
        size = jnp.linalg.norm(noise)
        equal = jnp.linalg.norm(clean) / jnp.where(size > 0, size, 1.0)
        if self.snr_db is not None:
            return 10 ** (-self.snr_db / 20) * equal, one
        alpha = 0.5 * one if self.alpha_snr is None else self.alpha_snr
        some = alpha > 0
        ratio = jnp.where(some, (1 - alpha) / jnp.where(some, alpha, 1.0), 1.0)
        return ratio * equal, some.astype(clean.dtype)


def _own_signals(kind: type) -> tuple[str, ...]:
    if not issubclass(kind, AbstractArtifact):
        return ()
    return tuple(name for name in kind.makes if name != "field")


def _check_covariance(covariance: Any) -> None:
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
        raise ValueError(
            f"SensorNoise.covariance has shape {covariance.shape}; it is a square "
            "matrix, sensors x sensors."
        )
    if not concrete(covariance):
        return
    matrix = np.asarray(covariance, float)
    if not np.allclose(matrix, matrix.T, rtol=1e-4, atol=1e-6 * np.abs(matrix).max()):
        raise ValueError("SensorNoise.covariance is not symmetric.")
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise ValueError(
            "SensorNoise.covariance is not positive definite. (After an average "
            "reference it has no full rank: add a little to its diagonal.)"
        ) from None
