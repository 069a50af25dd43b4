"""Spikes of cells that follow a network, and spikes that are given."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from jaxsim.core.normal import uniform_pair
from jaxsim.core.param import Data, Param, data, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.draws import Estimator, log_bernoulli, spikes_drawn
from jaxsim.imaging.signals import SPIKES
from jaxsim.imaging.spike_train import FINE, SpikeTrain, bins_per_frame, made, scored


class PoissonSpikes(AbstractStep):
    r"""Spikes of cells that follow the nodes of a network.

    Cell i fires at the rate $r_i = \max(0, g \sum_n M_{in} x_n + r_0)$, with the
    activity x held from one of its samples to the next, and spikes at most once in a
    bin, with probability $1 - e^{-r / h}$. Activity starts with the recording; its time
    zero is that of the camera. There is no lead: before the recording cells fired at
    their first rate. `estimator` is that of `MarkovSpikes`; here every bin is a draw by
    itself, so that "relaxed" is smooth in all parameters and in the activity.

    **Needs:** `activity`, `alive`, `canvas`. **Makes:** `spikes`, `fine_spikes`.
    """

    gain_hz: Param = param(
        1.0, "1/s per unit of activity", (-1e6, 1e6), "firing per activity"
    )
    rest_hz: Param = param(0.0, "1/s", (-1e3, 1e3), "firing without activity")
    nodes_to_cells: Data | None = data(
        "cell node",
        "1",
        "what each cell gets of each node, or one row for all; none: node i mod n",
        None,
    )
    spike_sim_hz: float = static(300.0, "fine bins per second", "Hz", (0.1, 1e5))
    temperature: Param = param(0.3, "1", (1e-3, 10.0), "width of a relaxed spike")
    estimator: Estimator = static("straight_through", "what a spike is, for gradients")

    no_gradient: ClassVar[tuple[str, ...]] = ("gain_hz", "rest_hz")
    makes: ClassVar[dict[str, Signal]] = {"spikes": SPIKES, "fine_spikes": FINE}

    def cards(self) -> dict[str, Signal]:
        """With the probability of the draws, if that is asked for."""
        return scored(self.makes, self.estimator)

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
        u, _ = uniform_pair(key, (total, len(there)), chance.dtype)
        fine = spikes_drawn(u, chance, self.estimator, self.temperature)
        log_p = None
        if self.estimator == "score":
            log_p = there * log_bernoulli(fine, 1, chance).sum(0)
        fine = fine * jnp.broadcast_to(there, fine.shape)
        before = there * chance[0]
        fine = fine.reshape(canvas.n_frames, n_bins, -1)
        return made(SpikeTrain(fine, before, there, 0), canvas, log_p)

    def _map(self, n_cells: int, n_nodes: int) -> Array:
        given = self.nodes_to_cells
        if given is None:
            return jnp.asarray(np.eye(n_nodes)[np.arange(n_cells) % n_nodes])
        if given.shape not in ((n_cells, n_nodes), (1, n_nodes)):
            raise ValueError(
                f"PoissonSpikes.nodes_to_cells has shape {given.shape}; there are "
                f"{n_cells} places for cells and {n_nodes} nodes, so give "
                f"({n_cells}, {n_nodes}), or (1, {n_nodes}) for all cells alike."
            )
        return jnp.broadcast_to(given, (n_cells, n_nodes))

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
