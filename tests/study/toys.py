"""A leaky integrator with noise: small, differentiable, and easy to blow up."""

from typing import ClassVar, Literal

import jax
import jax.numpy as jnp

from jaxsim import (
    AbstractStep,
    Clock,
    Data,
    Param,
    Series,
    Signal,
    activity_card,
    data,
    param,
    static,
)


ACTIVITY = activity_card("mV", "what the toy's units do")
POWER = Signal("node", "mV^2", "mean square of the activity")


class StudyLeaky(AbstractStep):
    r"""`x' = (drive - leak x) + cubic x^3 + W x + noise`. **Makes:** `activity`."""

    leak: Param = param(20.0, "1/s", (0.1, 2000.0), "decay of a unit")
    drive: Param = param(10.0, "mV/s", (-100.0, 100.0), "constant input")
    growth: Param = param(0.0, "1/s", (0.0, 5e4), "makes a unit explode")
    sigma: Param = param(1.0, "mV/s^0.5", (0.0, 50.0), "strength of the noise")
    unused: Param = param(1.0, "1", (0.0, 2.0), "does nothing")
    offset: Param = param(0.0, "mV", (-float("inf"), float("inf")), "added to all")
    gain: Param = param(1.0, "1", (0.0, float("inf")), "multiplies all")
    weights: Data = data("node node", "1/s", "from j to i", ((0.0, 0.0), (1.0, 0.0)))
    n_samples: int = static(40, "samples", bounds=(1, 10**7))
    dt_s: float = static(5e-3, "step", "s", bounds=(1e-9, 1.0))
    mode: Literal["additive", "none"] = static("additive", "kind of noise")
    makes: ClassVar[dict[str, Signal]] = {"activity": ACTIVITY}

    def __call__(self, key):
        n, dt = self.weights.shape[0], self.dt_s
        dtype = self.leak.dtype
        noise = jax.random.normal(key, (self.n_samples, n), dtype)
        if self.mode == "none":
            noise = jnp.zeros_like(noise)

        def tick(x, w):
            dx = self.drive - self.leak * x + self.growth * x**3 + self.weights @ x
            x = x + dt * dx + self.sigma * dt**0.5 * w
            return x, x

        _, xs = jax.lax.scan(tick, jnp.full((n,), 0.1, dtype), noise)
        xs = self.offset + self.gain * xs
        return {"activity": Series(xs, Clock(jnp.zeros((), dtype), 1 / dt), ACTIVITY)}


class StudyPower(AbstractStep):
    """**Needs:** `activity`. **Makes:** `power`, a value per node without a clock."""

    scale: Param = param(1.0, "1", (0.0, 10.0), "multiplies the power")
    makes: ClassVar[dict[str, Signal]] = {"power": POWER}

    def __call__(self, activity):
        return {
            "power": Series(self.scale * jnp.mean(activity.values**2, 0), None, POWER)
        }
