"""ErspSources: an oscillation that waxes and wanes around an event."""

from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Data, Param, data, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.signals import ACTIVE, ACTIVITY
from jaxsim.meeg.sources.added import added, in_nam, seconds


class ErspSources(AbstractStep):
    r"""An oscillation at given locations: steady, a burst, a gap, or modulated.

    $$ q(t) = A\, m(t) \sin(2 \pi (f t + \phi)) $$

    With a floor c (`lowest`) the modulation m is 1 ("none"); c + (1 - c) w ("burst");
    1 - (1 - c) w ("inverse_burst"), where w is a Tukey window of some width around the
    latency, of which the share `taper` rises and falls; or c + (1 - c)(1 + sin 2 pi g
    t) / 2 of frequency g ("amplitude"). The phase is given, or uniform and drawn anew
    in every run: so the oscillation is induced, not evoked.

    **Needs:** `activity`, `active`. **Makes:** the same, with the oscillation added.

    ```bibtex
    @article{krol2018, title={SEREEGA: Simulating event-related EEG activity},
      author={Krol, L. R. and Pawlitzki, J. and Lotte, F. and Gramann, K. and Zander,
      T. O.}, journal={Journal of Neuroscience Methods}, volume={309}, pages={13--24},
      year={2018}}
    ```
    """

    frequency_hz: Param = param(10.0, "Hz", (1e-3, 1e5), "of the oscillation")
    amplitude_nam: Param = param(10.0, "nAm", (0.0, 1e6), "largest amplitude")
    phase_turns: Param | None = param(
        None, "1", (-1.0, 1.0), "at time 0, in turns; none: drawn anew in every run"
    )
    latency_s: Param = param(0.2, "s", (-1e3, 1e3), "middle of a burst or gap")
    width_s: Param = param(0.4, "s", (1e-4, 1e3), "of a burst or gap, with its tapers")
    taper: Param = param(0.5, "1", (1e-3, 1.0), "share of the width that is taper")
    lowest: Param = param(0.0, "1", (0.0, 1.0), "smallest amplitude, over the largest")
    modulation_hz: Param = param(2.0, "Hz", (0.0, 1e5), "of the amplitude")
    direction: Data | None = data(
        "component", "1", "share of each component; none: all in the first", None
    )
    modulation: Literal["none", "burst", "inverse_burst", "amplitude"] = static(
        "burst", "how the amplitude goes"
    )
    locations: tuple[int, ...] = static((0,), "which locations carry it")

    makes: ClassVar[dict[str, Signal]] = {"activity": ACTIVITY, "active": ACTIVE}

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse an activity that is no source moment."""
        in_nam(cards, name, "ErspSources")

    def __call__(
        self, activity: Series, active: Series, key: PRNGKeyArray
    ) -> dict[str, Any]:
        """Add the oscillation."""
        times, phase = seconds(activity), self.phase_turns
        if phase is None:
            phase = jax.random.uniform(key, (), times.dtype)
        wave = jnp.sin(2 * jnp.pi * (self.frequency_hz * times + phase))
        wave = self.amplitude_nam * self.envelope(times) * wave
        waves = jnp.repeat(wave[:, None], len(self.locations), axis=1)
        where = self.locations, self.direction
        return added(activity, active, waves, *where, "ErspSources")

    def envelope(self, times: Float[Array, " time"]) -> Float[Array, " time"]:
        """Amplitude over its largest, between `lowest` and 1."""
        depth = 1 - self.lowest
        if self.modulation == "none":
            return jnp.ones_like(times)
        if self.modulation == "amplitude":
            turning = jnp.sin(2 * jnp.pi * self.modulation_hz * times)
            return self.lowest + depth * (1 + turning) / 2
        away = jnp.abs(times - self.latency_s) / (self.width_s / 2)
        edge = jnp.clip((away - (1 - self.taper)) / self.taper, 0.0, 1.0)
        window = 0.5 + 0.5 * jnp.cos(jnp.pi * edge)
        if self.modulation == "burst":
            return self.lowest + depth * window
        return 1 - depth * window
