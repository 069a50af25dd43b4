"""GaussianErp: an event-related potential as a sum of Gaussian peaks."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from jaxsim.core.param import Data, Param, data, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.signals import ACTIVE, ACTIVITY
from jaxsim.meeg.sources.added import added, in_nam, seconds


class GaussianErp(AbstractStep):
    r"""Peaks of given latency, width and amplitude at given locations.

    $$ q(t) = \sum_j a_j \exp \left( -\frac{(t - l_j)^2}{2 (w_j / 6)^2} \right) $$

    The width is what is visible of a peak, six standard deviations. From trial to
    trial latencies and amplitudes vary (normally, one draw per peak) and drift
    (`..._slope`, per trial: an amplitude that shrinks is habituation). A run is one
    trial, whose number is `trial`: many trials are a sweep over it.

    **Needs:** `activity`, `active`. **Makes:** the same, with the peaks added.

    ```bibtex
    @article{krol2018, title={SEREEGA: Simulating event-related EEG activity},
      author={Krol, L. R. and Pawlitzki, J. and Lotte, F. and Gramann, K. and Zander,
      T. O.}, journal={Journal of Neuroscience Methods}, volume={309}, pages={13--24},
      year={2018}}
    ```
    """

    latency_s: Param = param((0.1, 0.3), "s", (-1e3, 1e3), "of each peak")
    width_s: Param = param((0.1, 0.2), "s", (1e-4, 1e3), "of each peak, six sd")
    amplitude_nam: Param = param((-10.0, 20.0), "nAm", (-1e6, 1e6), "of each peak")
    latency_jitter_s: Param = param(0.0, "s", (0.0, 1e3), "sd from trial to trial")
    amplitude_jitter_nam: Param = param(0.0, "nAm", (0.0, 1e6), "sd between trials")
    latency_slope_s: Param = param(0.0, "s", (-1e3, 1e3), "later by so much per trial")
    amplitude_slope_nam: Param = param(0.0, "nAm", (-1e6, 1e6), "more per trial")
    trial: Param = param(0.0, "1", (0.0, 1e9), "number of this trial, from 0 on")
    direction: Data | None = data(
        "component", "1", "share of each component; none: all in the first", None
    )
    locations: tuple[int, ...] = static((0,), "which locations carry it")

    makes: ClassVar[dict[str, Signal]] = {"activity": ACTIVITY, "active": ACTIVE}

    def __check_init__(self) -> None:
        shapes = {self.latency_s.shape, self.width_s.shape, self.amplitude_nam.shape}
        if len(shapes) > 1 or len(next(iter(shapes))) > 1:
            raise ValueError(
                "GaussianErp: latency_s, width_s and amplitude_nam have shapes "
                f"{self.latency_s.shape}, {self.width_s.shape} and "
                f"{self.amplitude_nam.shape}; give one of each per peak."
            )

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse an activity that is no source moment."""
        in_nam(cards, name, "GaussianErp")

    def __call__(
        self, activity: Series, active: Series, key: PRNGKeyArray
    ) -> dict[str, Any]:
        """Add the peaks of this trial."""
        middle, width, size = (
            jnp.atleast_1d(x)
            for x in (self.latency_s, self.width_s, self.amplitude_nam)
        )
        late, large = (
            jax.random.normal(jax.random.fold_in(key, i), middle.shape, middle.dtype)
            for i in range(2)
        )
        middle = middle + self.latency_jitter_s * late
        middle = middle + self.latency_slope_s * self.trial
        size = size + self.amplitude_jitter_nam * large
        size = size + self.amplitude_slope_nam * self.trial
        apart = (seconds(activity)[:, None] - middle[None]) / (width[None] / 6)
        wave = jnp.sum(size[None] * jnp.exp(-0.5 * apart**2), axis=1)
        waves = jnp.repeat(wave[:, None], len(self.locations), axis=1)
        where = self.locations, self.direction
        return added(activity, active, waves, *where, "GaussianErp")
