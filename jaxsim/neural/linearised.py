"""The power spectrum of a neural mass that noise shakes about a stable fixed point."""

from typing import Any, ClassVar, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from jaxsim.core.declared import nearest
from jaxsim.core.param import concrete, optional_part, part, static
from jaxsim.core.recording import DEGENERATE, OK
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.neural.fixed_points import (
    each_node,
    fixed_points,
    growth_of,
    jacobian,
    known_drive,
    refined,
    slopes_of,
)
from jaxsim.neural.model import AbstractModel
from jaxsim.neural.models.wendling import Wendling
from jaxsim.neural.noise import AbstractNoise, WhiteNoise


class LinearPsd(NamedTuple):
    """A spectrum in the linear approximation, and where it was taken."""

    psd: Float[Array, "*node freq"]  # one-sided, unit^2/Hz
    activity: Float[Array, "*node"]  # of the fixed point
    growth: Float[Array, "*node"]  # largest real part there, 1/s
    valid: Bool[Array, "*node"]  # the point is stable


def linear_psd(
    model: AbstractModel,
    freqs: Any,
    *,
    noise: AbstractNoise | None = None,
    dt_s: float = 1e-4,
    drive: dict[str, Any] | None = None,
    which: Literal["lowest", "highest"] = "lowest",
    extend: bool = False,
) -> LinearPsd:
    r"""One-sided power spectral density of the activity around a stable fixed point.

    With J the Jacobian of the drift there, b its derivative by the noisy input and c
    the gradient of the activity,

    $$ H(\omega) = c^\top (i \omega - J)^{-1} b, \qquad
       S(f) = 2 \sigma^2 \Delta\, |H(2 \pi f)|^2 $$

    where the noise has the standard deviation $\sigma$ over steps of length $\Delta$.
    No simulation, hence no sampling error: exact while the noise is small, and
    differentiable in every parameter. It knows nothing of spikes and limit cycles: it
    is valid where a fixed point is stable and the noise does not throw the mass out of
    its surroundings.

    Args:
        model: parameters are numbers, or arrays over nodes (then a leading axis).
        freqs: in Hz, on the host.
        noise: white; None: the model's own.
        dt_s: step of the simulation to compare with, for noise scaled "per_step".
        drive: constant input by site.
        which: of several stable fixed points. From rest, most masses reach the lowest.
        extend: give the formula's value at unstable points too (the lowest or highest),
            for searches that must walk through them; `valid` still tells.

    Returns:
        The spectrum; NaN where no fixed point is stable, unless `extend`. Gradients are
        zero where it is NaN.

    Raises:
        ValueError: nothing is stable and no value is traced; noise that is not white.

    Reference:
        Gardiner, Handbook of Stochastic Methods (linear noise: section 4.4.6).
    """
    made = noise if noise is not None else model.own_noise()
    site, density = _density(made, model, dt_s)
    omega = jnp.asarray(2 * np.pi * np.asarray(freqs, float), density.dtype)
    constant = known_drive(model, drive)
    flag = jnp.asarray(extend)  # an argument: both values share a program
    found = _everywhere(model, density, omega, constant, site, which, flag)
    if concrete(found) and not (extend or bool(found.valid.all())):
        raise ValueError(_no_rest(model, found))
    return found


@eqx.filter_jit
def _everywhere(
    model: AbstractModel,
    density: Float[Array, "..."],
    omega: Float[Array, " freq"],
    drive: dict[str, Any],
    site: str,
    which: str,
    extend: Bool[Array, ""],
) -> LinearPsd:
    """Of every node."""

    def one(model: AbstractModel, density: Array) -> LinearPsd:
        y, stable = _chosen(jax.lax.stop_gradient(model), drive, which)
        missing = jnp.isnan(y).any()
        y = refined(model, jnp.where(missing, 0.0, y), drive)
        power = _gain(model, y, site, omega, drive) * density
        activity = slopes_of(model, model.rest(1), drive)[1](y)
        there = [activity, growth_of(model, y, drive)]
        activity, growth = (jnp.where(missing, jnp.nan, value) for value in there)
        usable = (stable | extend) & ~missing
        return LinearPsd(jnp.where(usable, power, jnp.nan), activity, growth, stable)

    return each_node(one, model, density)


