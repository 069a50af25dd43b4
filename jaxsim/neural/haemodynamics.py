"""Haemodynamics: BOLD from recorded activity, so that both come from one run."""

from typing import Any, ClassVar

import jax.numpy as jnp

from jaxsim.core.param import Param, param, part, static
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.neural.balloon import Balloon, balloon
from jaxsim.neural.monitors.bold import BOLD
from jaxsim.neural.span import whole_ticks


SLOWEST_S = 0.0101  # activity sampled more coarsely cannot drive the balloon


class Haemodynamics(AbstractStep):
    r"""Balloon-Windkessel response to `activity`, from rest.

    The drive is $z = \text{gain}\,(\text{activity} - \text{baseline})$, averaged over
    the internal step: 1 ms, or one sample of the activity when that is longer. Record
    the network with `TemporalAverage(period_s=1e-3)`, so that nothing is aliased.

    **Needs:** `activity`, at 100 Hz or more. **Makes:** `bold`, one sample per period.
    """

    period_s: float = static(1.0, "time between samples (TR)", "s", (1e-4, 1e3))
    balloon: Balloon = part(Balloon)
    gain: Param = param(0.02, "1", (0.0, 1e3), "drive per unit of activity")
    baseline: Param = param(
        0.0, "unit of activity", (-1e4, 1e4), "activity that gives no drive"
    )

    makes: ClassVar[dict[str, Signal]] = {"bold": BOLD}

    def __call__(self, activity: Series) -> dict[str, Any]:
        """Average, integrate, sample; an unfinished last period is dropped."""
        clock = _clock_of(activity)
        dt_s = 1.0 / clock.rate_hz
        every = whole_ticks(self.period_s, dt_s, "Haemodynamics.period_s")
        most = max(1, int(1e-3 / dt_s * (1 + 1e-9)))
        grain = next(n for n in range(min(most, every), 0, -1) if every % n == 0)
        x = activity.values
        n_samples = x.shape[0] // every
        if n_samples == 0:
            raise ValueError(
                f"Haemodynamics.period_s = {self.period_s:g} s is longer than the "
                f"activity ({x.shape[0] * dt_s:g} s), so there would be no sample."
            )
        x = x[: n_samples * every].reshape(-1, grain, x.shape[1]).mean(1)
        drive = self.gain * (x - self.baseline)
        values = balloon(drive, grain * dt_s, self.balloon, every // grain)
        # activity is stamped at the end of its samples: the first one began dt before
        start = jnp.asarray(clock.start_s) + (self.period_s - dt_s)
        samples = Clock(start, 1.0 / self.period_s)
        return {"bold": Series(values, samples, BOLD, activity.labels)}


def _clock_of(activity: Series) -> Clock:
    """The clock of activity; too coarse a one, or none, is refused."""
    if activity.clock is None or 1.0 / activity.clock.rate_hz > SLOWEST_S:
        rate = (
            "no clock" if activity.clock is None else f"{activity.clock.rate_hz:g} Hz"
        )
        raise ValueError(
            f"Haemodynamics: activity has {rate}; the balloon needs 100 Hz or more. "
            "Shorten the period of the network's monitor, or use the Bold monitor."
        )
    return activity.clock
