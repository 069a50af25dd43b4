"""The Wendling mass with all ten variables integrated, as that program does."""

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import part
from jaxsim.neural.model import AbstractModel, Drive, Nodes
from jaxsim.neural.models.wendling import Wendling, WendlingState
from jaxsim.neural.noise import AbstractNoise


class TenStates(NamedTuple):
    """y0..y4 (mV) and their derivatives y5..y9 (mV/s)."""

    y0: Float[Array, " node"]
    y1: Float[Array, " node"]
    y2: Float[Array, " node"]
    y3: Float[Array, " node"]
    y4: Float[Array, " node"]
    y5: Float[Array, " node"]
    y6: Float[Array, " node"]
    y7: Float[Array, " node"]
    y8: Float[Array, " node"]
    y9: Float[Array, " node"]


class WendlingTenStates(AbstractModel):
    """The mass of `Wendling`, for starts at which y2 is not C4 C y4.

    `Wendling` integrates the common filter of y2 and y4 once. Two filters that start
    apart draw together within a few 1/b (0.1 s), and until then this class differs. The
    parameters are those of `column`.

    **Sites:** `pyramidal_input`, `y0`, as in `Wendling`.
    """

    column: Wendling = part(Wendling)

    State: ClassVar[type] = TenStates
    sites: ClassVar[tuple[str, ...]] = Wendling.sites
    variables: ClassVar[tuple[str, ...]] = TenStates._fields

    def drift(self, state: TenStates, drive: Drive) -> TenStates:
        """Eight equations of `column`, of which y2 is taken apart again."""
        column, y = self.column, state
        b, ratio = column.b, column.C4 * column.C
        eight = column.drift(_eight(state), drive)
        rate = column.rate(self.activity(state)) + drive.get("y0", 0.0)
        a = column.a
        slow = eight.y9 + 2.0 * b * y.y9 + b * b * y.y4  # B b S(C3 C y0)
        return TenStates(
            y.y5, y.y6, y.y7, y.y8, y.y9,
            y5=column.A * a * rate - 2.0 * a * y.y5 - a * a * y.y0,
            y6=eight.y6,
            y7=ratio * slow - 2.0 * b * y.y7 - b * b * y.y2,
            y8=eight.y8,
            y9=eight.y9,
        )  # fmt: skip

    def activity(self, state: TenStates) -> Nodes:
        """The local field potential, mV."""
        return state.y1 - state.y2 - state.y3

    def output(self, state: TenStates) -> Nodes:
        """Firing rate of the pyramidal cells, 1/s."""
        return self.column.rate(self.activity(state))

    def spread(self) -> Any:
        """0.5 mV for potentials, 0.1 mV/s for derivatives, each by itself."""
        return TenStates(*(jnp.asarray(0.5 if i < 5 else 0.1) for i in range(10)))

    def fastest_rate(self) -> Any:
        """That of `Wendling`."""
        return self.column.fastest_rate()

    def own_noise(self) -> AbstractNoise:
        """That of `Wendling`."""
        return self.column.own_noise()


def _eight(state: TenStates) -> WendlingState:
    return WendlingState(
        **{name: getattr(state, name) for name in WendlingState._fields}
    )
