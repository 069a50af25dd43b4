"""Brain motion: the tissue slides under the microscope."""

import abc
import math
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Data, Param, data, param, static
from jaxsim.core.recording import DEGENERATE
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.shift import REACH, shifted_crop
from jaxsim.imaging.signals import MOVIE, SHIFT


class AbstractMotion(AbstractFrameStep):
    """A path of the tissue, and the frames that the microscope sees along it.

    From here on a movie has the size of the field of view. The canvas needs a margin
    of the largest shift and four pixels more; a path that leaves it is held at its
    rim, and the run is "degenerate".
    """

    makes: ClassVar[dict[str, Signal]] = {
        "movie": MOVIE,
        "shift": SHIFT,
        "status": Signal("", "1", "degenerate when the path leaves the canvas"),
    }
    makes_once: ClassVar[tuple[str, ...]] = ("shift", "status")
    resamples: ClassVar[bool] = True

    @abc.abstractmethod
    def path_um(self, canvas: Canvas, key: PRNGKeyArray) -> Float[Array, "time axis"]:
        """How far the tissue lies down and right at every frame."""

    def once(self, canvas: Canvas, key: PRNGKeyArray) -> dict[str, Any]:
        """The path, in pixels."""
        if canvas.margin < REACH:
            raise ValueError(
                f"{type(self).__name__} needs tissue around the field of view: the "
                f"largest shift in pixels and {REACH} more, but margin_px is "
                f"{canvas.margin}. Give Miniscope(margin_px=...)."
            )
        path = self.path_um(canvas, key) / canvas.pixel_um
        room = float(canvas.margin - REACH)
        held = jnp.clip(path, -room, room)
        outside = jnp.abs(path - held).max() > 1e-3
        bad = jnp.asarray(DEGENERATE, jnp.uint8)
        return {
            "shift": canvas.series(held, SHIFT),
            "status": jnp.where(outside, bad, jnp.uint8(1)),
        }

    def __call__(
        self, movie: Float[Array, "y x"], shift: Float[Array, "2"], canvas: Canvas
    ) -> dict[str, Any]:
        """The field of view, sub-pixel."""
        return {"movie": shifted_crop(movie, shift, canvas.margin, canvas.fov)}


class StillTissue(AbstractMotion):
    """No motion: the middle of the canvas."""

    def path_um(self, canvas: Canvas, key: PRNGKeyArray) -> Float[Array, "time axis"]:
        """Zeros."""
        return jnp.zeros((canvas.n_frames, 2), canvas.pixel_um.dtype)


class GivenMotion(AbstractMotion):
    """A path from outside."""

    trajectory_um: Data = data("time axis", "um", "(down, right) at every frame")

    def path_um(self, canvas: Canvas, key: PRNGKeyArray) -> Float[Array, "time axis"]:
        """The path."""
        if self.trajectory_um.shape != (canvas.n_frames, 2):
            raise ValueError(
                f"GivenMotion.trajectory_um has shape {self.trajectory_um.shape}; the "
                f"recording has {canvas.n_frames} frames, so give ({canvas.n_frames}, 2)"
                ": down and right, in um."
            )
        return self.trajectory_um


class WalkMotion(AbstractMotion):
    """A random walk that is held within a circle."""

    step_um: Param = param(0.3, "um", (0.0, 100.0), "spread of a step, per axis")
    max_shift_um: Param = param(5.0, "um", (1e-3, 1e3), "radius of the circle")

    def path_um(self, canvas: Canvas, key: PRNGKeyArray) -> Float[Array, "time axis"]:
        """Walk, from the middle."""
        steps = self.step_um * _per_frame(key, canvas, jax.random.normal)

        def walk(place: Array, step: Array) -> tuple[Array, Array]:
            place = within(place + step, self.max_shift_um)
            return place, place

        return jax.lax.scan(walk, jnp.zeros(2, steps.dtype), steps)[1]


