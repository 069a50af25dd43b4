"""The neural mass of Wendling and others, with slow and fast inhibition."""

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.declared import nearest
from jaxsim.core.param import Param, concrete, param
from jaxsim.neural.model import AbstractModel, Drive, Nodes
from jaxsim.neural.noise import AbstractNoise, WhiteNoise


class WendlingState(NamedTuple):
    """Mean postsynaptic potentials (mV); five further, their derivatives (mV/s)."""

    y0: Float[Array, " node"]  # of pyramidal cells on the interneurons
    y1: Float[Array, " node"]  # excitation of pyramidal cells
    y3: Float[Array, " node"]  # fast inhibition of pyramidal cells
    y4: Float[Array, " node"]  # slow inhibition of fast interneurons
    y5: Float[Array, " node"]
    y6: Float[Array, " node"]
    y8: Float[Array, " node"]
    y9: Float[Array, " node"]


# A, B, G and what each is known for
_PRESETS: dict[str, tuple[float, float, float, str]] = {
    "Type1": (5.0, 50.0, 15.0, "background"),
    "Type2": (5.0, 40.0, 15.0, "sporadic_spikes"),
    "Type3": (5.0, 25.0, 15.0, "spike_wave"),
    "Type4": (5.0, 10.0, 15.0, "alpha"),
    "Type5": (5.0, 5.0, 25.0, "fast_activity"),
    "Type6": (5.0, 15.0, 0.0, "quasi_sinusoidal"),
}


