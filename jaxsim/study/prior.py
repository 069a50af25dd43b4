"""Distributions to draw parameter values from, also such that change on the way."""

import abc
import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
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

    def quantile_at(self, u: Any, number: Any) -> Any:
        """Values for the sample of a number, where the distribution follows it."""
        return self.quantile(u)

    def ends(self) -> tuple[Any, Any]:
        """The lowest and the highest value, but for a millionth on each side."""
        low, high = (np.asarray(self.quantile(u)) for u in (1e-6, 1.0 - 1e-6))
        return np.minimum(low, high), np.maximum(low, high)

    def document(self) -> dict[str, Any]:
        """Plain data (JSON) that says the same."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {"kind": type(self).__name__} | {k: _plain(v) for k, v in fields.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, AbstractPrior):
        return value.document()
    return list(map(_plain, value)) if isinstance(value, tuple) else value


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


@dataclasses.dataclass(frozen=True)
class Choice(AbstractPrior):
    """One of some numbers, equally likely."""

    values: tuple[float, ...]
    shape: tuple[int, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        if not self.values or not all(map(math.isfinite, self.values)):
            raise ValueError(f"choice{self.values}: give one finite number or more.")

    def quantile(self, u: Any) -> Any:
        """The value whose share of [0, 1] holds u."""
        numpy: Any = jnp if isinstance(u, jax.Array) else np
        which = numpy.floor(u * len(self.values)).astype(int)
        return numpy.asarray(self.values)[which.clip(0, len(self.values) - 1)]


@dataclasses.dataclass(frozen=True)
class Mixture(AbstractPrior):
    """One of some distributions, each with a weight.

    The levels [0, 1] are shared out by weight, and each distribution has all of its own
    levels within its share. So values do not rise with the level where distributions
    overlap, but every way of drawing draws what it should.
    """

    parts: tuple[AbstractPrior, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.parts or len({part.shape for part in self.parts}) > 1:
            raise ValueError(
                "mixture: give one prior or more, all of one shape; got shapes "
                f"{[part.shape for part in self.parts]}."
            )
        sound = all(math.isfinite(w) and w > 0 for w in self.weights)
        if len(self.weights) != len(self.parts) or not sound:
            raise ValueError(
                f"mixture: its {len(self.parts)} priors need as many weights, finite "
                f"and positive; got {self.weights}."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all."""
        return self.parts[0].shape

    def quantile(self, u: Any) -> Any:
        """The quantile of the distribution in whose share u lies."""
        return self._spread(u, [part.quantile for part in self.parts])

    def quantile_at(self, u: Any, number: Any) -> Any:
        """The same, for distributions that follow the number of the sample."""

        def at(part: AbstractPrior) -> Any:
            return lambda level: part.quantile_at(level, number)

        return self._spread(u, [at(part) for part in self.parts])

    def ends(self) -> tuple[Any, Any]:
        """The lowest and the highest of all."""
        low, high = zip(*(part.ends() for part in self.parts), strict=True)
        return np.min(low, axis=0), np.max(high, axis=0)

    def _spread(self, u: Any, quantiles: list[Any]) -> Any:
        numpy: Any = jnp if isinstance(u, jax.Array) else np
        u = numpy.asarray(u)
        least = float(numpy.finfo(u.dtype).eps)  # 0 and 1 are infinite in a normal
        share = np.asarray(self.weights) / math.fsum(self.weights)
        begins = (np.cumsum(share) - share).tolist()
        value = None
        for first, size, quantile in zip(
            begins, share.tolist(), quantiles, strict=True
        ):
            own = quantile(((u - first) / size).clip(least, 1.0 - least))
            value = own if value is None else numpy.where(u >= first, own, value)
        return value


@dataclasses.dataclass(frozen=True)
class Curriculum(AbstractPrior):
    """One distribution at first, another later, and quantiles between on the way."""

    first: AbstractPrior
    last: AbstractPrior
    n_samples: int

    def __post_init__(self) -> None:
        if self.first.shape != self.last.shape or self.n_samples < 1:
            raise ValueError(
                f"curriculum: its two priors must have one shape, and the way takes a "
                f"sample or more; got {self.first.shape}, {self.last.shape}, "
                f"{self.n_samples}."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Of both."""
        return self.first.shape

    def quantile(self, u: Any) -> Any:
        """From the lowest of both to the highest of both: the range that it visits."""
        numpy: Any = jnp if isinstance(u, jax.Array) else np
        one, other = self.first.quantile(u), self.last.quantile(u)
        ends = numpy.minimum(one, other), numpy.maximum(one, other)
        return ends[0] + (ends[1] - ends[0]) * u

    def ends(self) -> tuple[Any, Any]:
        """The lowest and the highest of both."""
        (a, b), (c, d) = self.first.ends(), self.last.ends()
        return np.minimum(a, c), np.maximum(b, d)

    def quantile_at(self, u: Any, number: Any) -> Any:
        """Between the two, by the number of the sample."""
        way = jnp.clip(number / self.n_samples, 0.0, 1.0).astype(jnp.asarray(u).dtype)
        return (1.0 - way) * self.first.quantile(u) + way * self.last.quantile(u)


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


def choice(values: Sequence[float | int]) -> Choice:
    """One of some numbers, equally likely."""
    return Choice(tuple(float(value) for value in values))


def mixture(
    parts: Sequence[AbstractPrior], weights: Sequence[float | int] | None = None
) -> Mixture:
    """One of some priors, by weights that need not sum to one; equal by default.

    `mixture([choice([0.0]), log_uniform(0.1, 10.0)], (1, 3))` is zero in a quarter of
    cases. With `shape`, every number of a value is drawn from a prior of its own.
    """
    given = [1.0] * len(parts) if weights is None else weights
    return Mixture(tuple(parts), tuple(float(weight) for weight in given))


def curriculum(first: AbstractPrior, last: AbstractPrior, n_samples: int) -> Curriculum:
    """From one prior to another over the first samples of a stream.

    Quantiles move in a straight line: `curriculum(uniform(0, 1), uniform(0, 5), 1000)`
    draws from uniform(0, 3) half way. It goes by the number of the sample, so it does
    not depend on the batch size; a design, which has no order, sees the whole range.
    """
    return Curriculum(first, last, int(n_samples))
