"""Calcium: spikes become fluorescence."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.normal import normal_pair
from jaxsim.core.param import Param, concrete, param, static
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.kinetics import kernel_largest
from jaxsim.imaging.signals import EXPRESSION, TRACE
from jaxsim.imaging.spike_train import SpikeTrain


TAU_SCALE = Signal("cell", "1", "time constants of each cell over the usual, mean 1")


class AbstractCalcium(AbstractStep):
    """Fluorescence that rises after a spike and decays, and differs between cells.

    With `tau_jitter` both time constants of a cell are multiplied by one log-normal
    number of mean 1, `tau_scale`: its transients are slower or faster, of one shape.
    """

    tau_rise_s: Param = param(0.05, "s", (1e-4, 10.0), "time constant of the rise")
    tau_decay_s: Param = param(0.5, "s", (1e-3, 100.0), "time constant of the decay")
    f0: Param = param(1.0, "1", (0.0, 1e3), "fluorescence at rest")
    brightness_cv: Param = param(0.3, "1", (0.0, 5.0), "spread of expression")
    tau_jitter: Param | None = param(
        None, "1", (0.0, 2.0), "relative spread of time constants; none: all are alike"
    )
    kernel_s: float | None = static(
        None, "kernel cut after this time (whole frames); none: never", "s", (0.0, 1e4)
    )

    makes: ClassVar[dict[str, Signal]] = {"trace": TRACE, "expression": EXPRESSION}

    def __check_init__(self) -> None:
        if not concrete(self.tau_rise_s, self.tau_decay_s):
            return
        # on the host: inside another program JAX would trace the comparison
        rise, decay = np.asarray(self.tau_rise_s), np.asarray(self.tau_decay_s)
        if not (rise < decay).all():
            raise ValueError(
                f"{type(self).__name__}.tau_rise_s = {float(rise):g} s must be shorter "
                f"than tau_decay_s = {float(decay):g} s."
            )

    def cards(self) -> dict[str, Signal]:
        """Its makes, and the cells' time constants where they differ."""
        more = {} if self.tau_jitter is None else {"tau_scale": TAU_SCALE}
        return super().cards() | more

    def response(self, calcium: Float[Array, "time cell"]) -> Float[Array, "time cell"]:
        """Fluorescence above rest for the sum of kernels."""
        return calcium

    def __call__(
        self, fine_spikes: SpikeTrain, canvas: Canvas, key: PRNGKeyArray
    ) -> dict[str, Any]:
        """Sum the kernels, respond, and scale by what each cell expresses."""
        like = jnp.result_type(self.tau_decay_s)
        normal, other = normal_pair(key, (1, len(fine_spikes.alive)), like)
        expression = lognormal(normal[0], self.brightness_cv)
        made: dict[str, Any] = {"expression": expression}
        if self.tau_jitter is None:
            sum_of_kernels = self._calcium(fine_spikes, canvas.rate_hz)
        else:
            made["tau_scale"] = scale = lognormal(other[0], self.tau_jitter)
            sum_of_kernels = self._of_each(fine_spikes, canvas.rate_hz, scale)
        light = fine_spikes.alive * expression
        trace = self.f0 + self.response(sum_of_kernels)
        trace = trace * jnp.broadcast_to(light, trace.shape)
        return made | {"trace": canvas.series(trace, TRACE)}

    def _of_each(
        self, train: SpikeTrain, rate_hz: float, scale: Float[Array, "cell"]
    ) -> Float[Array, "time cell"]:
        """The sum of kernels where every cell has its own."""

        def of_one(fine: Array, before: Array, scale: Array) -> Array:
            one = SpikeTrain(fine[..., None], before[None], before[None], train.n_lead)
            return self._calcium(one, rate_hz, scale)[:, 0]

        each = jax.vmap(of_one, in_axes=(2, 0, 0), out_axes=1)
        return each(train.fine, train.before, scale)

    def _calcium(
        self, train: SpikeTrain, rate_hz: float, scale: Float[Array, ""] | None = None
    ) -> Float[Array, "time cell"]:
        """The sum of kernels at the fine bins, averaged over each frame."""
        rise, decay = self.tau_rise_s, self.tau_decay_s
        if scale is not None:
            rise, decay = scale * rise, scale * decay
        n_bins = train.fine.shape[1]
        bin_s = 1.0 / (rate_hz * n_bins)
        taus = jnp.stack([decay, rise])
        kept = jnp.exp(-bin_s / taus)[:, None]  # of each exponential, per bin
        lost = -jnp.expm1(-bin_s / taus)[:, None]
        left = jnp.asarray(n_bins - 1 - jnp.arange(n_bins), kept.dtype)[None, :]
        to_end = kept**left  # what a spike leaves at the frame's end
        to_mean = (1.0 - kept ** (left + 1.0)) / lost / n_bins
        from_before = kept * (1.0 - kept**n_bins) / lost / n_bins

        def frame(state: Array, spikes: Array) -> tuple[Array, Array]:
            mean = state * from_before + to_mean @ spikes
            return state * kept**n_bins + to_end @ spikes, mean

        state = train.before[None, :] / lost  # what mean firing leaves for ever
        usual = jnp.broadcast_to(state, (2, state.shape[1]))
        means = jax.lax.scan(frame, usual, train.fine)[1]
        if self.kernel_s is not None:
            lag = max(1, round(self.kernel_s * rate_hz))
            padding = jnp.broadcast_to(usual, (lag, *usual.shape))
            earlier = jnp.concatenate([padding, means])[: len(means)]
            means = means - (kept ** (lag * n_bins))[None] * earlier
        means = means[train.n_lead :]
        largest = kernel_largest(rise, decay, bin_s)
        return (means[:, 0] - means[:, 1]) / largest


