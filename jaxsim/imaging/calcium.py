"""Calcium: spikes become fluorescence."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Param, concrete, param
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.signals import EXPRESSION, TRACE


class Calcium(AbstractStep):
    r"""A transient that rises and decays exponentially after every spike.

    $$ C_i(t) = g_i \Big(f_0 + \frac1T \int_{t-T}^{t} \sum_s k(t' - t_s)\, dt'\Big),
       \qquad k(t) \propto e^{-t/\tau_d} - e^{-t/\tau_r} $$

    with the kernel at the fine bins of the spikes, divided by its largest value there,
    and averaged over the exposure of a frame. $g_i$ is log-normal with mean 1 and the
    given coefficient of variation: it scales the rest and the transients alike. Two
    states per cell carry the sum from frame to frame, so nothing is cut off the
    kernel's tail.

    **Needs:** `fine_spikes`, `lead_spikes`, `canvas`. **Makes:** `trace`, `expression`.
    """

    tau_rise_s: Param = param(0.05, "s", (1e-4, 10.0), "time constant of the rise")
    tau_decay_s: Param = param(0.5, "s", (1e-3, 100.0), "time constant of the decay")
    f0: Param = param(1.0, "1", (0.0, 1e3), "fluorescence at rest")
    brightness_cv: Param = param(0.3, "1", (0.0, 5.0), "spread of expression")

    makes: ClassVar[dict[str, Signal]] = {"trace": TRACE, "expression": EXPRESSION}

    def __check_init__(self) -> None:
        rise, decay = self.tau_rise_s, self.tau_decay_s
        if concrete(rise, decay) and not bool((rise < decay).all()):
            raise ValueError(
                f"Calcium.tau_rise_s = {float(rise):g} s must be shorter than "
                f"tau_decay_s = {float(decay):g} s."
            )

    def __call__(
        self, fine_spikes: Any, lead_spikes: Any, canvas: Canvas, key: PRNGKeyArray
    ) -> dict[str, Any]:
        """Run both exponentials over lead and recording."""
        lead, fine = lead_spikes.values, fine_spikes.values
        n_bins, n_cells = fine.shape[1:]
        bin_s = 1.0 / (canvas.rate_hz * n_bins)
        taus = jnp.stack([self.tau_decay_s, self.tau_rise_s])
        kept = jnp.exp(-bin_s / taus)[:, None]  # of each state, per bin
        left = jnp.asarray(n_bins - 1 - jnp.arange(n_bins), kept.dtype)[None, :]
        to_end = kept**left  # what a spike leaves at the frame's end
        to_mean = (1.0 - kept ** (left + 1.0)) / (1.0 - kept) / n_bins
        from_before = kept * (1.0 - kept**n_bins) / (1.0 - kept) / n_bins

        def frame(state: Array, spikes: Array) -> tuple[Array, Array]:
            mean = state * from_before + to_mean @ spikes
            return state * kept**n_bins + to_end @ spikes, mean[0] - mean[1]

        state = jnp.zeros((2, n_cells), fine.dtype)
        state, _ = jax.lax.scan(frame, state, lead)
        _, transient = jax.lax.scan(frame, state, fine)
        transient = transient / self.largest(bin_s)
        cells = jnp.arange(n_cells, dtype=jnp.uint32)
        draw = jax.vmap(
            lambda i: jax.random.normal(jax.random.fold_in(key, i), (), fine.dtype)
        )(cells)
        spread = jnp.log1p(self.brightness_cv**2)
        expression = jnp.exp(jnp.sqrt(spread + 1e-12) * draw - 0.5 * spread)
        rows = jnp.broadcast_to(expression, transient.shape)
        trace = rows * (self.f0 + transient)
        return {"trace": canvas.series(trace, TRACE), "expression": expression}

    def largest(self, bin_s: float) -> Float[Array, ""]:
        """The largest value of the kernel at the bins."""
        rise, decay = self.tau_rise_s, self.tau_decay_s
        peak_s = jnp.log(decay / rise) * rise * decay / (decay - rise)
        before = jnp.floor(jax.lax.stop_gradient(peak_s) / bin_s)
        near = jnp.stack([before, before + 1.0]) * bin_s
        return jnp.max(jnp.exp(-near / decay) - jnp.exp(-near / rise))
