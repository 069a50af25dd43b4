"""The Balloon-Windkessel model: neural activity changes blood, and blood BOLD."""

import abc
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.declared import Declared
from jaxsim.core.param import Param, param, part
from jaxsim.neural.solver import Heun


class BalloonState(NamedTuple):
    """Vasodilatory signal (1/s); logarithms of flow, volume and deoxyhaemoglobin."""

    s: Float[Array, " node"]
    log_f: Float[Array, " node"]
    log_v: Float[Array, " node"]
    log_q: Float[Array, " node"]


class AbstractBoldWeights(Declared):
    """Weights of deoxyhaemoglobin, its concentration and volume in the BOLD signal."""

    @abc.abstractmethod
    def weights(self, rho: Param) -> tuple[Any, Any, Any]:
        """k1, k2, k3 for a resting oxygen extraction."""


class BoldWeights2003(AbstractBoldWeights):
    r"""The classical weights: $k_1 = 7\rho,\ k_2 = 2,\ k_3 = 2\rho - 0.2$."""

    def weights(self, rho):
        """`7 rho, 2, 2 rho - 0.2`."""
        return 7.0 * rho, 2.0, 2.0 * rho - 0.2


class BoldWeights2007(AbstractBoldWeights):
    r"""Revised weights: $k_1 = 4.3\,\nu_0\,\rho\,T_E,\ k_2 = r_0\,\rho\,T_E,\ k_3$.

    The paper has $k_2 = \varepsilon r_0 \rho T_E$ and $k_3 = 1 - \varepsilon$ with
    $\varepsilon$ the ratio of intra- to extravascular signal; the set that programs
    commonly ship, and the default here, takes $\varepsilon = 1$ in k2 and 0 in k3. For
    one $\varepsilon$ give `r0_per_s = 25 * epsilon` and `k3 = 1 - epsilon`.
    """

    TE_s: Param = param(0.04, "s", (0.0, 1.0), "echo time")
    nu0_per_s: Param = param(
        40.3, "1/s", (0.0, 1e3), "frequency offset at the surface of the vessels"
    )
    r0_per_s: Param = param(
        25.0, "1/s", (0.0, 1e3), "slope of the intravascular relaxation rate"
    )
    k3: Param = param(1.0, "1", (-10.0, 10.0), "weight of the volume")

    def weights(self, rho):
        """`4.3 nu0 rho TE, r0 rho TE, k3`."""
        return (
            4.3 * self.nu0_per_s * rho * self.TE_s,
            self.r0_per_s * rho * self.TE_s,
            self.k3,
        )


