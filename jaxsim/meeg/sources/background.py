"""BackgroundSources: what the rest of the brain does meanwhile."""

from typing import Any, ClassVar

import jax
from jaxtyping import PRNGKeyArray

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.coloured import power_law
from jaxsim.meeg.signals import ACTIVITY
from jaxsim.meeg.sources.added import in_nam


class BackgroundSources(AbstractStep):
    """Activity of all sources whose power falls as 1 / f^exponent, independently.

    **Needs:** `activity`. **Makes:** `activity`, with it added; `background`, itself.
    """

    std_nam: Param = param(1.0, "nAm", (0.0, 1e6), "standard deviation over time")
    exponent: Param = param(1.0, "1", (0.0, 4.0), "1 is pink, 2 brown")

    makes: ClassVar[dict[str, Signal]] = {
        "activity": ACTIVITY,
        "background": Signal("time node", "nAm", "what the rest of the brain does"),
    }

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse an activity that is no source moment."""
        in_nam(cards, name, "BackgroundSources")

    def __call__(self, activity: Series, key: PRNGKeyArray) -> dict[str, Any]:
        """Add it."""
        white = jax.random.normal(key, activity.values.shape, activity.values.dtype)
        noise = self.std_nam * power_law(white, self.exponent)
        return {
            "activity": activity.with_values(activity.values + noise),
            "background": noise,
        }