class Wendling(AbstractModel):
    r"""Pyramidal cells with excitatory, slow and fast inhibitory interneurons.

    With $S(v) = 2 e_0 / (1 + e^{r (v_0 - v)})$ and $v = y_1 - y_2 - y_3$:

    $$ \begin{aligned}
    \ddot y_0 &= A a\, [S(v) + u_0] - 2 a \dot y_0 - a^2 y_0 \\
    \ddot y_1 &= A a\, [p + u + C_2 C S(C_1 C y_0)] - 2 a \dot y_1 - a^2 y_1 \\
    \ddot y_2 &= B b\, C_4 C S(C_3 C y_0) - 2 b \dot y_2 - b^2 y_2 \\
    \ddot y_3 &= G g\, C_7 C S(C_5 C y_0 - C_6 C y_4) - 2 g \dot y_3 - g^2 y_3 \\
    \ddot y_4 &= B b\, S(C_3 C y_0) - 2 b \dot y_4 - b^2 y_4
    \end{aligned} $$

    The activity is $v$, the local field potential, and $S(v)$ is what others hear.
    `y5`..`y9` are the derivatives of `y0`..`y4`. Since y2 and y4 are one filter of one
    input, $y_2 = C_4 C y_4$ from any start that obeys it: eight variables are
    integrated and all ten can be recorded.

    **Sites:** `pyramidal_input` (u, beside p), `y0` ($u_0$).

    `C1`..`C7` are ratios of `C`. The noise of p has the size `p_sigma` per step of
    0.1 ms; 2 hardly moves the field, and the presets take 190, at which the traces of
    the paper appear.

    ```bibtex
    @article{wendling2002epileptic,
      author = {Wendling, F. and Bartolomei, F. and Bellanger, J. J. and Chauvel, P.},
      title = {Epileptic fast activity can be explained by a model of impaired
               {GABAergic} dendritic inhibition},
      journal = {European Journal of Neuroscience},
      volume = {15}, number = {9}, pages = {1499--1508}, year = {2002},
      doi = {10.1046/j.1460-9568.2002.01985.x}
    }
    ```
    """

    A: Param = param(3.25, "mV", (0.0, 30.0), "excitatory gain")
    B: Param = param(22.0, "mV", (0.0, 150.0), "slow (dendritic) inhibitory gain")
    G: Param = param(10.0, "mV", (0.0, 150.0), "fast (somatic) inhibitory gain")
    a: Param = param(100.0, "1/s", (1.0, 1000.0), "rate of the excitatory synapse")
    b: Param = param(50.0, "1/s", (1.0, 1000.0), "rate of the slow inhibitory synapse")
    g: Param = param(500.0, "1/s", (1.0, 5000.0), "rate of the fast inhibitory synapse")
    e0: Param = param(2.5, "1/s", (0.01, 100.0), "half of the maximal firing rate")
    v0: Param = param(6.0, "mV", (-50.0, 50.0), "potential of half maximal firing")
    r: Param = param(0.56, "1/mV", (0.01, 10.0), "steepness of the sigmoid")
    C: Param = param(135.0, "1", (0.0, 2000.0), "number of contacts")
    C1: Param = param(1.0, "1", (0.0, 10.0), "pyramidal to excitatory, times C")
    C2: Param = param(0.8, "1", (0.0, 10.0), "excitatory to pyramidal, times C")
    C3: Param = param(0.25, "1", (0.0, 10.0), "pyramidal to slow inhibitory, times C")
    C4: Param = param(0.25, "1", (0.0, 10.0), "slow inhibitory to pyramidal, times C")
    C5: Param = param(0.3, "1", (0.0, 10.0), "pyramidal to fast inhibitory, times C")
    C6: Param = param(0.1, "1", (0.0, 10.0), "slow to fast inhibitory, times C")
    C7: Param = param(0.8, "1", (0.0, 10.0), "fast inhibitory to pyramidal, times C")
    p_mean: Param = param(90.0, "1/s", (-1e4, 1e4), "mean input rate")
    p_sigma: Param = param(
        2.0, "1/s", (0.0, 1e5), "size of the input noise per step of 0.1 ms"
    )

    State: ClassVar[type] = WendlingState
    sites: ClassVar[tuple[str, ...]] = ("pyramidal_input", "y0")
    variables: ClassVar[tuple[str, ...]] = tuple(f"y{i}" for i in range(10))

    @classmethod
    def preset(cls, name: str, **changes: Any) -> "Wendling":
        """One of the six kinds of activity of the paper.

        Args:
            name: "Type1" (or "background"), "Type2" ("sporadic_spikes"), "Type3"
                ("spike_wave"), "Type4" ("alpha"), "Type5" ("fast_activity"), "Type6"
                ("quasi_sinusoidal").
            **changes: other parameters, by name; the noise is p_sigma = 190 unless
                changed.

        Raises:
            ValueError: no such kind.
        """
        names = {alias: key for key, (*_, alias) in _PRESETS.items()}
        key = names.get(name, name)
        if key not in _PRESETS:
            known = [*_PRESETS, *names]
            raise ValueError(
                f"Wendling.preset: no kind '{name}'; there are {', '.join(known)}."
                f"{nearest(name, known)}"
            )
        A, B, G, _ = _PRESETS[key]
        return cls(**{"A": A, "B": B, "G": G, "p_sigma": 190.0} | changes)

    def rate(self, v: Float[Array, "..."]) -> Float[Array, "..."]:
        """The sigmoid S: mean firing rate (1/s) of cells at a mean potential (mV)."""
        return 2.0 * self.e0 * jax.nn.sigmoid(self.r * (v - self.v0))

    def activity(self, state: WendlingState) -> Nodes:
        """The local field potential, mV."""
        return state.y1 - self.C4 * self.C * state.y4 - state.y3

    def output(self, state: WendlingState) -> Nodes:
        """Firing rate of the pyramidal cells, 1/s."""
        return self.rate(self.activity(state))

    def drift(self, state: WendlingState, drive: Drive) -> WendlingState:
        """The equations above, with y2 eliminated."""
        y0, y1, y3, y4, y5, y6, y8, y9 = state
        A, B, G, a, b, g, C = self.A, self.B, self.G, self.a, self.b, self.g, self.C
        p = self.p_mean + drive.get("pyramidal_input", 0.0)
        pyramidal = self.rate(self.activity(state)) + drive.get("y0", 0.0)
        excitatory = p + self.C2 * C * self.rate(self.C1 * C * y0)
        fast = self.C7 * C * self.rate(self.C5 * C * y0 - self.C6 * C * y4)
        slow = self.rate(self.C3 * C * y0)
        return WendlingState(
            y0=y5,
            y1=y6,
            y3=y8,
            y4=y9,
            y5=A * a * pyramidal - 2.0 * a * y5 - a * a * y0,
            y6=A * a * excitatory - 2.0 * a * y6 - a * a * y1,
            y8=G * g * fast - 2.0 * g * y8 - g * g * y3,
            y9=B * b * slow - 2.0 * b * y9 - b * b * y4,
        )

    def observe(self, state: WendlingState) -> dict[str, Nodes]:
        """All ten variables: y2 and its derivative y7 follow from y4 and y9."""
        y = state._asdict()
        y["y2"], y["y7"] = self.C4 * self.C * state.y4, self.C4 * self.C * state.y9
        return {name: y[name] for name in self.variables}

    def spread(self) -> WendlingState:
        """0.5 mV for potentials, 0.1 mV/s for derivatives; y4 follows from y2."""
        potential, slope = jnp.asarray(0.5), jnp.asarray(0.1)
        ratio = jnp.maximum(self.C4 * self.C, 1.0)
        return WendlingState(
            potential, potential, potential, potential / ratio,
            slope, slope, slope, slope / ratio,
        )  # fmt: skip

    def pack(self, values: dict[str, Nodes], n_nodes: int) -> WendlingState:
        """From any of y0..y9; y2 and y4 must agree, as must y7 and y9.

        Raises:
            ValueError: y2 is not C4 C y4 (or y7 not C4 C y9): only their common filter
                is integrated.
        """
        values = dict(values)
        ratio = self.C4 * self.C
        for whole, part in (("y2", "y4"), ("y7", "y9")):
            if whole not in values:
                continue
            wanted = values.pop(whole)
            implied = wanted / ratio
            given = values.setdefault(part, implied)
            if concrete(given, implied) and not bool(
                jnp.allclose(given, implied, rtol=1e-4, atol=1e-6)
            ):
                raise ValueError(
                    f"GivenState: {whole} must be C4 C = {float(jnp.max(ratio)):g} "
                    f"times {part}, since both filter one input; give only one of "
                    "them."
                )
        return self.rest(n_nodes)._replace(**values)

    def fastest_rate(self) -> Any:
        """That of its fastest synapse, 1/s."""
        return jnp.maximum(jnp.maximum(self.a, self.b), self.g)

    def own_noise(self) -> AbstractNoise:
        """Gaussian noise of p, whose intensity does not depend on the step."""
        return WhiteNoise(sigma=self.p_sigma, site="pyramidal_input")
