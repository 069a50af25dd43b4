"""Brain motion: the tissue slides under the microscope."""

import abc
import dataclasses
import math
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.normal import normal_pair
from jaxsim.core.param import Data, Param, concrete, data, param, static
from jaxsim.core.recording import DEGENERATE, OK
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.recurrence import one_pole, oscillator
from jaxsim.imaging.shift import Interpolation, reach, shifted_crops
from jaxsim.imaging.signals import MOVIE, SHIFT


SHIFT_WITHIN = Signal("time subframe axis", "px", "the shift at each part of a frame")


def margin_for(
    max_shift_um: float, pixel_um: float, interpolation: Interpolation = "sinc"
) -> int:
    """Pixels of margin that a motion needs, for `Miniscope(margin_px=...)`.

    Args:
        max_shift_um: largest displacement along an axis.
        pixel_um: of the tissue: pitch / magnification.
        interpolation: of the motion step.
    """
    return math.ceil(max_shift_um / pixel_um - 1e-6) + reach(interpolation)


class AbstractMotion(AbstractFrameStep):
    """A path of the tissue, and the frames that the microscope sees along it.

    From here on a movie has the size of the field of view. The canvas needs a margin
    of the largest shift and four pixels more (`margin_for`); a path that leaves it is
    held at its rim, and the run is "degenerate".

    With some `subframes` the tissue moves while a frame is exposed: the path is that
    many times as fine, and a frame is the mean of the pictures along its part of it.
    Each costs as much as a frame without.

    **Needs:** `movie` on the canvas, `canvas`. **Makes:** `movie` of the field of
    view; `shift`, the displacement applied, in px, the mean over each exposure: a
    correction is its negative; `shift_within`, every one of them.
    """

    interpolation: eqx.AbstractVar[Interpolation]
    subframes: eqx.AbstractVar[int]

    makes: ClassVar[dict[str, Signal]] = {
        "movie": MOVIE,
        "shift": SHIFT,
        "shift_within": SHIFT_WITHIN,
        "status": Signal("", "1", "degenerate when the path leaves the canvas"),
    }
    makes_once: ClassVar[tuple[str, ...]] = ("shift", "shift_within", "status")
    resamples: ClassVar[bool] = True
    blockwise: ClassVar[bool] = True

    @abc.abstractmethod
    def path_um(self, canvas: Canvas, key: PRNGKeyArray) -> Float[Array, "time axis"]:
        """How far the tissue lies down and right at every frame of a canvas."""

    def once(self, canvas: Canvas, key: PRNGKeyArray) -> dict[str, Any]:
        """The path, in pixels."""
        need = reach(self.interpolation)
        if canvas.margin < need:
            raise ValueError(
                f"{type(self).__name__} needs tissue around the field of view: the "
                f"largest shift in pixels and {need} more, but margin_px is "
                f"{canvas.margin}. Give Miniscope(margin_px=margin_for(max_shift_um, "
                "pixel_um))."
            )
        n = self.subframes
        fine = dataclasses.replace(
            canvas, n_frames=n * canvas.n_frames, rate_hz=n * canvas.rate_hz
        )
        path = self.path_um(fine, key) / canvas.pixel_um
        room = float(canvas.margin - need)
        held = jnp.clip(path, -room, room)
        outside = jnp.abs(path - held).max() > 1e-3
        bad, good = jnp.uint8(DEGENERATE), jnp.uint8(OK)
        parts = held.reshape(canvas.n_frames, n, 2)
        return {
            "shift": canvas.series(held if n == 1 else parts.mean(1), SHIFT),
            "shift_within": canvas.series(parts, SHIFT_WITHIN),
            "status": jnp.where(outside, bad, good),
        }

    def __call__(
        self,
        movie: Float[Array, "time y x"],
        shift_within: Float[Array, "time subframe 2"],
        canvas: Canvas,
    ) -> dict[str, Any]:
        """The field of view, sub-pixel."""

        def seen(shift: Float[Array, "time 2"]) -> Array:
            kind = self.interpolation
            return shifted_crops(movie, shift, canvas.margin, canvas.fov, kind)

        if self.subframes == 1:
            return {"movie": seen(shift_within[:, 0])}

        def add(total: Array, shift: Array) -> tuple[Array, None]:
            return total + seen(shift), None

        dark = jnp.zeros((len(movie), *canvas.fov), movie.dtype)
        total, _ = jax.lax.scan(add, dark, jnp.swapaxes(shift_within, 0, 1))
        return {"movie": total / self.subframes}