class Calcium(AbstractCalcium):
    r"""A transient that rises and decays exponentially after every spike.

    $$ C_i(t) = g_i \Big(f_0 + \frac1T \int_{t-T}^{t} \sum_s k(t' - t_s)\, dt'\Big),
       \qquad k(t) \propto e^{-t/\tau_d} - e^{-t/\tau_r} $$

    with the kernel at the fine bins of the spikes, divided by its largest value there,
    and averaged over the exposure of a frame. $g_i$ is log-normal with mean 1 and the
    given coefficient of variation: it scales the rest and the transients alike. Two
    states per cell carry the sum from frame to frame, so nothing is cut off the
    kernel's tail; with `kernel_s` it is cut, as in programs that convolve. Before its
    first frame a cell fired at its mean rate.

    A burst adds up without limit; `HillCalcium` saturates.

    **Needs:** `fine_spikes`, `canvas`. **Makes:** `trace`, `expression`.
    """


class HillCalcium(AbstractCalcium):
    r"""Calcium whose indicator saturates.

    The sum of kernels c of `Calcium` drives fluorescence through a Hill curve, scaled
    so that one spike alone, at its peak, gives 1 as it does without saturation:

    $$ C = g \Big(f_0 + \frac{(1 + k^n)\,c^n}{k^n + c^n}\Big) $$

    so $f_0 + 1 + k^n$ is the brightest that a cell can be. k is how many spikes at once
    give half of that, and n the cooperativity of binding (2 to 3 in GCaMP).

    **Needs:** `fine_spikes`, `canvas`. **Makes:** `trace`, `expression`.
    """

    half_spikes: Param = param(5.0, "1", (0.1, 1e3), "peaks of a spike at half light")
    cooperativity: Param = param(2.0, "1", (1.0, 8.0), "Hill coefficient")

    def response(self, calcium: Float[Array, "time cell"]) -> Float[Array, "time cell"]:
        """The Hill curve."""
        tiny = 1e-6  # a power of zero has no derivative in its exponent
        bound = jnp.maximum(calcium, tiny) ** self.cooperativity
        half = self.half_spikes**self.cooperativity
        return (1.0 + half) * bound / (half + bound)


def lognormal(
    normal: Float[Array, "cell"], cv: Float[Array, ""]
) -> Float[Array, "cell"]:
    """Normal draws as log-normal ones of mean 1 and this coefficient of variation."""
    squared = cv**2
    # sqrt(log(1 + cv^2)) as cv times a factor that is smooth at zero
    some = jnp.maximum(squared, 1e-12)
    sigma = cv * jnp.sqrt(jnp.log1p(some) / some)
    return jnp.exp(sigma * normal - 0.5 * jnp.log1p(squared))
