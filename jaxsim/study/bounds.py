"""Bounds: the free numbers of a fit, between their limits and without limits."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from jaxsim.core.declared import Declared, card, get
from jaxsim.core.param import Card, check, shortest
from jaxsim.study.prior import LogUniform, Uniform


LOG_RATIO = 100.0  # positive bounds this far apart are searched by decades
EDGE = 1e-3  # a start on a bound could not move: it is put this far inside

Kind = Literal["interval", "log_interval", "above", "below", "anywhere"]


class Range(eqx.Module):
    r"""Where one free path may go, and the map from unbounded numbers `z` into it.

    - interval: $x = l + (h - l)\,\sigma(z)$
    - log_interval: $x = l\,(h / l)^{\sigma(z)}$
    - above, below: $x = l + s\,\mathrm{softplus}(z)$, $x = h - s\,\mathrm{softplus}(z)$
    - anywhere: $x = x_0 + s z$

    $\sigma$ is the logistic function; $s$ is the distance from the value given to the
    bound, or its size, so that a step of 1 in $z$ is a bold one everywhere.
    """

    low: Array | np.ndarray
    high: Array | np.ndarray
    centre: Array | np.ndarray
    scale: Array | np.ndarray
    kind: Kind = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True)

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return self.kind in ("interval", "log_interval")

    def at(self, u: Any) -> Any:
        """The value at a fraction `u` of the way (of an interval)."""
        low, high = self.low, self.high
        if self.kind == "log_interval":
            return jnp.clip(low * jnp.exp(u * jnp.log(high / low)), low, high)
        return jnp.clip(low + (high - low) * u, low, high)

    def value(self, z: Any) -> Any:
        """The bounded value of an unbounded number."""
        if self.bounded:
            return self.at(jax.nn.sigmoid(z))
        if self.kind == "above":
            return self.low + self.scale * jax.nn.softplus(z)
        if self.kind == "below":
            return self.high - self.scale * jax.nn.softplus(z)
        return self.centre + self.scale * z

    def unit_of(self, x: Any) -> Any:
        """Fraction of the way of a value, on the host; the inverse of `at`."""
        low, high = np.asarray(self.low, float), np.asarray(self.high, float)
        x = np.clip(np.asarray(x, float), low, high)
        if self.kind == "log_interval":
            return np.log(x / low) / np.log(high / low)
        return (x - low) / (high - low)

    def z_of(self, x: Any) -> Any:
        """The unbounded number of a value, on the host; the inverse of `value`."""
        x = np.asarray(x, float)
        if self.bounded:
            return logit(np.clip(self.unit_of(x), EDGE, 1 - EDGE))
        scale = np.asarray(self.scale, float)
        if self.kind == "anywhere":
            return (x - np.asarray(self.centre, float)) / scale
        gap = x - self.low if self.kind == "above" else self.high - x
        return np.log(np.expm1(np.clip(np.asarray(gap, float) / scale, EDGE, 500.0)))


def logit(u: Any) -> Any:
    """Inverse of the logistic function."""
    return np.log(u) - np.log1p(-u)


class Space(eqx.Module):
    """The free numbers of a fit as one vector, path after path in the order given."""

    paths: tuple[str, ...] = eqx.field(static=True)
    ranges: tuple[Range, ...]

    @property
    def n(self) -> int:
        """How many free numbers there are."""
        return sum(self.sizes)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many belong to each path."""
        return tuple(math.prod(r.shape) for r in self.ranges)

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each number: the path, with an index where it is an array."""
        return tuple(
            path + (str([int(i) for i in index]) if index else "")
            for path, r in zip(self.paths, self.ranges, strict=True)
            for index in np.ndindex(r.shape)
        )

    def values(self, flat: Any, of: str = "bounded") -> dict[str, Any]:
        """A vector as {path: value}.

        Args:
            flat: the vector.
            of: what its numbers are: "free" (unbounded), "unit" (fractions of the way)
                or "bounded" (the values themselves).
        """
        ends = np.cumsum((0, *self.sizes))
        out = {}
        for path, r, a, b in zip(
            self.paths, self.ranges, ends[:-1], ends[1:], strict=True
        ):
            part = flat[int(a) : int(b)].reshape(r.shape)
            if of == "free":
                part = r.value(part)
            elif of == "unit":
                part = r.at(part)
            out[path] = part
        return out

    def flat(self, values: Mapping[str, Any]) -> Any:
        """{path: value} as a vector."""
        return jnp.concatenate([jnp.ravel(values[path]) for path in self.paths])

    def bounded(self, flat: Any, of: str) -> Any:
        """A vector of values, from one of "free" or "unit" numbers."""
        return self.flat(self.values(flat, of))

    def host(self, points: Any, to: Literal["free", "unit"]) -> np.ndarray:
        """Points (n, d) of values as free or unit numbers, on the host."""
        columns, at = [], 0
        for r, size in zip(self.ranges, self.sizes, strict=True):
            x = np.asarray(points)[:, at : at + size].reshape(-1, *r.shape)
            inverse = r.z_of if to == "free" else r.unit_of
            columns.append(np.stack([inverse(v) for v in x]).reshape(-1, size))
            at += size
        return np.concatenate(columns, axis=1)

    def require_box(self, method: str) -> None:
        """Refuse a path without two finite ends: a search needs to know where."""
        for path, r in zip(self.paths, self.ranges, strict=True):
            if not r.bounded:
                raise ValueError(
                    f"{path} has no two finite bounds, and method '{method}' searches "
                    f"between bounds. Give them: free={{'{path}': (low, high)}}."
                )

    def ends(self) -> dict[str, tuple[Any, Any]]:
        """The ends of every bounded path, which a process must have room for."""
        return {
            path: (np.asarray(r.low), np.asarray(r.high))
            for path, r in zip(self.paths, self.ranges, strict=True)
            if r.bounded
        }


def space_of(process: Declared, free: Any) -> Space:
    """The free numbers of a process.

    Args:
        process: whose values are to be moved.
        free: paths, or {path: None | (low, high) | js.uniform | js.log_uniform}. None
            takes the bounds of the card. Positive bounds a hundredfold apart, and
            `js.log_uniform`, are walked by ratios instead of differences.

    Raises:
        ValueError: unknown, static or whole-numbered paths, bounds outside the card's.
    """
    if isinstance(free, str):
        free = (free,)
    wanted = dict(free) if isinstance(free, Mapping) else dict.fromkeys(free)
    if not wanted:
        raise ValueError("fit needs at least one free path: free=('network.model.A',).")
    ranges = tuple(_range(process, path, limits) for path, limits in wanted.items())
    return Space(tuple(wanted), ranges)


def _range(process: Declared, path: str, limits: Any) -> Range:
    found, value = card(process, path), get(process, path)
    if found.role == "static":
        raise ValueError(
            f"{path} is static: it shapes the program and has no gradient. Sweep it "
            "instead (js.grid), or fit once for each of its values."
        )
    dtype = getattr(value, "dtype", None)
    if dtype is None or not jnp.issubdtype(dtype, jnp.floating):
        what = "is absent" if value is None else f"holds {dtype} numbers"
        raise ValueError(f"{path} {what}: it cannot be moved by a fit ({found.doc}).")
    low, high, log = _limits(found, path, limits)
    shape, dtype = np.shape(value), jnp.result_type(float)
    kind = _kind(low, high, log)
    centre = np.asarray(value, float)
    end = {"above": low, "below": high}.get(kind, 0.0)
    scale = np.abs(centre - end)
    scale = np.where(scale == 0, 1.0, scale)

    def full(x: Any) -> np.ndarray:
        return np.broadcast_to(np.asarray(x, float), shape).astype(dtype)

    low, high = np.broadcast_to(low, shape), np.broadcast_to(high, shape)
    return Range(full(low), full(high), full(centre), full(scale), kind, shape)


def _kind(low: Any, high: Any, log: bool | None) -> Kind:
    below, above = np.isfinite(low).all(), np.isfinite(high).all()
    if below and above:
        wide = bool((low > 0).all()) and bool((high / low >= LOG_RATIO).all())
        return "log_interval" if (wide if log is None else log) else "interval"
    return "above" if below else "below" if above else "anywhere"


def _limits(found: Card, path: str, limits: Any) -> tuple[Any, Any, Any]:
    """Lower and upper bounds, and whether to walk by ratios (None: as they suggest)."""
    if limits is None:
        return np.asarray(found.bounds[0]), np.asarray(found.bounds[1]), None
    if isinstance(limits, (Uniform, LogUniform)):
        pair, log = (limits.low, limits.high), isinstance(limits, LogUniform)
    elif isinstance(limits, (tuple, list)) and len(limits) == 2:
        pair, log = tuple(limits), None
    else:
        raise ValueError(
            f"{path}: limits are (low, high), js.uniform(low, high), "
            f"js.log_uniform(low, high) or None for those of the card, not {limits!r}."
        )
    low, high = (np.asarray(end, float) for end in pair)
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
        raise ValueError(
            f"{path}: limits {shortest(low)} to {shortest(high)} must be finite, the "
            "lower one first."
        )
    check(found, path, low.astype(jnp.result_type(float)))
    check(found, path, high.astype(jnp.result_type(float)))
    return low, high, log