class StillTissue(AbstractMotion):
    """No motion: the middle of the canvas."""

    interpolation: Interpolation = static("linear", "how to read between pixels")
    subframes: int = static(1, "one, since nothing moves", bounds=(1, 1))

    def path_um(self, canvas: Canvas, key: PRNGKeyArray) -> Float[Array, "time axis"]:
        """Zeros."""
        return jnp.zeros((canvas.n_frames, 2), canvas.pixel_um.dtype)


class GivenMotion(AbstractMotion):
    """A path from outside, at every frame or at every subframe."""

    trajectory_um: Data = data("time axis", "um", "(down, right), frame by frame")
    interpolation: Interpolation = static("sinc", "how to read between pixels")
    subframes: int = static(1, "places along the path in a frame", bounds=(1, 100))

    def path_um(self, canvas: Canvas, key: PRNGKeyArray) -> Float[Array, "time axis"]:
        """The path."""
        if self.trajectory_um.shape != (canvas.n_frames, 2):
            what = "frames" if self.subframes == 1 else "subframes"
            raise ValueError(
                f"GivenMotion.trajectory_um has shape {self.trajectory_um.shape}; the "
                f"recording has {canvas.n_frames} {what}, so give "
                f"({canvas.n_frames}, 2): down and right, in um."
            )
        return self.trajectory_um


class WalkMotion(AbstractMotion):
    r"""A random walk from the first frame on, held within a circle.

    $$ d_{t+1} = \Pi(d_t + s\,n_t / \sqrt{f}),\quad
       \Pi(d) = d\,(1 + (|d| / d_{\max})^{16})^{-1/16} $$

    The drift per second does not depend on the frame rate f; the default walks 0.3 um
    per frame at 20 Hz.
    """

    spread_um: Param = param(
        1.3416, "um / s^0.5", (0.0, 1e3), "drift along each axis in a second"
    )
    max_shift_um: Param = param(5.0, "um", (1e-3, 1e3), "radius of the circle")
    interpolation: Interpolation = static("sinc", "how to read between pixels")
    subframes: int = static(1, "places along the path in a frame", bounds=(1, 100))

    def path_um(self, canvas: Canvas, key: PRNGKeyArray) -> Float[Array, "time axis"]:
        """Walk, from the middle."""
        steps, _ = normal_pair(key, (canvas.n_frames, 2), canvas.pixel_um.dtype)
        steps = steps.at[0].set(0.0) * self.spread_um / math.sqrt(canvas.rate_hz)

        def walk(place: Array, step: Array) -> tuple[Array, Array]:
            place = within(place + step, self.max_shift_um)
            return place, place

        return jax.lax.scan(walk, jnp.zeros(2, steps.dtype), steps)[1]