class LinearSpectrum(AbstractStep):
    """A neural mass seen by its analytic spectrum, without simulating it.

    As a process it can be swept and fitted like a network, in a thousandth of the time:
    `js.fit(js.LinearSpectrum(), loss, free=("model.A",), key=key)` with a loss on
    `recording["psd"]`. See `linear_psd` for what it is and where it is valid; the
    status of a run without a stable fixed point is "degenerate".

    **Makes:** `psd`; `fixed_point`, the activity at rest; `growth`, the largest real
    part of the eigenvalues there.
    """

    model: AbstractModel = part(Wendling)
    noise: AbstractNoise | None = optional_part()
    low_hz: float = static(1.0, "first frequency", "Hz", (0.0, 1e4))
    high_hz: float = static(50.0, "last frequency", "Hz", (0.0, 1e4))
    step_hz: float = static(1.0, "distance of frequencies", "Hz", (1e-3, 1e3))
    extend: bool = static(
        False, "give the formula's value at unstable points instead of NaN"
    )
    makes: ClassVar[dict[str, Signal]] = {
        "psd": Signal("frequency node", "mV^2/Hz", "one-sided spectrum", True),
        "fixed_point": Signal("node", "mV", "activity at rest"),
        "growth": Signal("node", "1/s", "largest real part of the eigenvalues"),
        "status": Signal("", "1", "degenerate when nothing is stable"),
    }

    def cards(self) -> dict[str, Signal]:
        """With the unit of the model."""
        unit = self.model.unit
        made = dict(type(self).makes)
        made["psd"] = made["psd"]._replace(unit=f"{unit}^2/Hz")
        made["fixed_point"] = made["fixed_point"]._replace(unit=unit)
        return made

    @property
    def freqs(self) -> np.ndarray:
        """Frequencies in Hz."""
        n = int(np.floor((self.high_hz - self.low_hz) / self.step_hz + 1e-6)) + 1
        return self.low_hz + self.step_hz * np.arange(n)

    def __check_init__(self) -> None:
        if self.high_hz < self.low_hz:
            raise ValueError(
                f"LinearSpectrum.high_hz = {self.high_hz:g} Hz lies below low_hz = "
                f"{self.low_hz:g} Hz."
            )
        noise = self.noise if self.noise is not None else self.model.own_noise()
        _density(noise, self.model, 1e-4)

    def __call__(self) -> dict[str, Any]:
        """Spectrum, fixed point and growth of every node."""
        noise = self.noise if self.noise is not None else self.model.own_noise()
        site, density = _density(noise, self.model, 1e-4)
        omega = jnp.asarray(2 * np.pi * self.freqs, density.dtype)
        flag = jnp.asarray(self.extend)
        found = _everywhere(self.model, density, omega, {}, site, "lowest", flag)
        cards = self.cards()
        psd = found.psd.reshape(-1, found.psd.shape[-1]).T
        stable = jnp.asarray(OK, jnp.uint8)
        status = jnp.where(found.valid.all(), stable, jnp.uint8(DEGENERATE))
        values = {
            "psd": psd,
            "fixed_point": found.activity.reshape(-1),
            "growth": found.growth.reshape(-1),
            "status": status,
        }
        return {
            name: Series(value, None, cards[name]) for name, value in values.items()
        }


def _density(
    noise: AbstractNoise, model: AbstractModel, dt_s: float
) -> tuple[str, Float[Array, "..."]]:
    """Where the noise enters, and its one-sided density there, (1/s)^2/Hz."""
    if not isinstance(noise, WhiteNoise):
        raise ValueError(
            f"the linear spectrum of {type(model).__name__} needs white noise, got "
            f"{type(noise).__name__}. Give noise=js.WhiteNoise(sigma=...)."
        )
    site = noise.site or model.sites[0]
    if site not in model.sites:
        raise ValueError(
            f"WhiteNoise.site = {site!r}: {type(model).__name__} has "
            f"{', '.join(model.sites)}.{nearest(site, model.sites)}"
        )
    step = noise.reference_dt_s if noise.scaling == "intensity" else dt_s
    spread = 1.0 if noise.distribution == "gaussian" else 1.0 / 3.0
    return site, 2.0 * spread * step * noise.sigma**2


def _chosen(
    model: AbstractModel, drive: dict[str, Any] | None, which: str
) -> tuple[Float[Array, " variable"], Bool[Array, ""]]:
    """State at a stable point, or at any where none is stable, and whether it is."""
    points = fixed_points(model, drive)
    there = ~jnp.isnan(points.activity)
    wanted = jnp.where(points.stable.any(), points.stable, there)
    if which == "lowest":
        i = jnp.argmax(wanted)
    else:
        i = len(wanted) - 1 - jnp.argmax(wanted[::-1])
    return jnp.stack([value[i] for value in points.state]), points.stable[i]


def _gain(
    model: AbstractModel,
    y: Float[Array, " variable"],
    site: str,
    omega: Float[Array, " freq"],
    constant: dict[str, Any],
) -> Float[Array, " freq"]:
    """Squared magnitude of the transfer function from a site to the activity."""
    zero = jnp.zeros((), y.dtype)

    def pushed(u: Array) -> Array:
        total = constant | {site: constant.get(site, zero) + u}
        return slopes_of(model, model.rest(1), total)[0](y, zero)

    b = jax.jacfwd(pushed)(zero)
    c = jax.grad(slopes_of(model, model.rest(1), constant)[1])(y)
    J = jacobian(model, y, constant)
    # in units in which the rows of J are alike: float32 suffices for what follows
    scale = jnp.maximum(jnp.abs(jax.lax.stop_gradient(J)).max(axis=1), 1.0)
    w = omega[:, None, None]
    eye = jnp.eye(len(y), dtype=y.dtype)
    real = jnp.broadcast_to(-J / scale[:, None], (len(omega), *J.shape))
    left = jax.lax.complex(real, w * (eye / scale[:, None])[None])
    right = jax.lax.complex(b / scale, jnp.zeros_like(b))
    right = jnp.broadcast_to(right, (len(omega), len(y)))[..., None]
    response = jnp.linalg.solve(left, right)[..., 0]
    total = response @ jax.lax.complex(c, jnp.zeros_like(c))
    return total.real**2 + total.imag**2


def _no_rest(model: AbstractModel, found: LinearPsd) -> str:
    growth = np.atleast_1d(np.asarray(found.growth))
    bad = np.flatnonzero(~np.atleast_1d(np.asarray(found.valid)))
    i = int(bad[0])
    node = "" if len(growth) == 1 else f" at node {i}"
    if np.isnan(growth[i]):
        why = "no fixed point was found"
    else:
        at = np.atleast_1d(np.asarray(found.activity))[i]
        why = (
            f"the fixed point at {at:.4g} {model.unit} is unstable (disturbances grow "
            f"by {growth[i]:+.3g} 1/s)"
        )
    return (
        f"linear_psd: {type(model).__name__} has no stable fixed point{node}: {why}. "
        "It oscillates; simulate it and take js.measure.welch instead."
    )
