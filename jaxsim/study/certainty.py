"""What a fit can and cannot tell: the noise floor of a loss, an interval per path."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxsim.core.simulate import check_key
from jaxsim.core.step import AbstractStep
from jaxsim.study.evaluator import Evaluator, NeedsHost, losses_over_noise
from jaxsim.study.fitted import Fitted
from jaxsim.study.gradient import descend
from jaxsim.study.plan import as_leaves


class Floor(NamedTuple):
    """The loss of one process over noise that it was not fitted on."""

    mean: float
    sd: float
    losses: np.ndarray

    def __repr__(self) -> str:
        n = len(self.losses)
        return f"Floor({self.mean:.4g}, sd {self.sd:.3g} over {n} noise seeds)"


class Intervals(NamedTuple):
    """Per path, the values that a loss cannot tell from the best.

    Attributes:
        low: path -> lower ends, in the shape of the value.
        high: path -> upper ends.
        value: path -> the best value.
        delta: the rise of the loss that counts as no difference.
        method: "laplace" or "profile".
        curves: "profile" only: name of a free number -> (values, smallest losses).
    """

    low: dict[str, np.ndarray]
    high: dict[str, np.ndarray]
    value: dict[str, np.ndarray]
    delta: float
    method: str
    curves: dict[str, tuple[np.ndarray, np.ndarray]]

    def __repr__(self) -> str:
        lines = [
            f"Intervals by {self.method}, loss within {self.delta:.3g} of the best"
        ]
        for path, value in self.value.items():
            if value.size == 1:
                ends = f"{float(self.low[path]):.5g} to {float(self.high[path]):.5g}"
                lines.append(f"  {path} = {float(value):.5g} ({ends})")
            else:
                lines.append(f"  {path}: {value.size} numbers")
        return "\n".join(lines)


def noise_floor(
    process: AbstractStep,
    loss: Callable[..., Any],
    key: Any,
    n: int = 16,
    *,
    record: Sequence[str] | None = None,
    n_keys: int = 1,
) -> Floor:
    """The loss of a process on `n` noise seeds of its own.

    Give a key that the fit did not use. For the true process this is the smallest loss
    that is worth having: a fit that goes below it has fitted noise. For a fitted one it
    is the honest loss beside `best_loss`.

    Args:
        process: at the values to be judged.
        loss: as in `fit`.
        key: noise seed `i` is `fold_in(key, i)`.
        n: how many seeds.
        record: as in `fit`.
        n_keys: seeds that each loss is averaged over, as in the fit.
    """
    check_key(key)
    if n < 2:
        raise ValueError(f"n = {n}: a noise floor needs two seeds or more.")
    losses = losses_over_noise(process, loss, key, n, record, n_keys)
    return Floor(float(losses.mean()), float(losses.std(ddof=1)), losses)


def intervals(
    fitted: Any,
    loss: Callable[..., Any],
    free: Any,
    key: Any,
    *,
    delta: float | int | None = None,
    method: Literal["laplace", "profile"] = "laplace",
    record: Sequence[str] | None = None,
    n_keys: int = 1,
    step: float = 0.1,
    n_values: int = 9,
    reach: float = 3.0,
    n_updates: int = 30,
) -> Intervals:
    r"""For each free number, the values whose loss is as good as the best.

    A loss is no likelihood, so there is no confidence level here. An interval holds
    the values of one number for which, *the others moved to where they serve best*,
    the loss rises by at most `delta`; by default the standard deviation of the best
    process' loss over 8 noise seeds: what this loss cannot tell apart, given its noise.
    A flat direction gives an interval as wide as the bounds, which is the message.

    - "laplace": the loss is taken as a parabola at the best point, in the unbounded
      numbers $z$: $|z_i - \hat z_i| \le \sqrt{2\,\delta\,(H^{-1})_{ii}}$, with the
      Hessian $H$ from differences over `step`, so losses in NumPy will do. Directions
      that bend down or not at all count as flat. Cost $1 + 2 d^2$ simulations.
    - "profile": each number is held at `n_values` values, up to twice the parabola's
      half width (at most `reach` in $z$), while the others descend from the bottom of
      the parabola. Cost `d n_values n_updates` gradients. An end that is not reached
      is reported as far as it was followed: the interval is at least that wide.

    Args:
        fitted: the result of `fit`, or the best process.
        loss: as in `fit`.
        free: as in `fit`.
        key: the fit's key, so that the best point is the best of this noise too.
        delta: rise of the loss that counts as none.
        method: see above.
        record: as in `fit`.
        n_keys: as in `fit`; more seeds make the loss smoother and delta smaller.
        step: of the differences, in z.
        n_values: of a profile (odd counts include the best).
        reach: of a profile, in z.
        n_updates: of a profile's descents.
    """
    process = fitted.best if isinstance(fitted, Fitted) else fitted
    options: dict[str, Any] = dict(record=record, n_keys=n_keys)
    try:
        evaluator = Evaluator(process, loss, free, key, **options)
    except NeedsHost:
        evaluator = Evaluator(process, loss, free, key, on_host=True, **options)
    if delta is None:
        held_out = jax.random.fold_in(key, 2**31 - 1)
        seen = losses_over_noise(process, loss, held_out, 8, record, n_keys)
        delta = float(np.std(seen, ddof=1))
    if not (np.isfinite(delta) and delta > 0):
        raise ValueError(
            f"delta = {delta}: the loss does not vary with the noise (or is not "
            "finite), so it sets no scale. Give delta=, the rise of the loss that you "
            "call none."
        )
    best = np.concatenate([np.ravel(r.z_of(r.centre)) for r in evaluator.space.ranges])
    inverse = _inverse_hessian(evaluator, best, step)
    if method == "laplace":
        if inverse is None:
            raise ValueError(
                "the loss is not finite around the best point, so it has no parabola "
                "there; use method='profile', or a smaller step."
            )
        half = np.sqrt(2 * float(delta) * np.diag(inverse))
        ends, curves = (best - half, best + half), {}
    else:
        lines = _lines(best, inverse, float(delta), n_values, reach)
        ends, curves = _profile(evaluator, best, float(delta), lines, n_updates)
    return _told(evaluator, ends, float(delta), method, curves)


def _inverse_hessian(
    evaluator: Evaluator, best: np.ndarray, step: float
) -> np.ndarray | None:
    """In z, by central differences; None where the loss is not finite."""
    d = len(best)
    unit = step * np.eye(d)
    pairs = [(i, j) for i in range(d) for j in range(i)]
    shifts = [np.zeros(d), *unit, *-unit]
    for i, j in pairs:
        for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            shifts.append(a * unit[i] + b * unit[j])
    f = evaluator(best + np.stack(shifts), of="free").astype(float)
    if not np.isfinite(f).all():
        return None
    up, down, mixed = f[1 : d + 1], f[d + 1 : 2 * d + 1], f[2 * d + 1 :].reshape(-1, 4)
    hessian = np.diag((up - 2 * f[0] + down) / step**2)
    for (i, j), four in zip(pairs, mixed, strict=True):
        value = (four[0] - four[1] - four[2] + four[3]) / (4 * step**2)
        hessian[i, j] = hessian[j, i] = value
    bend, directions = np.linalg.eigh(hessian)
    bend = np.maximum(bend, max(1e-6 * bend.max(), 1e-30))  # flat, or bending down
    return (directions / bend) @ directions.T


def _lines(
    best: np.ndarray,
    inverse: np.ndarray | None,
    delta: float,
    n_values: int,
    reach: float,
) -> np.ndarray:
    """Starts (number, value, d): each number moved, the others along its valley.

    A number goes to twice where the parabola rises by delta, at most by `reach`.
    """
    d = len(best)
    lines = np.repeat(best[None, None], d, axis=0).repeat(n_values, axis=1)
    for i in range(d):
        far, tilt = reach, np.eye(d)[i]
        if inverse is not None:
            far = min(reach, 2 * np.sqrt(2 * delta * inverse[i, i]))
            tilt = inverse[:, i] / inverse[i, i]
        lines[i] += np.linspace(-far, far, n_values)[:, None] * tilt
    return np.clip(lines, best - 2 * reach, best + 2 * reach)


def _profile(
    evaluator: Evaluator,
    best: np.ndarray,
    delta: float,
    lines: np.ndarray,
    n_updates: int,
) -> tuple[tuple[np.ndarray, np.ndarray], dict]:
    """Ends in z, and the curves: losses with one number held, the others moved."""
    d, n_values, _ = lines.shape
    held = np.broadcast_to(np.eye(d, dtype=bool)[:, None], lines.shape)
    fitted = descend(
        evaluator, lines.reshape(-1, d), n_updates=n_updates, progress=False,
        moving=~held.reshape(-1, d),
    )  # fmt: skip
    losses = fitted.best_losses.reshape(d, n_values)
    losses = np.where(np.isfinite(losses), losses, np.inf)
    values = evaluator.bounded(lines.reshape(-1, d), "free").reshape(lines.shape)
    low, high, curves = best.copy(), best.copy(), {}
    for i, name in enumerate(evaluator.space.names):
        curves[name] = (values[i, :, i], losses[i])
        low[i], high[i] = _crossings(
            lines[i, :, i], losses[i], float(losses.min()) + delta
        )
    return (low, high), curves


def _crossings(x: np.ndarray, curve: np.ndarray, limit: float) -> tuple[float, float]:
    """Where a curve, followed outwards from its lowest point, rises above a limit."""
    middle = int(np.argmin(curve))

    def walk(step: int) -> float:
        at = middle
        while 0 <= at + step < len(x):
            after = at + step
            if curve[after] > limit:
                rise = curve[after] - curve[at]
                share = (limit - curve[at]) / rise if np.isfinite(rise) else 0.5
                return float(x[at] + min(max(share, 0.0), 1.0) * (x[after] - x[at]))
            at = after
        return float(x[at])

    return walk(-1), walk(1)


def _told(
    evaluator: Evaluator, ends: tuple, delta: float, method: str, curves: dict
) -> Intervals:
    space = evaluator.space
    both = evaluator.bounded(np.clip(np.stack(ends), -500, 500), "free")
    both = np.sort(both, axis=0)
    low, high = (
        {p: np.asarray(v) for p, v in space.values(row).items()} for row in both
    )
    value = {
        p: as_leaves(np.asarray(r.centre), "param", jnp.zeros(()))
        for p, r in zip(space.paths, space.ranges, strict=True)
    }
    return Intervals(low, high, value, delta, method, curves)
