"""Spikes of cells that switch between rest and bursts."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Data, Param, data, param, static
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.signals import SPIKES


FINE = Signal("time bin cell", "1", "spikes in the fine bins of each frame")
LEAD = Signal("lead bin cell", "1", "spikes of the frames before the recording")


class MarkovSpikes(AbstractStep):
    r"""Spikes of a gate that opens and closes, each cell by itself.

    In every bin of $1/h$ seconds ($h$ the multiple of the frame rate nearest to
    `spike_sim_hz`) a cell spikes at most once, with probability rate / h; the rate is
    the active or the quiescent one. Once a frame the gate may switch, with probability
    $1 - e^{-\lambda / \text{fps}}$: `opening_hz` and `closing_hz` are rates per second,
    so bursts last as long at any frame rate. The gate starts from its stationary law,
    and the frames of `lead_s` before the recording are simulated too, so that calcium
    is at work when the recording begins.

    The stationary mean rate is $\pi r_a + (1 - \pi) r_q$,
    $\pi = p_o / (p_o + p_c)$.

    Gradients of the two firing rates are straight-through: the draws stay, and a
    spike's derivative is that of its probability. Those of the gate are not known.

    **Needs:** `canvas`, `alive`. **Makes:** `spikes` (per frame), `fine_spikes`,
    `lead_spikes`.
    """

    opening_hz: Param = param(0.10025, "1/s", (1e-6, 1e3), "rate of becoming active")
    closing_hz: Param = param(7.1335, "1/s", (1e-6, 1e4), "rate of becoming quiescent")
    active_rate_hz: Param = param(150.0, "1/s", (0.0, 1e3), "firing when active")
    quiescent_rate_hz: Param = param(0.6, "1/s", (0.0, 1e3), "firing when quiescent")
    spike_sim_hz: float = static(300.0, "fine bins per second", "Hz", (0.1, 1e5))
    lead_s: float = static(3.0, "time simulated before the recording", "s", (0.0, 1e3))

    no_gradient: ClassVar[tuple[str, ...]] = ("opening_hz", "closing_hz")
    makes: ClassVar[dict[str, Signal]] = {
        "spikes": SPIKES,
        "fine_spikes": FINE,
        "lead_spikes": LEAD,
    }

    @classmethod
    def with_activity(cls, activity: float, **given: Any) -> "MarkovSpikes":
        """One dial from hardly active (0) over the defaults (0.5) to very active (1).

        Raises:
            ValueError: outside [0, 1].
        """
        if not 0.0 <= activity <= 1.0:
            raise ValueError(
                f"MarkovSpikes.with_activity({activity:g}): the dial goes from 0 to 1."
            )
        dial = (0.0, 0.5, 1.0)
        opening = np.interp(activity, dial, (0.002, 0.005, 0.01))
        closing = np.interp(activity, dial, (0.4, 0.3, 0.2))
        return cls(
            opening_hz=-20.0 * np.log1p(-opening),  # per frame at 20 Hz, as published
            closing_hz=-20.0 * np.log1p(-closing),
            active_rate_hz=np.interp(activity, dial, (90.0, 150.0, 210.0)),
            quiescent_rate_hz=np.interp(activity, dial, (0.3, 0.6, 1.5)),
            **given,
        )

    def switching(self, frame_rate_hz: float) -> tuple[Array, Array]:
        """Probabilities to open and to close within a frame."""
        return tuple(
            -jnp.expm1(-rate / frame_rate_hz)
            for rate in (self.opening_hz, self.closing_hz)
        )

    def mean_rate_hz(self, frame_rate_hz: float) -> Float[Array, ""]:
        """Spikes per second on average."""
        opening, closing = self.switching(frame_rate_hz)
        active = opening / (opening + closing)
        return active * self.active_rate_hz + (1.0 - active) * self.quiescent_rate_hz

    def __call__(self, canvas: Canvas, alive: Any, key: PRNGKeyArray) -> dict[str, Any]:
        """Draw."""
        there = alive.values
        n_lead = int(np.ceil(self.lead_s * canvas.rate_hz))
        n_bins = max(round(self.spike_sim_hz / canvas.rate_hz), 1)
        frames = jnp.arange(-n_lead, canvas.n_frames, dtype=jnp.int32)
        cells = jnp.arange(len(there), dtype=jnp.uint32)
        one = lambda i: self._cell(  # noqa: E731
            jax.random.fold_in(key, i), frames, n_bins, canvas.rate_hz
        )
        fine = jax.vmap(one, out_axes=2)(cells)
        fine = fine * jnp.broadcast_to(there, fine.shape)
        seen = fine[n_lead:]
        return {
            "spikes": canvas.series(seen.sum(axis=1), SPIKES),
            "fine_spikes": canvas.series(seen, FINE),
            "lead_spikes": fine[:n_lead],
        }

    def _cell(
        self, key: PRNGKeyArray, frames: Array, n_bins: int, frame_rate_hz: float
    ) -> Float[Array, "frame bin"]:
        opening, closing = self.switching(frame_rate_hz)
        like = opening.dtype
        first, gate, fire = jax.random.split(key, 3)

        def turn(frame: Array) -> Array:  # a frame's draws, whatever the lead
            return jax.random.uniform(jax.random.fold_in(gate, frame), (), like)

        active = jax.random.uniform(first, (), like) < opening / (opening + closing)

        def step(active: Array, u: Array) -> tuple[Array, Array]:
            active = jnp.where(active, u >= closing, u < opening)
            return active, active

        _, active = jax.lax.scan(step, active, jax.vmap(turn)(frames))
        rate = jnp.where(active, self.active_rate_hz, self.quiescent_rate_hz)
        chance = jnp.minimum(rate / (n_bins * frame_rate_hz), 1.0)[:, None]
        draw = jax.vmap(
            lambda f: jax.random.uniform(jax.random.fold_in(fire, f), (n_bins,), like)
        )(frames)
        spiked = (draw < jax.lax.stop_gradient(chance)).astype(like)
        chance = jnp.broadcast_to(chance, spiked.shape)
        return spiked + chance - jax.lax.stop_gradient(chance)


class GivenSpikes(AbstractStep):
    """Spikes per frame from outside, spread evenly over the frame's one bin.

    **Needs:** `canvas`. **Makes:** `spikes`, `fine_spikes`, `lead_spikes`.
    """

    counts: Data = data("time cell", "1", "spikes of each cell in each frame")
    makes: ClassVar[dict[str, Signal]] = dict(MarkovSpikes.makes)

    def __call__(self, canvas: Canvas) -> dict[str, Any]:
        """The counts."""
        if self.counts.ndim != 2 or len(self.counts) != canvas.n_frames:
            raise ValueError(
                f"GivenSpikes.counts has shape {self.counts.shape}; the recording has "
                f"{canvas.n_frames} frames, so give ({canvas.n_frames}, cells)."
            )
        fine = self.counts[:, None, :]
        return {
            "spikes": canvas.series(self.counts, SPIKES),
            "fine_spikes": canvas.series(fine, FINE),
            "lead_spikes": jnp.zeros((0, *fine.shape[1:]), fine.dtype),
        }