class OscillatorMotion(AbstractMotion):
    r"""A brain on its springs, driven by steps of the animal and by random forces.

    $$ \ddot x + 2 \zeta \omega_0 \dot x + \omega_0^2 x = a(t), \qquad
       \omega_0 = 2 \pi f_0 $$

    integrated at 300 Hz or the nearest multiple of the frame rate (symplectic Euler),
    from rest and without forces. Locomotion drives the main axis by a sine whose
    frequency wanders by 15 % (0.3 s), noise (0.12 s) drives both. Their responses are
    averaged over frames, begin at zero, are brought to a root mean square radius of one
    and mixed; then the 99th percentile of the radius is scaled to `amplitude_um`, and
    `max_shift_um` is never passed: distances are drawn back as in `WalkMotion`, by 1e-4
    at two thirds of it. `reference="mean"` puts the mean place in the middle, as motion
    correction does, and not that of the first frame.
    """

    amplitude_um: Param = param(10.0, "um", (0.0, 1e3), "99th percentile of the radius")
    max_shift_um: Param = param(15.0, "um", (1e-3, 1e3), "largest radius")
    resonance_freq_hz: Param = param(6.0, "Hz", (0.1, 100.0), "of the tissue")
    damping_ratio: Param = param(0.5, "1", (0.01, 5.0), "of the tissue")
    locomotion_freq_hz: Param = param(7.0, "Hz", (0.0, 100.0), "steps of the animal")
    locomotion_fraction: Param = param(0.25, "1", (0.0, 1.0), "part of the motion")
    locomotion_axis: Literal["y", "x"] = static("y", "main axis")
    reference: Literal["first", "mean"] = static("first", "place in the middle")
    interpolation: Interpolation = static("sinc", "how to read between pixels")
    subframes: int = static(1, "places along the path in a frame", bounds=(1, 100))

    def __check_init__(self) -> None:
        if not concrete(self.amplitude_um, self.max_shift_um):
            return
        # on the host: inside another program JAX would trace the comparison
        wide, most = np.asarray(self.amplitude_um), np.asarray(self.max_shift_um)
        if (wide > most).any():
            raise ValueError(
                f"OscillatorMotion.amplitude_um = {wide:g} um lies beyond "
                f"max_shift_um = {most:g} um."
            )

    def path_um(self, canvas: Canvas, key: PRNGKeyArray) -> Float[Array, "time axis"]:
        """Shake."""
        return within(self.free_path_um(canvas, key), self.max_shift_um)

    def free_path_um(
        self, canvas: Canvas, key: PRNGKeyArray
    ) -> Float[Array, "time axis"]:
        """The path before it is limited: exactly 99 % lie within the amplitude."""
        n_bins = max(round(300.0 / canvas.rate_hz), 1)
        dt = 1.0 / (n_bins * canvas.rate_hz)

        size = n_bins * canvas.n_frames, 3
        white, _ = normal_pair(key, size, canvas.pixel_um.dtype)
        tau = jnp.asarray([0.3, 0.12, 0.12], white.dtype)
        kept = tau / (tau + dt)
        red = one_pole(kept, jnp.sqrt(1.0 - kept[None, :] ** 2) * white)
        turns = jnp.cumsum(self.locomotion_freq_hz * (1.0 + 0.15 * red[:, 0])) * dt
        stride = jnp.sin(2.0 * math.pi * (turns - jnp.floor(turns)))
        drive = jnp.concatenate([stride[:, None], red[:, 1:]], axis=1)
        x = oscillator(drive, self.resonance_freq_hz, self.damping_ratio, dt)
        x = x.reshape(canvas.n_frames, n_bins, 3).mean(axis=1)
        x = x - (x[:1] if self.reference == "first" else x.mean(0, keepdims=True))
        main = 0 if self.locomotion_axis == "y" else 1
        walking = jnp.zeros((len(x), 2), x.dtype).at[:, main].set(x[:, 0])
        part = self.locomotion_fraction
        mixed = part * _unit(walking) + (1.0 - part) * _unit(x[:, 1:])
        far = jnp.percentile(_radius(mixed), 99.0)
        return mixed * (self.amplitude_um / jnp.maximum(far, 1e-9))


def within(place: Float[Array, "*n 2"], radius: Float[Array, ""]) -> Array:
    r"""A place drawn back smoothly into a circle: $d (1 + (|d| / m)^{16})^{-1/16}$."""
    squared = ((place / radius) ** 2).sum(axis=-1, keepdims=True)
    excess = jnp.logaddexp(0.0, 8.0 * jnp.log(squared + 1e-18))
    return place * jnp.exp(-excess / 16.0)


def _radius(place: Array) -> Array:
    return jnp.sqrt((place**2).sum(axis=-1) + 1e-18)


def _unit(path: Array) -> Array:
    size = jnp.sqrt((path**2).sum(axis=-1).mean() + 1e-18)
    return path / size
