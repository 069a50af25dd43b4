"""SpikeTrain: spikes in fine bins, as calcium needs them."""

from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from jaxsim.core.signal import Signal
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.signals import SPIKES


FINE = Signal("", "", "spikes in the fine bins of each frame, and before")
LOG_PROBABILITY = Signal("cell", "1", "logarithm, of the spikes that were drawn")


class SpikeTrain(eqx.Module):
    """Spikes of all cells, finer than frames, from some frames before the recording on.

    It flows between steps and is not recorded; `spikes` is its sum per frame.
    """

    fine: Float[Array, "frame bin cell"]
    before: Float[Array, "cell"]  # mean per bin before the first frame
    alive: Float[Array, "cell"]  # 1 for a cell, 0 for an empty place
    n_lead: int = eqx.field(static=True)  # frames before the recording

    def counts(self) -> Float[Array, "time cell"]:
        """Spikes of the frames that are recorded."""
        return self.fine[self.n_lead :].sum(axis=1)


def bins_per_frame(spike_sim_hz: float, canvas: Canvas) -> int:
    """Fine bins in a frame, so that they are nearest to `spike_sim_hz`."""
    return max(round(spike_sim_hz / canvas.rate_hz), 1)


def scored(makes: dict[str, Signal], estimator: str) -> dict[str, Signal]:
    """Cards of what a step that spikes makes under an estimator."""
    if estimator != "score":
        return dict(makes)
    return makes | {"spikes_log_probability": LOG_PROBABILITY}


def made(
    train: SpikeTrain, canvas: Canvas, log_probability: Any = None
) -> dict[str, Any]:
    """What every step that spikes makes."""
    out = {"spikes": canvas.series(train.counts(), SPIKES), "fine_spikes": train}
    if log_probability is not None:
        out["spikes_log_probability"] = log_probability
    return out