class Balloon(Declared):
    r"""Haemodynamics of a voxel, driven by neural activity z.

    $$ \begin{aligned}
    \dot s &= z - \kappa s - \gamma (f - 1), \qquad \dot f = s \\
    \tau \dot v &= f - v^{1/\alpha} \\
    \tau \dot q &= f\, \frac{1 - (1 - \rho)^{1/f}}{\rho} - v^{1/\alpha - 1} q \\
    \text{BOLD} &= V_0 \left[ k_1 (1 - q) + k_2 (1 - q/v) + k_3 (1 - v) \right]
    \end{aligned} $$

    Flow f, volume v and deoxyhaemoglobin q (1 at rest) are integrated as logarithms,
    so that they stay positive. $\kappa$ and $\gamma$ are rates; some programs read the
    same digits as time constants and get other haemodynamics.

    `preset("2003")` is the default; `preset("2007")` has the revised weights with
    $\rho = 0.4$ and $V_0 = 0.04$.

    ```bibtex
    @article{friston2003dynamic,
      author = {Friston, K. J. and Harrison, L. and Penny, W.},
      title = {Dynamic causal modelling},
      journal = {NeuroImage}, volume = {19}, number = {4}, pages = {1273--1302},
      year = {2003}, doi = {10.1016/S1053-8119(03)00202-7}
    }
    @article{stephan2007comparing,
      author = {Stephan, Klaas Enno and Weiskopf, Nikolaus and Drysdale, Peter M. and
                Robinson, Peter A. and Friston, Karl J.},
      title = {Comparing hemodynamic models with {DCM}},
      journal = {NeuroImage}, volume = {38}, number = {3}, pages = {387--401},
      year = {2007}, doi = {10.1016/j.neuroimage.2007.07.040}
    }
    ```
    """

    kappa_per_s: Param = param(0.65, "1/s", (0.01, 10.0), "decay of the signal")
    gamma_per_s: Param = param(0.41, "1/s", (0.01, 10.0), "feedback of the flow")
    tau_s: Param = param(0.98, "s", (0.05, 20.0), "transit time")
    alpha: Param = param(0.32, "1", (0.05, 1.0), "stiffness of the vessel (Grubb)")
    rho: Param = param(0.34, "1", (0.01, 0.99), "resting oxygen extraction")
    V0: Param = param(0.02, "1", (0.0, 1.0), "resting blood volume fraction")
    bold_weights: AbstractBoldWeights = part(BoldWeights2003)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> "Balloon":
        """A named set of parameters: "2003" or "2007".

        Raises:
            ValueError: another name.
        """
        sets = {
            "2003": {},
            "2007": {"rho": 0.4, "V0": 0.04, "bold_weights": BoldWeights2007},
        }
        if name not in sets:
            raise ValueError(
                f"Balloon.preset: no set '{name}'; there are 2003 and 2007."
            )
        values = dict(sets[name])
        if "bold_weights" in values:
            values["bold_weights"] = values["bold_weights"]()
        return cls(**values | changes)

    def rest(self, like: Float[Array, " node"]) -> BalloonState:
        """No signal; flow, volume and deoxyhaemoglobin of one."""
        zero = jnp.zeros_like(like)
        return BalloonState(zero, zero, zero, zero)

    def drift(self, state: BalloonState, drive: Float[Array, " node"]) -> BalloonState:
        """Time derivative, per second."""
        f = jnp.exp(state.log_f)
        outflow = jnp.exp(state.log_v / self.alpha)  # v^(1/alpha)
        extraction = (1.0 - jnp.exp(jnp.log1p(-self.rho) / f)) / self.rho
        return BalloonState(
            s=drive - self.kappa_per_s * state.s - self.gamma_per_s * (f - 1.0),
            log_f=state.s / f,
            log_v=(f - outflow) * jnp.exp(-state.log_v) / self.tau_s,
            log_q=(
                f * extraction * jnp.exp(-state.log_q) - outflow * jnp.exp(-state.log_v)
            )
            / self.tau_s,
        )

    def step(self, state: BalloonState, drive: Any, dt_s: float) -> BalloonState:
        """One Heun step under a constant drive."""
        return Heun().advance(lambda y: self.drift(y, drive), state, dt_s)

    def bold(self, state: BalloonState) -> Float[Array, " node"]:
        """BOLD signal change, a fraction."""
        k1, k2, k3 = self.bold_weights.weights(self.rho)
        q_over_v = jnp.exp(state.log_q - state.log_v)
        changes = (
            -k1 * jnp.expm1(state.log_q)
            + k2 * (1.0 - q_over_v)
            - k3 * jnp.expm1(state.log_v)
        )
        return self.V0 * changes


def balloon(
    drive: Float[Array, "time node"],
    dt_s: float,
    parameters: Balloon | None = None,
    every: int = 1,
) -> Float[Array, "sample node"]:
    """BOLD response to a recorded drive, from rest.

    Args:
        drive: neural activity z, constant over each interval.
        dt_s: length of the intervals, which is the step of integration; 1 to 10 ms.
        parameters: of the haemodynamics; the 2003 set by default.
        every: one sample after so many intervals; must divide their number.

    Returns:
        BOLD signal change (a fraction) at the end of every `every`-th interval.

    Raises:
        ValueError: `every` does not divide the number of intervals.
    """
    if every < 1 or drive.shape[0] % every:
        raise ValueError(
            f"balloon: every = {every} does not divide the {drive.shape[0]} intervals "
            "of the drive; crop it, or take another."
        )
    model = Balloon() if parameters is None else parameters

    @jax.checkpoint
    def sample(state, block):
        state, _ = jax.lax.scan(
            lambda y, z: (model.step(y, z, dt_s), None), state, block
        )
        return state, model.bold(state)

    blocks = drive.reshape(-1, every, *drive.shape[1:])
    return jax.lax.scan(sample, model.rest(drive[0]), blocks)[1]
