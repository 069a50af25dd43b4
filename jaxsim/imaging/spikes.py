"""Spikes of cells that burst by themselves."""

from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.normal import uniform_pair
from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.draws import Estimator, spikes_drawn, straight_through
from jaxsim.imaging.gate import log_probability_of_gated
from jaxsim.imaging.signals import SPIKES
from jaxsim.imaging.spike_train import FINE, SpikeTrain, bins_per_frame, made, scored


class MarkovSpikes(AbstractStep):
    r"""Spikes of a gate that opens and closes, each cell by itself.

    In every bin of $1/h$ seconds ($h$ the multiple of the frame rate nearest to
    `spike_sim_hz`) a cell spikes at most once, with probability rate / h; the rate is
    the active or the quiescent one. The gate is a Markov chain in continuous time,
    seen once per frame (or per bin, by `switching`): over a time t it opens and closes
    with probabilities

    $$ p_o = \pi\,(1 - e^{-(o + c) t}), \quad p_c = (1 - \pi)(1 - e^{-(o + c) t}),
       \quad \pi = \frac{o}{o + c} $$

    so its statistics in seconds are the same at any frame rate; `per_frame` builds it
    from probabilities. It starts from its stationary law, and the mean rate is
    $\pi r_a + (1 - \pi) r_q$. The frames of `lead_s` before the recording are simulated
    too, so that calcium is at work when the recording begins.

    `estimator` says what a spike is, for gradients:

    * "straight_through": drawn; its derivative is that of its probability, along the
      chain of gates, so that gradients of anything linear in the spikes are unbiased.
    * "relaxed": a sigmoid of width `temperature` around the draw, smooth in the firing
      rates (the gate stays straight-through); `spikes` are no whole numbers.
    * "expected": the mean of every bin instead of a draw; exact and smooth.
    * "score": drawn, and without a derivative; the step makes
      `spikes_log_probability` as well, of which `score_mean` makes an unbiased gradient
      of any loss. The gate is summed out, so that its draws add no noise. No rate may
      be zero where its derivative is wanted.

    Drawn spikes are the same bits under either switch.

    **Needs:** `canvas`, `alive`. **Makes:** `spikes` (per frame), `fine_spikes` (a
    `SpikeTrain`, for calcium).
    """

    opening_hz: Param = param(0.1192929, "1/s", (0.0, 1e3), "rate of becoming active")
    closing_hz: Param = param(7.157576, "1/s", (0.0, 1e4), "rate of becoming quiescent")
    active_rate_hz: Param = param(150.0, "1/s", (0.0, 1e3), "firing when active")
    quiescent_rate_hz: Param = param(0.6, "1/s", (0.0, 1e3), "firing when quiescent")
    temperature: Param = param(0.3, "1", (1e-3, 10.0), "width of a relaxed spike")
    spike_sim_hz: float = static(300.0, "fine bins per second", "Hz", (0.1, 1e5))
    lead_s: float = static(3.0, "time simulated before the recording", "s", (0.0, 1e3))
    switching: Literal["frame", "bin"] = static("frame", "when the gate may switch")
    estimator: Estimator = static("straight_through", "what a spike is, for gradients")

    # draws are hard: an exact derivative of one path does not exist
    no_gradient: ClassVar[tuple[str, ...]] = (
        "opening_hz",
        "closing_hz",
        "active_rate_hz",
        "quiescent_rate_hz",
    )
    makes: ClassVar[dict[str, Signal]] = {"spikes": SPIKES, "fine_spikes": FINE}

    @classmethod
    def per_frame(
        cls, opens: float, closes: float, frame_rate_hz: float = 20.0, **given: Any
    ) -> "MarkovSpikes":
        """The gate that opens and closes with these probabilities per frame.

        Args:
            opens: probability that a quiescent cell is active in the next frame.
            closes: probability that an active cell is quiescent in the next frame.
            frame_rate_hz: of those frames; the camera may have another rate.
            **given: any other field.

        Raises:
            ValueError: no chain in continuous time has these probabilities.
        """
        if not (opens > 0.0 and closes > 0.0 and opens + closes < 1.0):
            raise ValueError(
                f"MarkovSpikes.per_frame({opens:g}, {closes:g}): both probabilities "
                "must be above 0 and their sum below 1."
            )
        per_s = -frame_rate_hz * np.log1p(-opens - closes) / (opens + closes)
        return cls(opening_hz=opens * per_s, closing_hz=closes * per_s, **given)

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
        rates = {
            "active_rate_hz": np.interp(activity, dial, (90.0, 150.0, 210.0)),
            "quiescent_rate_hz": np.interp(activity, dial, (0.3, 0.6, 1.5)),
        }
        return cls.per_frame(
            float(np.interp(activity, dial, (0.002, 0.005, 0.01))),
            float(np.interp(activity, dial, (0.4, 0.3, 0.2))),
            **(rates | given),
        )

    def active_part(self) -> Float[Array, ""]:
        """Part of the time in which the gate is open."""
        return self.opening_hz / (self.opening_hz + self.closing_hz + 1e-20)

    def switches(self, time_s: float) -> tuple[Array, Array]:
        """Probabilities to open and to close over a time."""
        some = -jnp.expm1(-(self.opening_hz + self.closing_hz) * time_s)
        return self.active_part() * some, (1.0 - self.active_part()) * some

    def mean_rate_hz(self) -> Float[Array, ""]:
        """Spikes per second on average."""
        return _mixed(self.active_part(), self.active_rate_hz, self.quiescent_rate_hz)

    def cards(self) -> dict[str, Signal]:
        """With the probability of the draws, if that is asked for."""
        return scored(self.makes, self.estimator)

    def __call__(self, canvas: Canvas, alive: Any, key: PRNGKeyArray) -> dict[str, Any]:
        """Draw."""
        there = alive.values
        n_bins = bins_per_frame(self.spike_sim_hz, canvas)
        n_lead = int(np.ceil(self.lead_s * canvas.rate_hz))
        shape = n_lead + canvas.n_frames, n_bins, len(there)
        bin_hz = n_bins * canvas.rate_hz
        mean = jnp.minimum(self.mean_rate_hz() / bin_hz, 1.0)
        if self.estimator == "expected":
            fine = jnp.broadcast_to(mean, shape)
        else:
            fine = self._drawn(key, n_lead, shape, bin_hz)
        log_p = None
        if self.estimator == "score":
            log_p = there * self._log_probability(fine, bin_hz)
        fine = fine * jnp.broadcast_to(there, fine.shape)
        return made(SpikeTrain(fine, there * mean, there, n_lead), canvas, log_p)

    def _drawn(
        self, key: PRNGKeyArray, n_lead: int, shape: tuple[int, int, int], bin_hz: float
    ) -> Float[Array, "frame bin cell"]:
        """Spikes of all cells; how long the lead is leaves the recording's draws."""
        n_frames, n_bins, n_cells = shape
        begin, go = jax.random.split(key)
        per_frame = 1 if self.switching == "frame" else n_bins
        p_open, p_close = self.switches(n_bins / per_frame / bin_hz)
        like = p_open.dtype
        size = n_frames * n_bins, n_cells
        first = -n_lead * n_bins  # bins are counted from the recording's first
        rows = jnp.asarray((first + np.arange(size[0])) % 2**32, jnp.uint32)
        fire, gate = uniform_pair(go, size, like, rows)
        fire, gate = fire.reshape(shape), gate.reshape(shape)[:, :per_frame]
        start = uniform_pair(begin, (1, n_cells), like)[0][0]
        active = straight_through(
            start, jnp.broadcast_to(self.active_part(), start.shape)
        )

        def step(active: Array, u: Array) -> tuple[Array, Array]:
            active = straight_through(u, _mixed(active, 1.0 - p_close, p_open))
            return active, active

        _, open_ = jax.lax.scan(step, active, gate.reshape(-1, n_cells))
        rate = _mixed(open_, self.active_rate_hz, self.quiescent_rate_hz)
        chance = jnp.minimum(rate.reshape(-1, per_frame, n_cells) / bin_hz, 1.0)
        chance = jnp.broadcast_to(chance, shape)
        return spikes_drawn(fire, chance, self.estimator, self.temperature)

    def _log_probability(
        self, fine: Float[Array, "frame bin cell"], bin_hz: float
    ) -> Float[Array, "cell"]:
        """Of the spikes of each cell, whatever its gate did."""
        n_frames, n_bins, n_cells = fine.shape
        bins = n_bins if self.switching == "frame" else 1
        return log_probability_of_gated(
            fine.reshape(-1, bins, n_cells).sum(1),
            bins,
            self.active_part(),
            self.switches(bins / bin_hz),
            (self.active_rate_hz / bin_hz, self.quiescent_rate_hz / bin_hz),
        )


def _mixed(part: Array, one: Any, other: Any) -> Array:
    return part * one + (1.0 - part) * other
