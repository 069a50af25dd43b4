"""Spikes of cells: of a gate between rest and bursts, of a network, or given."""

from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.normal import uniform_pair
from jaxsim.core.param import Data, Param, data, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.signals import SPIKES
from jaxsim.imaging.spike_train import FINE, SpikeTrain


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

    `estimator` says what a spike is:

    * "straight_through": drawn; its derivative is that of its probability, along the
      chain of gates, so that gradients of anything linear in the spikes are unbiased.
    * "relaxed": a sigmoid of width `temperature` around the draw, smooth in the firing
      rates (the gate stays straight-through); `spikes` are no whole numbers.
    * "expected": the mean of every bin instead of a draw; exact and smooth.

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
    estimator: Literal["straight_through", "relaxed", "expected"] = static(
        "straight_through", "what a spike is, for gradients"
    )

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

    def __call__(self, canvas: Canvas, alive: Any, key: PRNGKeyArray) -> dict[str, Any]:
        """Draw."""
        there = alive.values
        n_bins = bins_per_frame(self.spike_sim_hz, canvas)
        n_lead = int(np.ceil(self.lead_s * canvas.rate_hz))
        shape = n_lead + canvas.n_frames, n_bins, len(there)
        bin_hz = n_bins * canvas.rate_hz
        if self.estimator == "expected":
            chance = jnp.minimum(self.mean_rate_hz() / bin_hz, 1.0)
            fine = jnp.broadcast_to(chance, shape)
        else:
            fine = self._drawn(key, n_lead, shape, bin_hz)
        fine = fine * jnp.broadcast_to(there, fine.shape)
        before = there * jnp.minimum(self.mean_rate_hz() / bin_hz, 1.0)
        return made(SpikeTrain(fine, before, there, n_lead), canvas)

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
        active = _drawn(start, jnp.broadcast_to(self.active_part(), start.shape))

        def step(active: Array, u: Array) -> tuple[Array, Array]:
            active = _drawn(u, _mixed(active, 1.0 - p_close, p_open))
            return active, active

        _, open_ = jax.lax.scan(step, active, gate.reshape(-1, n_cells))
        rate = _mixed(open_, self.active_rate_hz, self.quiescent_rate_hz)
        chance = jnp.minimum(rate.reshape(-1, per_frame, n_cells) / bin_hz, 1.0)
        chance = jnp.broadcast_to(chance, shape)
        if self.estimator == "relaxed":
            tiny = float(jnp.finfo(like).eps)
            odds = _logit(jnp.clip(chance, tiny, 1.0 - tiny))
            odds = odds - _logit(jnp.clip(fire, tiny, 1.0 - tiny))
            return jax.nn.sigmoid(odds / self.temperature)
        return _drawn(fire, chance)


