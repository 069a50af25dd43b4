"""Distributions to draw parameter values from: uniform, log_uniform, normal."""

import abc
import dataclasses
import math
from typing import Any

import jax
import numpy as np


@dataclasses.dataclass(frozen=True)
class AbstractPrior(abc.ABC):
    """A distribution over one parameter, given by its quantiles.

    Quantiles serve all ways of drawing: random numbers, Latin hypercubes and Sobol
    sequences are points of the unit cube, and a search walks in the same cube.
    """

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one value: () for a number, (76,) for a number per node."""

    @abc.abstractmethod
    def quantile(self, u: Any) -> Any:
        """Values at the levels `u` in [0, 1], NumPy in NumPy out, JAX in JAX out."""


@dataclasses.dataclass(frozen=True)
class Uniform(AbstractPrior):
    """Equally likely everywhere between two ends."""

    low: float
    high: float
    shape: tuple[int, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        _ordered("uniform", self.low, self.high)

    def quantile(self, u: Any) -> Any:
        """low + (high - low) u."""
        return self.low + (self.high - self.low) * u


@dataclasses.dataclass(frozen=True)
class LogUniform(AbstractPrior):
    """Equally likely in every decade between two positive ends."""

    low: float
    high: float
    shape: tuple[int, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        _ordered("log_uniform", self.low, self.high)
        if self.low <= 0:
            raise ValueError(
                f"log_uniform({self.low:g}, {self.high:g}): both ends must be positive."
            )

    def quantile(self, u: Any) -> Any:
        """low (high / low)^u, held inside the ends where rounding would leave them."""
        value = self.low * (self.high / self.low) ** u
        if isinstance(u, jax.Array):
            return value.clip(self.low, self.high)
        return np.clip(value, self.low, self.high)


@dataclasses.dataclass(frozen=True)
class Normal(AbstractPrior):
    """A Gaussian; values that leave a parameter's bounds are refused by the sweep."""

    mean: float
    sd: float
    shape: tuple[int, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.sd > 0):
            raise ValueError(
                f"normal({self.mean:g}, {self.sd:g}): the mean must be finite and the "
                "standard deviation positive."
            )

    def quantile(self, u: Any) -> Any:
        """mean + sd times the normal quantile."""
        if isinstance(u, jax.Array):
            return self.mean + self.sd * jax.scipy.special.ndtri(u)
        from scipy.special import ndtri

        return self.mean + self.sd * ndtri(u)


def _ordered(name: str, low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            f"{name}({low:g}, {high:g}): both ends must be finite, the lower one first."
        )


def uniform(
    low: float | int, high: float | int, shape: tuple[int, ...] = ()
) -> Uniform:
    """Equally likely everywhere in [low, high]; `shape` for a value per node."""
    return Uniform(float(low), float(high), tuple(shape))


def log_uniform(
    low: float | int, high: float | int, shape: tuple[int, ...] = ()
) -> LogUniform:
    """Equally likely in every decade of [low, high], both positive."""
    return LogUniform(float(low), float(high), tuple(shape))


def normal(mean: float | int, sd: float | int, shape: tuple[int, ...] = ()) -> Normal:
    """Gaussian with a mean and a standard deviation."""
    return Normal(float(mean), float(sd), tuple(shape))