class OscillatorMotion(AbstractMotion):
    r"""A brain on its springs, driven by steps of the animal and by random forces.

    $$ \ddot x + 2 \zeta \omega_0 \dot x + \omega_0^2 x = a(t), \qquad
       \omega_0 = 2 \pi f_0 $$

    integrated at 300 Hz or the nearest multiple of the frame rate (symplectic Euler),
    from rest. Locomotion drives the main axis by a sine whose frequency wanders by
    15 % (0.3 s), noise (0.12 s) drives both. Their responses are averaged over frames,
    begin at zero, are brought to a root mean square radius of one and mixed; then the
    99th percentile of the radius is scaled to `amplitude_um`, and what lies outside
    `max_shift_um` is held there.
    """

    amplitude_um: Param = param(10.0, "um", (0.0, 1e3), "99th percentile of the radius")
    max_shift_um: Param = param(15.0, "um", (1e-3, 1e3), "largest radius")
    resonance_freq_hz: Param = param(6.0, "Hz", (0.1, 100.0), "of the tissue")
    damping_ratio: Param = param(0.5, "1", (0.01, 5.0), "of the tissue")
    locomotion_freq_hz: Param = param(7.0, "Hz", (0.0, 100.0), "steps of the animal")
    locomotion_fraction: Param = param(0.25, "1", (0.0, 1.0), "part of the motion")
    locomotion_axis: Literal["y", "x"] = static("y", "main axis")

    def path_um(self, canvas: Canvas, key: PRNGKeyArray) -> Float[Array, "time axis"]:
        """Shake."""
        n_bins = max(round(300.0 / canvas.rate_hz), 1)
        dt = 1.0 / (n_bins * canvas.rate_hz)
        wander, force = jax.random.split(key)

        def draws(key: PRNGKeyArray, n: int) -> Array:
            def draw(key: PRNGKeyArray, shape: tuple, dtype: Any) -> Array:
                return jax.random.normal(key, (n_bins, n), dtype)

            return _per_frame(key, canvas, draw).reshape(-1, n)

        slow = low_pass(draws(wander, 1)[:, 0], 0.3, dt)
        turns = jnp.cumsum(self.locomotion_freq_hz * (1.0 + 0.15 * slow)) * dt
        stride = jnp.sin(2.0 * math.pi * (turns - jnp.floor(turns)))
        push = low_pass(draws(force, 2), 0.12, dt)
        drive = jnp.concatenate([stride[:, None], push], axis=1)
        omega = 2.0 * math.pi * self.resonance_freq_hz

        def swing(state: tuple, a: Array) -> tuple[tuple, Array]:
            x, v = state
            v = v + dt * (a - 2.0 * self.damping_ratio * omega * v - omega**2 * x)
            x = x + dt * v
            return (x, v), x

        rest = jnp.zeros(3, drive.dtype)
        _, x = jax.lax.scan(swing, (rest, rest), drive)
        x = x.reshape(canvas.n_frames, n_bins, 3).mean(axis=1)
        x = x - x[:1]
        main = 0 if self.locomotion_axis == "y" else 1
        walking = jnp.zeros((len(x), 2), x.dtype).at[:, main].set(x[:, 0])
        part = self.locomotion_fraction
        mixed = part * _unit(walking) + (1.0 - part) * _unit(x[:, 1:])
        far = jnp.percentile(_radius(mixed), 99.0)
        mixed = mixed * (self.amplitude_um / jnp.maximum(far, 1e-9))
        return within(mixed, self.max_shift_um)


def low_pass(white: Float[Array, "time *n"], tau_s: float, dt: float) -> Array:
    """White noise through one pole, brought to a standard deviation of one."""
    alpha = dt / (tau_s + dt)

    def step(y: Array, x: Array) -> tuple[Array, Array]:
        y = y + alpha * (x - y)
        return y, y

    smooth = jax.lax.scan(step, jnp.zeros_like(white[0]), white)[1]
    return smooth / jnp.maximum(smooth.std(axis=0, keepdims=True), 1e-9)


def within(place: Float[Array, "*n 2"], radius: Float[Array, ""]) -> Array:
    """A place, or the nearest one inside a circle."""
    far = _radius(place)[..., None]
    return place * jnp.minimum(1.0, radius / jnp.maximum(far, 1e-9))


def _radius(place: Array) -> Array:
    return jnp.sqrt((place**2).sum(axis=-1) + 1e-18)


def _unit(path: Array) -> Array:
    size = jnp.sqrt((path**2).sum(axis=-1).mean() + 1e-18)
    return path / size


def _per_frame(key: PRNGKeyArray, canvas: Canvas, draw: Any) -> Array:
    """Draws of every frame from a key of its own: a longer recording begins alike."""
    frames = jnp.arange(canvas.n_frames, dtype=jnp.uint32)
    keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(frames)
    return jax.vmap(lambda k: draw(k, (2,), canvas.pixel_um.dtype))(keys)
