"""BOLD, integrated along with the network, so that the fast activity is never kept."""

from typing import Literal

import jax

from jaxsim.core.param import Param, param, part, static
from jaxsim.core.signal import Signal
from jaxsim.neural.balloon import Balloon
from jaxsim.neural.monitor import AbstractMonitor
from jaxsim.neural.span import whole_ticks


BOLD = Signal(
    "time node", "1", "BOLD signal change, a fraction", observed=True, plausible=(-1, 1)
)


class Bold(AbstractMonitor):
    r"""Balloon-Windkessel response to the network, one sample per period.

    The drive is $z = \text{gain}\,(x - \text{baseline})$, where x is by default what a
    node puts out, the firing rate of its pyramidal cells, never negative ("output"), or
    its activity ("activity"). It is averaged over the internal step, `step_s` or the
    nearest shorter one that divides the period, and is constant over a Heun step of
    that length. The balloon runs through the burn-in, too, since it settles slowly
    (some 20 s).

    **Makes:** `bold`, a fraction.
    """

    period_s: float = static(1.0, "time between samples (TR)", "s", (1e-4, 1e3))
    balloon: Balloon = part(Balloon)
    gain: Param = param(0.1, "1", (0.0, 1e3), "drive per unit of x")
    baseline: Param = param(0.0, "unit of x", (-1e4, 1e4), "x that gives no drive")
    source: Literal["output", "activity"] = static("output", "what x is")
    step_s: float = static(1e-3, "internal step, at most", "s", (1e-6, 0.1))

    def ticks(self, dt_s):
        """Period over step of the integrator."""
        return whole_ticks(self.period_s, dt_s, "Bold.period_s")

    def grain(self, dt_s):
        """Steps of the integrator in one of the balloon."""
        most = max(1, int(self.step_s / dt_s * (1 + 1e-9)))
        ticks = self.ticks(dt_s)
        return next(n for n in range(min(most, ticks), 0, -1) if ticks % n == 0)

    def watch(self, model, state, variables):
        """The quantity that drives the blood."""
        if variables:
            raise ValueError(
                "Bold records the BOLD signal alone, so Network.variables must be "
                "empty. Use another monitor, and the step js.Haemodynamics for BOLD."
            )
        x = model.output(state) if self.source == "output" else model.activity(state)
        return {"bold": x}

    def cards(self, cards):
        """`bold` instead of `activity`."""
        return {"bold": BOLD}

    def start(self, seen):
        """The balloon at rest."""
        return self.balloon.rest(seen["bold"])

    def absorb(self, memory, block, dt_s):
        """Average the block over the internal step and integrate."""
        grain = self.grain(dt_s)
        x = block["bold"]
        x = x.reshape(-1, grain, *x.shape[1:]).mean(1)
        drive = self.gain * (x - self.baseline)

        def step(state, z):
            return self.balloon.step(state, z, grain * dt_s), None

        return jax.lax.scan(step, memory, drive)[0]

    def sample(self, memory, dt_s):
        """The BOLD signal; the balloon goes on."""
        return memory, {"bold": self.balloon.bold(memory)}

    def settle(self, memory, block, dt_s):
        """As any other time."""
        return self.absorb(memory, block, dt_s)
