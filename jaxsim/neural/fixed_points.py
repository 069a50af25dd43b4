"""Fixed points of a neural mass, all of them, and whether they are stable."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from jaxsim.neural.model import AbstractModel, Nodes


GRID = 321  # activities at which the input that would hold them is computed
FINE = 16  # cubic pieces of each interval between them
ROUNDS = 4  # of Newton's method; each squares the error


class FixedPoints(NamedTuple):
    """Where a neural mass can rest, by rising activity; NaN (False) beyond the last."""

    activity: Float[Array, "*node root"]  # unit of the model
    state: Any  # the model's State of such arrays
    growth: Float[Array, "*node root"]  # largest real part of the eigenvalues, 1/s
    stable: Bool[Array, "*node root"]


def fixed_points(
    model: AbstractModel,
    drive: dict[str, Any] | None = None,
    *,
    span: tuple[float, float] = (-60.0, 60.0),
    most: int = 5,
) -> FixedPoints:
    r"""Every state at which nothing changes, with the growth rate of what disturbs it.

    For each activity v there is one input u(v) at the model's first site that would
    hold the mass there; Newton's method finds it together with the state. The curve
    u(v) is the bifurcation diagram lying on its side, and the fixed points are where
    it crosses the input that is given. A point is stable when all eigenvalues of the
    Jacobian of the drift have negative real parts. Differentiable: a last step of
    Newton's method carries the implicit gradient.

    Args:
        model: parameters are numbers, or arrays over nodes (which share no coupling
            here, and give the result a leading axis).
        drive: constant input by site, as from a stimulus; one number for each.
        span: activities between which to look, in the unit of the model.
        most: how many to keep, lowest first.

    Raises:
        ValueError: a site that the model does not have.
    """
    if not isinstance(model, AbstractModel):
        raise TypeError(
            f"fixed_points takes a model such as js.Wendling(), got "
            f"{type(model).__name__}. Of a network, take network.model."
        )
    low, high = float(span[0]), float(span[1])
    return _every_node(model, known_drive(model, drive), (low, high), most)


@eqx.filter_jit
def _every_node(
    model: AbstractModel, drive: dict[str, Any], span: tuple[float, float], most: int
) -> FixedPoints:
    return each_node(lambda model: _search(model, drive, span, most), model)


def _search(
    model: AbstractModel, drive: dict[str, Any], span: tuple[float, float], most: int
) -> FixedPoints:
    grid = jnp.linspace(*span, GRID)
    still = jax.lax.stop_gradient(model)
    _, inputs, slopes = jax.vmap(lambda v: hold(still, v, drive))(grid)
    found = _crossings(grid, inputs, slopes, most)
    return jax.vmap(lambda v: _settle(model, v, drive))(found)


def each_node(function: Any, model: AbstractModel, *more: Any) -> Any:
    """A function of a mass with scalar parameters, mapped over those given per node."""
    everything = (model, *more)
    sizes = {leaf.shape[0] for leaf in jax.tree.leaves(everything) if leaf.ndim}
    if not sizes:
        return function(*everything)
    if len(sizes) > 1:
        raise ValueError(
            f"{type(model).__name__}: parameters have {sorted(sizes)} values; give "
            "numbers, or arrays of one length."
        )
    axes = jax.tree.map(lambda leaf: 0 if leaf.ndim else None, everything)
    return jax.vmap(function, in_axes=axes)(*everything)


def slopes_of(model: AbstractModel, state: Any, drive: dict[str, Any]) -> Any:
    """Drift of one mass as a flat vector: a function of a flat state and input.

    Returns:
        `(drift, activity)`: functions of (variable,) and an input at the first site.
    """
    kind, site = type(state), model.sites[0]

    def unpack(y: Array) -> Any:
        return kind(*(value[None] for value in y))

    def drift(y: Array, u: Array) -> Array:
        total = {name: jnp.reshape(value, (1,)) for name, value in drive.items()}
        total[site] = total.get(site, jnp.zeros_like(y[:1])) + u
        return jnp.concatenate(list(model.drift(unpack(y), total)))

    def activity(y: Array) -> Array:
        return model.activity(unpack(y))[0]

    return drift, activity


def hold(
    model: AbstractModel, v: Any, drive: dict[str, Any] | None = None
) -> tuple[Float[Array, " variable"], Float[Array, ""], Float[Array, ""]]:
    """The state at rest with a given activity, the input u that holds it, and du/dv.

    Newton's method on state and input at once. Equations that feed forward from the
    activity, as those of neural masses do, are solved exactly in as many rounds as
    there are variables, from any start.
    """
    rest = model.rest(1)
    drift, activity = slopes_of(model, rest, drive or {})
    y = jnp.concatenate(list(rest))
    v = jnp.asarray(v, y.dtype)

    def residual(z: Array) -> Array:
        return jnp.append(drift(z[:-1], z[-1]), activity(z[:-1]) - v)

    def step(z: Array, _: None) -> tuple[Array, None]:
        return z - _solve(jax.jacfwd(residual)(z), residual(z)), None

    z, _ = jax.lax.scan(step, jnp.append(y, 0.0), length=len(rest) + 1)
    last = jnp.zeros_like(z).at[-1].set(1.0)
    return z[:-1], z[-1], _solve(jax.jacfwd(residual)(z), last)[-1]


def jacobian(
    model: AbstractModel, y: Float[Array, " variable"], drive: dict[str, Any]
) -> Float[Array, "variable variable"]:
    """Of the drift by the state, at a flat state."""
    drift, _ = slopes_of(model, model.rest(1), drive)
    return jax.jacfwd(drift)(y, jnp.zeros((), y.dtype))


def _crossings(grid: Nodes, u: Nodes, slope: Nodes, most: int) -> Float[Array, " root"]:
    """Activities at which the cubic Hermite curve through u and its slope is zero."""
    t = jnp.arange(FINE, dtype=grid.dtype) / FINE
    width = grid[1] - grid[0]
    basis = (
        ((1 + 2 * t) * (1 - t) ** 2, u[:-1]),
        (t * (1 - t) ** 2 * width, slope[:-1]),
        (t**2 * (3 - 2 * t), u[1:]),
        (t**2 * (t - 1) * width, slope[1:]),
    )
    pieces = sum(jnp.outer(at, weight) for weight, at in basis)
    v = jnp.append((grid[:-1, None] + t[None, :] * width).ravel(), grid[-1])
    curve = jnp.append(jnp.ravel(pieces), u[-1])
    crosses = (curve[:-1] < 0) != (curve[1:] < 0)
    at = jnp.nonzero(crosses, size=most, fill_value=-1)[0]
    left, right = curve[at], curve[at + 1]
    gap = jnp.where(at < 0, 1.0, right - left)
    found = v[at] - left * (v[at + 1] - v[at]) / gap
    return jax.lax.stop_gradient(jnp.where(at < 0, jnp.nan, found))


def refined(
    model: AbstractModel, y: Float[Array, " variable"], drive: dict[str, Any]
) -> Float[Array, " variable"]:
    """A fixed point after one more step of Newton's method.

    The value moves by rounding only; the gradient is that of the implicit function.
    """
    drift, _ = slopes_of(model, model.rest(1), drive)
    y = jax.lax.stop_gradient(y)
    here = jacobian(jax.lax.stop_gradient(model), y, drive)
    return y - _solve(here, drift(y, jnp.zeros((), y.dtype)))


def growth_of(
    model: AbstractModel, y: Float[Array, " variable"], drive: dict[str, Any]
) -> Float[Array, ""]:
    """Largest real part of the eigenvalues of the Jacobian, 1/s."""
    return jnp.linalg.eigvals(jacobian(model, y, drive)).real.max()


def _settle(model: AbstractModel, v: Array, drive: dict[str, Any]) -> FixedPoints:
    """A fixed point from its rough activity (NaN: none), refined, with its growth."""
    missing = jnp.isnan(v)
    still = jax.lax.stop_gradient(model)
    y = hold(still, jnp.where(missing, 0.0, v), drive)[0]
    closer = lambda y, _: (refined(still, y, drive), None)  # noqa: E731
    y = refined(model, jax.lax.scan(closer, y, length=ROUNDS)[0], drive)
    _, activity = slopes_of(model, model.rest(1), drive)
    growth = growth_of(model, y, drive)
    state = type(model.rest(1))(*(jnp.where(missing, jnp.nan, x) for x in y))
    return FixedPoints(
        jnp.where(missing, jnp.nan, activity(y)),
        state,
        jnp.where(missing, jnp.nan, growth),
        ~missing & (growth < 0),
    )


def _solve(matrix: Array, vector: Array) -> Array:
    return jnp.linalg.solve(matrix, vector[:, None])[:, 0]


def known_drive(model: AbstractModel, drive: dict[str, Any] | None) -> dict[str, Any]:
    """A constant drive as arrays, its sites checked."""
    for site in drive or {}:
        if site not in model.sites:
            raise ValueError(
                f"drive: {type(model).__name__} has no site '{site}'; it has "
                f"{', '.join(model.sites)}."
            )
    return {site: jnp.asarray(value, float) for site, value in (drive or {}).items()}
