"""Afferent: the activity of an earlier step drives a network."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Data, Param, data, param, static
from jaxsim.core.signal import Series
from jaxsim.neural.noise import Tick
from jaxsim.neural.stimulus import AbstractStimulus, in_force


class Afferent(AbstractStimulus):
    r"""The activity of an earlier step, such as cells that see a screen, as a drive.

    $$ s_i(t) = g \sum_j W_{ij}\, x_j(t) $$

    with x held over each of its samples. During the burn-in it has its first value.

    **Needs:** `activity`, of an earlier step; what the network makes then stands under
    that name, and the earlier one under `step.activity`.
    """

    weights: Data = data(
        "node input", "unit of the site per unit of activity", "who drives whom"
    )
    gain: Param = param(1.0, "1", (-1e6, 1e6), "factor of all weights")
    site: str | None = static(None, "where it enters; None: the model's first site")

    needs: ClassVar[tuple[str, ...]] = ("activity",)

    def with_needs(self, duration_s: float, **needs: Any) -> "Played":
        """What is to be played."""
        activity: Series = needs["activity"]
        if activity.clock is None:
            raise ValueError("Afferent: activity has no clock.")
        values, rate_hz = activity.values, activity.clock.rate_hz
        if self.weights.ndim != 2 or self.weights.shape[1] != values.shape[1]:
            raise ValueError(
                f"Afferent.weights has shape {self.weights.shape}; the activity that "
                f"drives has {values.shape[1]} nodes, so give (node, {values.shape[1]})"
            )
        if len(values) / rate_hz < duration_s * (1 - 1e-6):
            raise ValueError(
                f"Afferent: the activity that drives lasts {len(values) / rate_hz:g} s,"
                f" but the network runs for {duration_s:g} s. Make the first longer."
            )
        drive = jnp.matmul(values, self.gain * self.weights.T, precision="highest")
        return Played(drive, rate_hz, self.site)

    def drive(self, first, n_ticks, n_nodes, dt_s):
        """Nothing, before it is known what is played."""
        raise ValueError(
            "Afferent plays the activity of an earlier step; put its network into a "
            "js.Pipeline, behind a step that makes activity."
        )


class Played(eqx.Module):
    """A drive that is known, each value held until the next."""

    values: Float[Array, "time node"]
    rate_hz: float = eqx.field(static=True)
    site: str | None = eqx.field(static=True)

    def drive(
        self, first: Tick, n_ticks: int, n_nodes: int, dt_s: float
    ) -> Float[Array, "tick node"]:
        """The value in force at the start of each tick; the first one before all."""
        if self.values.shape[1] != n_nodes:
            raise ValueError(
                f"Afferent.weights drives {self.values.shape[1]} nodes (rows), but the "
                f"network has {n_nodes}."
            )
        index = in_force(first, n_ticks, self.rate_hz * dt_s)
        return self.values[jnp.clip(index, 0, len(self.values) - 1)]
