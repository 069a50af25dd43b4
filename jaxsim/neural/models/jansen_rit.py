"""The neural mass of Jansen and Rit: a cortical column of three populations."""

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param
from jaxsim.neural.model import AbstractModel, Drive, Nodes
from jaxsim.neural.noise import AbstractNoise, WhiteNoise


class JansenRitState(NamedTuple):
    """Mean postsynaptic potentials (mV); three further, their derivatives (mV/s)."""

    y0: Float[Array, " node"]  # of pyramidal cells on the interneurons
    y1: Float[Array, " node"]  # excitation of pyramidal cells
    y2: Float[Array, " node"]  # inhibition of pyramidal cells
    y3: Float[Array, " node"]
    y4: Float[Array, " node"]
    y5: Float[Array, " node"]


class JansenRit(AbstractModel):
    r"""Pyramidal cells with excitatory and inhibitory interneurons.

    With $S(v) = 2 e_0 / (1 + e^{r (v_0 - v)})$:

    $$ \begin{aligned}
    \ddot y_0 &= A a\, [S(y_1 - y_2) + u_0] - 2 a \dot y_0 - a^2 y_0 \\
    \ddot y_1 &= A a\, [p + u + C_2 C S(C_1 C y_0)] - 2 a \dot y_1 - a^2 y_1 \\
    \ddot y_2 &= B b\, C_4 C S(C_3 C y_0) - 2 b \dot y_2 - b^2 y_2
    \end{aligned} $$

    The activity is $y_1 - y_2$, and $S(y_1 - y_2)$ is what others hear. `y3`..`y5` are
    the derivatives of `y0`..`y2`. Without noise the default column oscillates for p
    between 89.8 and 315.8 per second.

    **Sites:** `pyramidal_input` (u, beside p), `y0` ($u_0$).

    `C1`..`C4` are ratios of `C`.

    ```bibtex
    @article{jansen1995electroencephalogram,
      author = {Jansen, Ben H. and Rit, Vincent G.},
      title = {Electroencephalogram and visual evoked potential generation in a
               mathematical model of coupled cortical columns},
      journal = {Biological Cybernetics},
      volume = {73}, number = {4}, pages = {357--366}, year = {1995},
      doi = {10.1007/BF00199471}
    }
    ```
    """

    A: Param = param(3.25, "mV", (0.0, 30.0), "excitatory gain")
    B: Param = param(22.0, "mV", (0.0, 150.0), "inhibitory gain")
    a: Param = param(100.0, "1/s", (1.0, 1000.0), "rate of the excitatory synapse")
    b: Param = param(50.0, "1/s", (1.0, 1000.0), "rate of the inhibitory synapse")
    e0: Param = param(2.5, "1/s", (0.01, 100.0), "half of the maximal firing rate")
    v0: Param = param(6.0, "mV", (-50.0, 50.0), "potential of half maximal firing")
    r: Param = param(0.56, "1/mV", (0.01, 10.0), "steepness of the sigmoid")
    C: Param = param(135.0, "1", (0.0, 2000.0), "number of contacts")
    C1: Param = param(1.0, "1", (0.0, 10.0), "pyramidal to excitatory, times C")
    C2: Param = param(0.8, "1", (0.0, 10.0), "excitatory to pyramidal, times C")
    C3: Param = param(0.25, "1", (0.0, 10.0), "pyramidal to inhibitory, times C")
    C4: Param = param(0.25, "1", (0.0, 10.0), "inhibitory to pyramidal, times C")
    p_mean: Param = param(220.0, "1/s", (-1e4, 1e4), "mean input rate")
    p_sigma: Param = param(
        22.0, "1/s", (0.0, 1e5), "size of the input noise per step of 0.1 ms"
    )

    State: ClassVar[type] = JansenRitState
    sites: ClassVar[tuple[str, ...]] = ("pyramidal_input", "y0")
    variables: ClassVar[tuple[str, ...]] = JansenRitState._fields

    def rate(self, v: Float[Array, "..."]) -> Float[Array, "..."]:
        """The sigmoid S: mean firing rate (1/s) of cells at a mean potential (mV)."""
        return 2.0 * self.e0 * jax.nn.sigmoid(self.r * (v - self.v0))

    def activity(self, state: JansenRitState) -> Nodes:
        """Potential of the pyramidal cells, which the EEG sees, mV."""
        return state.y1 - state.y2

    def output(self, state: JansenRitState) -> Nodes:
        """Firing rate of the pyramidal cells, 1/s."""
        return self.rate(self.activity(state))

    def drift(self, state: JansenRitState, drive: Drive) -> JansenRitState:
        """The equations above."""
        y0, y1, y2, y3, y4, y5 = state
        A, B, a, b, C = self.A, self.B, self.a, self.b, self.C
        p = self.p_mean + drive.get("pyramidal_input", 0.0)
        pyramidal = self.rate(y1 - y2) + drive.get("y0", 0.0)
        excitatory = p + self.C2 * C * self.rate(self.C1 * C * y0)
        inhibitory = self.C4 * C * self.rate(self.C3 * C * y0)
        return JansenRitState(
            y0=y3,
            y1=y4,
            y2=y5,
            y3=A * a * pyramidal - 2.0 * a * y3 - a * a * y0,
            y4=A * a * excitatory - 2.0 * a * y4 - a * a * y1,
            y5=B * b * inhibitory - 2.0 * b * y5 - b * b * y2,
        )

    def spread(self) -> JansenRitState:
        """0.5 mV for potentials, 0.1 mV/s for derivatives."""
        potential, slope = jnp.asarray(0.5), jnp.asarray(0.1)
        return JansenRitState(potential, potential, potential, slope, slope, slope)

    def fastest_rate(self) -> Any:
        """That of its faster synapse, 1/s."""
        return jnp.maximum(self.a, self.b)

    def own_noise(self) -> AbstractNoise:
        """Gaussian noise of p, whose intensity does not depend on the step."""
        return WhiteNoise(sigma=self.p_sigma, site="pyramidal_input")
