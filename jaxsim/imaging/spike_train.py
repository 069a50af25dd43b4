"""SpikeTrain: spikes in fine bins, as calcium needs them."""

import equinox as eqx
from jaxtyping import Array, Float

from jaxsim.core.signal import Signal


FINE = Signal("", "", "spikes in the fine bins of each frame, and before")


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