class PoissonSpikes(AbstractStep):
    r"""Spikes of cells that follow the nodes of a network.

    Cell i fires at the rate $r_i = \max(0, g \sum_n M_{in} x_n + r_0)$, with the
    activity x held from one of its samples to the next, and spikes at most once in a
    bin, with probability $1 - e^{-r / h}$. Activity starts with the recording; its time
    zero is that of the camera. There is no lead: before the recording cells fired at
    their first rate. Gradients are straight-through, or exact with
    `estimator="expected"`.

    **Needs:** `activity`, `alive`, `canvas`. **Makes:** `spikes`, `fine_spikes`.
    """

    gain_hz: Param = param(
        1.0, "1/s per unit of activity", (-1e6, 1e6), "firing per activity"
    )
    rest_hz: Param = param(0.0, "1/s", (-1e3, 1e3), "firing without activity")
    nodes_to_cells: Data | None = data(
        "cell node", "1", "what each cell gets of each node; none: node i mod n", None
    )
    spike_sim_hz: float = static(300.0, "fine bins per second", "Hz", (0.1, 1e5))
    estimator: Literal["straight_through", "expected"] = static(
        "straight_through", "what a spike is, for gradients"
    )

    no_gradient: ClassVar[tuple[str, ...]] = ("gain_hz", "rest_hz")
    makes: ClassVar[dict[str, Signal]] = {"spikes": SPIKES, "fine_spikes": FINE}

    def __call__(
        self, activity: Series, alive: Any, canvas: Canvas, key: PRNGKeyArray
    ) -> dict[str, Any]:
        """Rates of the cells at every bin, then spikes."""
        there = alive.values
        n_bins = bins_per_frame(self.spike_sim_hz, canvas)
        bin_hz = n_bins * canvas.rate_hz
        x = activity.values
        total = canvas.n_frames * n_bins
        at = self._samples(activity, np.arange(total) / bin_hz)
        heard = x @ self._map(len(there), x.shape[1]).astype(x.dtype).T
        rate = jax.nn.relu(self.gain_hz * heard + self.rest_hz)[at]
        chance = -jnp.expm1(-rate / bin_hz)
        fine = chance
        if self.estimator == "straight_through":
            u, _ = uniform_pair(key, (total, len(there)), chance.dtype)
            fine = _drawn(u, chance)
        fine = fine * jnp.broadcast_to(there, fine.shape)
        before = there * chance[0]
        fine = fine.reshape(canvas.n_frames, n_bins, -1)
        return made(SpikeTrain(fine, before, there, 0), canvas)

    def _map(self, n_cells: int, n_nodes: int) -> Array:
        given = self.nodes_to_cells
        if given is None:
            return jnp.asarray(np.eye(n_nodes)[np.arange(n_cells) % n_nodes])
        if given.shape != (n_cells, n_nodes):
            raise ValueError(
                f"PoissonSpikes.nodes_to_cells has shape {given.shape}; there are "
                f"{n_cells} places for cells and {n_nodes} nodes, so give "
                f"({n_cells}, {n_nodes})."
            )
        return given

    def _samples(self, activity: Series, times: np.ndarray) -> np.ndarray:
        """The sample that holds at each time; a sample is the end of its period."""
        if activity.clock is None:
            raise ValueError("PoissonSpikes: activity has no clock.")
        n, rate = len(activity.values), activity.clock.rate_hz
        lasts, needed = n / rate, len(times) and times[-1]
        if lasts < needed:
            raise ValueError(
                f"PoissonSpikes: activity lasts {lasts:g} s, but the camera records "
                f"{needed:g} s. Simulate longer, or record fewer frames."
            )
        return np.minimum(np.floor(times * rate + 1e-6).astype(int), n - 1)


class GivenSpikes(AbstractStep):
    """Spikes per frame from outside, spread evenly over the bins of each frame.

    Nothing is known of the time before: calcium starts at rest.

    **Needs:** `canvas`. **Makes:** `spikes`, `fine_spikes`.
    """

    counts: Data = data("time cell", "1", "spikes of each cell in each frame")
    spike_sim_hz: float = static(300.0, "fine bins per second", "Hz", (0.1, 1e5))
    makes: ClassVar[dict[str, Signal]] = {"spikes": SPIKES, "fine_spikes": FINE}

    def __call__(self, canvas: Canvas) -> dict[str, Any]:
        """The counts."""
        if self.counts.ndim != 2 or len(self.counts) != canvas.n_frames:
            raise ValueError(
                f"GivenSpikes.counts has shape {self.counts.shape}; the recording has "
                f"{canvas.n_frames} frames, so give ({canvas.n_frames}, cells)."
            )
        n_bins = bins_per_frame(self.spike_sim_hz, canvas)
        counts = self.counts.astype(canvas.pixel_um.dtype)
        n_frames, n_cells = counts.shape
        fine = jnp.broadcast_to(counts[:, None] / n_bins, (n_frames, n_bins, n_cells))
        ones = jnp.ones(n_cells, counts.dtype)
        return made(SpikeTrain(fine, jnp.zeros_like(ones), ones, 0), canvas)


def bins_per_frame(spike_sim_hz: float, canvas: Canvas) -> int:
    """Fine bins in a frame, so that they are nearest to `spike_sim_hz`."""
    return max(round(spike_sim_hz / canvas.rate_hz), 1)


def made(train: SpikeTrain, canvas: Canvas) -> dict[str, Any]:
    """What every step that spikes makes."""
    return {"spikes": canvas.series(train.counts(), SPIKES), "fine_spikes": train}


def _drawn(u: Array, chance: Array) -> Array:
    """1 with a probability whose derivative it has, else 0."""
    hit = (u < jax.lax.stop_gradient(chance)).astype(chance.dtype)
    return hit + chance - jax.lax.stop_gradient(chance)


def _mixed(part: Array, one: Any, other: Any) -> Array:
    return part * one + (1.0 - part) * other


def _logit(p: Array) -> Array:
    return jnp.log(p) - jnp.log1p(-p)
