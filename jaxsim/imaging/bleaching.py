"""Bleaching: light destroys the indicator, cells make new."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.signals import TRACE


LEFT = Signal("time cell", "1", "indicator that is left")


class Bleaching(AbstractStep):
    r"""Every cell bleaches by the light that it gives, and makes new indicator.

    $$ \dot B = (1 - B) / \tau - q\, I\, e(t)\, B, \qquad B(0) = b_0 $$

    solved exactly with e held over a frame; a frame shows the value at its beginning.
    $e = C / g$ is the fluorescence per molecule: a cell that expresses more is brighter
    but its molecules do not bleach faster. I is `excitation` times the illumination at
    the place of the cell. In the dark B recovers, $1 - (1 - b_0) e^{-t/\tau}$, so
    sessions chain by `start`; under constant light it ends at $1 / (1 + q I e \tau)$.

    **Needs:** `trace`, `expression`, `position`, `illumination`, `canvas`. **Makes:**
    `trace`, as bleached, and `bleaching`.
    """

    susceptibility_per_s: Param = param(
        6.3e-6, "1/s", (0.0, 1.0), "bleached per second at rest, under unit light"
    )
    turnover_s: Param = param(
        20_000.0, "s", (1.0, 1e9), "time to replace the indicator"
    )
    excitation: Param = param(1.0, "1", (0.0, 1e4), "light on the optical axis")
    start: Param = param(1.0, "1", (0.0, 1.0), "indicator at the beginning")

    makes: ClassVar[dict[str, Signal]] = {"trace": TRACE, "bleaching": LEFT}

    def __call__(
        self,
        trace: Series,
        expression: Series,
        position: Series,
        illumination: Series,
        canvas: Canvas,
    ) -> dict[str, Any]:
        """Cell by cell, frame by frame."""
        values = jnp.asarray(trace.values)
        each = values / jnp.broadcast_to(expression.values, values.shape)
        light = self.excitation * light_at(
            jnp.asarray(illumination.values),
            jnp.asarray(position.values)[:, 1:],
            canvas,
        )
        left = remaining(
            each * jnp.broadcast_to(light, each.shape),
            self.susceptibility_per_s / canvas.rate_hz,
            1.0 / (self.turnover_s * canvas.rate_hz),
            self.start,
        )
        return {
            "trace": canvas.series(values * left, TRACE),
            "bleaching": canvas.series(left, LEFT),
        }


class GlobalBleaching(AbstractStep):
    r"""All cells bleach alike: $B(t) = f^{t / T}$ reaches f in the last frame.

    **Needs:** `trace`, `canvas`. **Makes:** `trace`, as bleached, and `bleaching`.
    """

    final_fraction: Param = param(0.65, "1", (1e-6, 1.0), "left in the last frame")
    makes: ClassVar[dict[str, Signal]] = {"trace": TRACE, "bleaching": LEFT}

    def __call__(self, trace: Series, canvas: Canvas) -> dict[str, Any]:
        """One curve for all."""
        values = jnp.asarray(trace.values)
        last = max(canvas.n_frames - 1, 1)
        at = jnp.arange(canvas.n_frames, dtype=values.dtype) / last
        left = jnp.broadcast_to((self.final_fraction**at)[:, None], values.shape)
        return {
            "trace": canvas.series(values * left, TRACE),
            "bleaching": canvas.series(left, LEFT),
        }


def remaining(
    dose: Float[Array, "time cell"],
    susceptibility: Float[Array, ""],
    turnover: Float[Array, ""],
    start: Float[Array, "..."],
) -> Float[Array, "time cell"]:
    """Indicator at the beginning of every frame, of which each has its dose of light.

    Args:
        dose: light per molecule.
        susceptibility: bleached per frame and unit of dose.
        turnover: made anew per frame.
        start: indicator before the first frame, of all cells or of each.
    """

    # what is lost is small, and grows by less than the rounding of what is left: so it
    # is summed by itself, in pairs, and decays by sums of rates, not products
    rate = turnover + susceptibility * dose
    bleached = -jnp.expm1(-rate) * (susceptibility * dose / rate)

    def join(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
        return a[0] + b[0], a[1] * jnp.exp(-b[0]) + b[1]

    total, lost = jax.lax.associative_scan(join, (rate, bleached))
    first = jnp.broadcast_to(1.0 - start, (1, *dose.shape[1:]))
    lost = lost + jnp.broadcast_to(first, lost.shape) * jnp.exp(-total)
    return 1.0 - jnp.concatenate([first, lost[:-1]])


def light_at(
    field: Float[Array, "y x"], lateral_um: Float[Array, "cell 2"], canvas: Canvas
) -> Float[Array, "cell"]:
    """A field of view at places (y, x): linear between pixels, its rim beyond."""
    at = canvas.pixels(lateral_um) - canvas.margin
    places = [at[:, 0], at[:, 1]]
    return jax.scipy.ndimage.map_coordinates(field, places, order=1, mode="nearest")
