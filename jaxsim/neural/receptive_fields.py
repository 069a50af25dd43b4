"""ReceptiveFields: cells, or populations, that fire by what is on a screen."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Clock, Series, Signal, activity_card
from jaxsim.core.step import AbstractStep, fold_name


FIELDS = Signal("node y x", "1", "weight of each pixel of the screen, of unit norm")
ACTIVITY = activity_card("1/s", "firing rate that the screen asks for")


class ReceptiveFields(AbstractStep):
    r"""Firing rates driven by a screen: a linear filter, then a rectifier.

    $$ r_i(t) = g_i \log\Big(1 + \exp\Big(b_i + w_i \int_0^\infty
       \frac{u^{n-1} e^{-u/\tau_i}}{(n-1)!\, \tau_i^n}
       \sum_{yx} F_i(y, x)\, c(y, x, t - u)\, du\Big)\Big) $$

    with c the contrast of the screen, grey level / 127.5 - 1, and F a Gabor function,

    $$ F \propto e^{-(p^2 + \gamma^2 q^2) / 2\sigma^2} \cos(2\pi p/\lambda + \phi) $$

    p along `orientation_deg` (0: to the right, 90: down), q across it, $\sum F^2 = 1$;
    without a wavelength it is a Gaussian. So a screen of white noise of contrast c
    drives a cell with a standard deviation near $w c$. The kernel in time, n low-pass
    filters in a row, peaks after $(n - 1)\tau$; a screen is grey before its first
    frame. Every parameter is one number for all, or one for each node.

    **Needs:** `screen`. **Makes:** `activity`, `samples_per_frame` of them, each the
    mean over its period; `receptive_field`, F.

    ```bibtex
    @article{jones1987, title={An evaluation of the two-dimensional {Gabor} filter model
      of simple receptive fields in cat striate cortex}, author={Jones, J. P. and
      Palmer, L. A.}, journal={Journal of Neurophysiology}, volume={58}, number={6},
      pages={1233--1258}, year={1987}, doi={10.1152/jn.1987.58.6.1233}}
    ```
    """

    centre_y_px: Param = param(0.0, "px", (-1e4, 1e4), "below the middle of the screen")
    centre_x_px: Param = param(0.0, "px", (-1e4, 1e4), "right of the middle")
    sigma_px: Param = param(2.0, "px", (0.1, 1e3), "width of the envelope, along p")
    aspect: Param = param(1.0, "1", (0.05, 20.0), "width along p over that along q")
    wavelength_px: Param | None = param(
        None, "px", (0.5, 1e4), "of the carrier; none: a Gaussian"
    )
    orientation_deg: Param = param(
        0.0, "deg", (-360.0, 360.0), "in which the carrier runs"
    )
    phase_deg: Param = param(0.0, "deg", (-360.0, 360.0), "of the carrier, 90: odd")
    weight: Param = param(3.0, "1", (-1e3, 1e3), "drive per contrast")
    bias: Param = param(-1.0, "1", (-100.0, 100.0), "drive without contrast")
    gain_hz: Param = param(20.0, "1/s", (0.0, 1e4), "firing per drive")
    tau_s: Param = param(0.02, "s", (1e-4, 10.0), "of each low-pass filter")
    n_filters: int = static(2, "low-pass filters in a row", bounds=(1, 10))
    samples_per_frame: int = static(10, "samples of activity", bounds=(1, 1000))

    makes: ClassVar[dict[str, Signal]] = {
        "activity": ACTIVITY,
        "receptive_field": FIELDS,
    }

    def __check_init__(self) -> None:
        shapes = {n: jnp.shape(v) for n, v in self._each().items() if jnp.shape(v)}
        if len({*shapes.values()}) > 1 or any(len(s) > 1 for s in shapes.values()):
            told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ValueError(
                f"ReceptiveFields: parameters are numbers, or arrays with one for each "
                f"node, all of one length; here are {told}."
            )

    def _each(self) -> dict[str, Any]:
        names = "centre_y_px centre_x_px sigma_px aspect wavelength_px orientation_deg"
        names += " phase_deg weight bias gain_hz tau_s"
        found = {name: getattr(self, name) for name in names.split()}
        return {name: value for name, value in found.items() if value is not None}

    def __call__(self, screen: Series) -> dict[str, Any]:
        """Filter in space, then in time, then rectify."""
        if screen.clock is None:
            raise ValueError("ReceptiveFields: screen has no clock.")
        each = self._each()
        n = max((len(v) for v in each.values() if jnp.ndim(v)), default=1)
        each = {name: jnp.broadcast_to(v, (n,)) for name, v in each.items()}
        frames, rate_hz = screen.values, screen.clock.rate_hz
        n_px = (frames.shape[1], frames.shape[2])
        fields = jax.vmap(lambda of: gabor(n_px, of))(each)
        contrast = (frames / 127.5 - 1.0).reshape(len(frames), -1)
        seen = jnp.matmul(contrast, fields.reshape(n, -1).T, precision="highest")
        period_s = 1.0 / (rate_hz * self.samples_per_frame)
        late = cascade(
            seen, each["tau_s"], period_s, self.samples_per_frame, self.n_filters
        )
        drive = each["bias"][None] + each["weight"][None] * late
        rate = each["gain_hz"][None] * jax.nn.softplus(drive)
        start = jnp.asarray(screen.clock.start_s + period_s, rate.dtype)
        clock = Clock(start, rate_hz * self.samples_per_frame)
        return {"activity": Series(rate, clock, ACTIVITY), "receptive_field": fields}

    @classmethod
    def random(
        cls,
        key: PRNGKeyArray,
        n_nodes: int,
        n_px: tuple[int, int] = (24, 32),
        **given: Any,
    ) -> "ReceptiveFields":
        """Gabor fields in random places, of random direction and phase.

        Centres are spread over the middle 70 % of the screen; a wavelength is four
        widths of the envelope.

        Args:
            key: `jax.random.key(seed)`.
            n_nodes: how many fields.
            n_px: height and width of the screen.
            **given: any field, instead of what is drawn.
        """

        def between(name: str, low: float, high: float) -> Array:
            own = fold_name(key, name)
            return jax.random.uniform(own, (n_nodes,), minval=low, maxval=high)

        half = [0.35 * n for n in n_px]
        drawn = {
            "centre_y_px": between("centre_y_px", -half[0], half[0]),
            "centre_x_px": between("centre_x_px", -half[1], half[1]),
            "orientation_deg": between("orientation_deg", 0.0, 180.0),
            "phase_deg": between("phase_deg", 0.0, 360.0),
            "wavelength_px": 4.0 * jnp.asarray(given.get("sigma_px", 2.0)),
        }
        return cls(**{**drawn, **given})


def gabor(
    n_px: tuple[int, int], of: dict[str, Float[Array, ""]]
) -> Float[Array, "y x"]:
    """A Gabor function of unit norm on the pixels of a screen.

    Args:
        n_px: height and width.
        of: the parameters of one field, by the names of `ReceptiveFields`.
    """
    like = of["sigma_px"].dtype
    y, x = (jnp.asarray(np.arange(n) - (n - 1) / 2.0, like) for n in n_px)
    dy, dx = jnp.meshgrid(y - of["centre_y_px"], x - of["centre_x_px"], indexing="ij")
    turn = jnp.deg2rad(of["orientation_deg"])
    along = dx * jnp.cos(turn) + dy * jnp.sin(turn)
    across = dy * jnp.cos(turn) - dx * jnp.sin(turn)
    squares = along**2 + (of["aspect"] * across) ** 2
    field = jnp.exp(-squares / (2.0 * of["sigma_px"] ** 2))
    if "wavelength_px" in of:
        cycles = 2.0 * jnp.pi * along / of["wavelength_px"]
        field = field * jnp.cos(cycles + jnp.deg2rad(of["phase_deg"]))
    return field / jnp.sqrt(jnp.sum(field**2))


def cascade(
    seen: Float[Array, "frame node"],
    tau_s: Float[Array, " node"],
    period_s: float,
    n_samples: int,
    order: int,
) -> Float[Array, "time node"]:
    r"""Low-pass filters in a row, exactly, of what is constant over each frame.

    Filter k after a time s holds $\sum_{j \le k} e^{-s/\tau} (s/\tau)^{k-j} / (k-j)!$
    of what filter j held, and the rest of what came in.

    Args:
        seen: what comes in, frame by frame; before the first, nothing came.
        tau_s: time constant.
        period_s: of a sample.
        n_samples: in a frame.
        order: filters.

    Returns:
        The last filter's output, its mean over every sample.
    """
    edges = np.arange(n_samples + 1)[:, None] * period_s
    edges = jnp.asarray(edges, seen.dtype) / tau_s[None]
    power, terms = jnp.ones_like(edges), []
    for k in range(order):  # (s / tau)^k / k! e^(-s / tau)
        terms.append(power * jnp.exp(-edges))
        power = power * edges / (k + 1)
    held = jnp.stack(terms)  # (order, edge, node)
    # its integral from 0 to s, over tau: 1 - sum of the terms up to k
    area = (1.0 - jnp.cumsum(held, axis=0)) * tau_s[None, None] / period_s
    mean = (area[:, 1:] - area[:, :-1])[::-1]  # (filter, sample, node)
    left = 1.0 - mean.sum(axis=0)
    last = held[:, -1]  # (order, node), after a whole frame
    lags = np.subtract.outer(np.arange(order), np.arange(order))
    keep = jnp.where(lags[..., None] >= 0, last[np.maximum(lags, 0)], 0.0)
    comes = 1.0 - jnp.cumsum(last, axis=0)

    def frame(state: Array, now: Array) -> tuple[Array, Array]:
        out = (mean * state[:, None]).sum(axis=0) + left * now[None]
        return (keep * state[None]).sum(axis=1) + comes * now[None], out

    rest = jnp.zeros((order, seen.shape[1]), seen.dtype)
    _, out = jax.lax.scan(frame, rest, seen)
    return out.reshape(-1, seen.shape[1])
