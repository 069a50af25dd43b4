"""Adaptive integration within each tick, by diffrax."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxsim.core.param import static
from jaxsim.neural.solver import AbstractSolver, Drift


class Adaptive(AbstractSolver):
    """Dormand-Prince 8(5,3) with step-size control, from one tick to the next.

    What is constant over a tick (noise, stimuli, delayed input) stays so, and
    everything else is solved to the tolerance: `dt_s` is then the time between changes
    of the drive, not an accuracy. It is slow, and meant as an oracle: use it under x64,
    since in float32 it can reach no more than a tolerance of 2e-6. A tick that it
    cannot solve becomes NaN, and the run's status says so.

    ```bibtex
    @phdthesis{kidger2022neural,
      author = {Kidger, Patrick},
      title = {On Neural Differential Equations},
      school = {University of Oxford}, year = {2021}
    }
    ```
    """

    rtol: float = static(1e-9, "relative tolerance", "1", (1e-14, 1.0))
    atol: float = static(1e-9, "absolute tolerance", "unit of the state", (0.0, 1.0))

    def advance(self, drift: Drift, state: Any, dt_s: float) -> Any:
        """Solve over one tick."""
        import diffrax

        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: drift(y)),
            diffrax.Dopri8(),
            t0=0.0,
            t1=dt_s,
            dt0=None,
            y0=state,
            saveat=diffrax.SaveAt(t1=True),
            stepsize_controller=diffrax.PIDController(*self._tolerances(state)),
            max_steps=4096,
            throw=False,
        )
        fine = solution.result == diffrax.RESULTS.successful
        return jax.tree.map(lambda y: jnp.where(fine, y[-1], jnp.nan), solution.ys)

    def _tolerances(self, state: Any) -> tuple[float, float]:
        """No finer than what the float type of the state can tell apart."""
        finest = 20.0 * float(jnp.finfo(jax.tree.leaves(state)[0].dtype).eps)
        return max(self.rtol, finest), max(self.atol, finest)
