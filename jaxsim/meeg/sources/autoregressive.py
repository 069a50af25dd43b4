"""ArSources: sources that drive each other, as a vector autoregression."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.core.param import Data, Param, concrete, data, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.signals import ACTIVE, ACTIVITY
from jaxsim.meeg.sources.added import added, in_nam


class ArSources(AbstractStep):
    r"""Ongoing activity of some locations, each heard by others after some samples.

    $$ x_t = \sum_l A_l\, x_{t-l} + w_t, \qquad w_t \sim N(0, s^2) $$

    `coefficients[l - 1, i, j]` is what location i hears *from j* after l samples. So
    the spectrum and every directed (Granger) influence are known. It starts in its
    steady state, after `lead_samples` that are not recorded.

    **Needs:** `activity`, `active`. **Makes:** the same, with this added.

    ```bibtex
    @book{luetkepohl2005, title={New Introduction to Multiple Time Series Analysis},
      author={L{\"u}tkepohl, H.}, publisher={Springer}, year={2005}}
    ```
    """

    coefficients: Param = param(
        (((0.5, 0.0), (0.4, 0.5)),), "1", (-10.0, 10.0), "by lag, to, from"
    )
    innovation_nam: Param = param(
        1.0, "nAm", (0.0, 1e6), "sd of the noise that drives, for all or for each"
    )
    direction: Data | None = data(
        "component", "1", "share of each component; none: all in the first", None
    )
    locations: tuple[int, ...] = static((0, 1), "which locations they are")
    lead_samples: int = static(
        500, "samples before the first recorded", bounds=(0, 10**6)
    )

    makes: ClassVar[dict[str, Signal]] = {"activity": ACTIVITY, "active": ACTIVE}

    def __check_init__(self) -> None:
        n = len(self.locations)
        shape = self.coefficients.shape
        if len(shape) != 3 or shape[1:] != (n, n):
            raise ValueError(
                f"ArSources.coefficients has shape {shape}; {n} locations need (lags, "
                f"{n}, {n})."
            )
        if len(set(self.locations)) < n:
            raise ValueError("ArSources.locations names a location twice.")
        if not concrete(self.coefficients):
            return
        lags = shape[0]
        rows = np.concatenate(np.asarray(self.coefficients, float), axis=1)
        companion = np.vstack([rows, np.eye(n * (lags - 1), n * lags)])
        largest = np.abs(np.linalg.eigvals(companion)).max()
        if largest >= 1:
            raise ValueError(
                "ArSources.coefficients are not stable: the largest pole has modulus "
                f"{largest:.4g}; it must be below 1."
            )

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse an activity that is no source moment."""
        in_nam(cards, name, "ArSources")

    def __call__(
        self, activity: Series, active: Series, key: PRNGKeyArray
    ) -> dict[str, Any]:
        """Run the recursion."""
        n_samples = activity.values.shape[0] + self.lead_samples
        shape, dtype = (n_samples, len(self.locations)), activity.values.dtype
        spread = jnp.broadcast_to(self.innovation_nam, shape[1:])
        driving = spread[None] * jax.random.normal(key, shape, dtype)

        def step(before: Any, now: Any) -> Any:
            heard = jnp.einsum(
                "lij,lj->i", self.coefficients, before, precision="highest"
            )
            value = heard + now
            return jnp.concatenate([value[None], before[:-1]]), value

        rest = jnp.zeros((self.coefficients.shape[0], shape[1]), dtype)
        waves = jax.lax.scan(step, rest, driving)[1][self.lead_samples :]
        where = self.locations, self.direction
        return added(activity, active, waves, *where, "ArSources")
