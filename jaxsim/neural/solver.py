"""Solvers: advance a state by one tick."""

import abc
import math
from collections.abc import Callable
from typing import Any, ClassVar

import jax

from jaxsim.core.declared import Declared


Drift = Callable[[Any], Any]


class AbstractSolver(Declared):
    """One tick of an integration with a fixed step.

    Class variables:
        reach: rate of decay times step from which on it diverges.
    """

    reach: ClassVar[float] = math.inf

    @abc.abstractmethod
    def advance(self, drift: Drift, state: Any, dt_s: float) -> Any:
        """The state one tick later.

        Args:
            drift: time derivative of a state; noise and delayed input are constant.
            state: any pytree of arrays.
            dt_s: length of the tick.
        """


def _along(state: Any, step: float, slope: Any) -> Any:
    return jax.tree.map(lambda y, k: y + step * k, state, slope)


class Euler(AbstractSolver):
    """Explicit Euler: order 1. With noise, Euler-Maruyama."""

    reach: ClassVar[float] = 2.0

    def advance(self, drift, state, dt_s):
        """`y + dt f(y)`."""
        return _along(state, dt_s, drift(state))


class Heun(AbstractSolver):
    """Heun's method (explicit trapezoid): order 2; the default.

    With additive noise, held over both stages, it is the stochastic Heun method.
    """

    reach: ClassVar[float] = 2.0

    def advance(self, drift, state, dt_s):
        """The mean of the slopes at both ends of an Euler step."""
        start = drift(state)
        end = drift(_along(state, dt_s, start))
        half = 0.5 * dt_s
        return jax.tree.map(lambda y, k, m: y + half * (k + m), state, start, end)


class RungeKutta4(AbstractSolver):
    """The classical Runge-Kutta method: order 4 for what is smooth.

    With noise, held over all stages, its strong order is that of Heun; its smaller
    deterministic error lets most networks run with dt_s = 1e-3.
    """

    reach: ClassVar[float] = 2.785

    def advance(self, drift, state, dt_s):
        """Weights 1, 2, 2, 1 at 0, 1/2, 1/2, 1."""
        k1 = drift(state)
        k2 = drift(_along(state, 0.5 * dt_s, k1))
        k3 = drift(_along(state, 0.5 * dt_s, k2))
        k4 = drift(_along(state, dt_s, k3))
        sixth = dt_s / 6.0

        def combine(y, a, b, c, d):
            return y + sixth * (a + 2.0 * (b + c) + d)

        return jax.tree.map(combine, state, k1, k2, k3, k4)
