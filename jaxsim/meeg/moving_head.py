"""MovingHead: magnetic fields of a head that moves below its sensors."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.moment import source_moment
from jaxsim.meeg.projection import PLACED, PROJECTED, placed, project
from jaxsim.meeg.signals import FIELD
from jaxsim.meeg.sphere_meg import SphereMeg


class MovingHead(AbstractStep):
    r"""What the sensors of MEG see of a head that shifts and turns.

    A point x of the head is at $c + R(t)(x - c) + s(t)$, with c the centre of the
    head, R the rotation by a vector of degrees (its direction is the axis) and s the
    shift. Both are given at knots spread evenly over the recording, and run straight
    between them. One knot is a head that stays where it is put.

    `gain` is that of the first sample: what a recorder that localises the head once
    gives to an estimator.

    **Needs:** `activity`. **Makes:** `field`, `gain`, `source_positions` and
    `orientations` in the head; `head_shift`.
    """

    meg: SphereMeg
    shift_m: Param = param(((0.0, 0.0, 0.0),), "m", (-1.0, 1.0), "by knot, x, y, z")
    rotation_deg: Param = param(
        ((0.0, 0.0, 0.0),), "deg", (-360.0, 360.0), "vector by knot, around the centre"
    )

    makes: ClassVar[dict[str, Signal]] = (
        PROJECTED
        | PLACED
        | {"head_shift": Signal("time xyz", "m", "of the head from where it is given")}
    )

    def __check_init__(self) -> None:
        for name in ("shift_m", "rotation_deg"):
            shape = getattr(self, name).shape
            if len(shape) != 2 or shape[1] != 3:
                raise ValueError(
                    f"MovingHead.{name} has shape {shape}; give (knots, 3)."
                )

    def cards(self) -> dict[str, Signal]:
        """`field` in fT."""
        return type(self).makes | self.meg.cards()

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse activity of which nobody says what source moment it stands for."""
        self.meg.accept(cards, name)

    def __call__(self, activity: Series) -> dict[str, Any]:
        """The field, sample by sample."""
        meg, values = self.meg, activity.values
        shifts = between(self.shift_m, values.shape[0])
        turns = jnp.deg2rad(between(self.rotation_deg, values.shape[0]))
        moment = source_moment(activity.card, meg.moment_nam, "meg", "SphereMeg")
        made = project(activity, self.gain(shifts[0], turns[0]), moment, "meg", ())

        def seen(now: Any) -> Array:
            shift, turn, moments = now
            gain = self.gain(shift, turn)
            return jnp.matmul(gain, moments, precision="highest")

        field = jax.lax.map(seen, (shifts, turns, values * jnp.asarray(moment)))
        names = (("sensor", meg.sensors),) if meg.sensors else ()
        card = FIELD._replace(unit="fT")
        made["field"] = Series(field, activity.clock, card, names)
        made |= placed(meg.source_positions_m, meg.orientations)
        return made | {"head_shift": shifts}

    def gain(
        self, shift: Float[Array, " 3"], turn: Float[Array, " 3"]
    ) -> Float[Array, "sensor source"]:
        """The gain of one place of the head: in the head's eyes the coils move."""
        back, centre = rotation(-turn), self.meg.centre_m
        away = self.meg.sensor_positions_m - (centre + shift)[None, None]
        points = jnp.matmul(away, back.T, precision="highest") + centre[None, None]
        normals = jnp.matmul(self.meg.sensor_normals, back.T, precision="highest")
        return self.meg.gain_at(points, normals)


def between(knots: Float[Array, "knot 3"], n_samples: int) -> Float[Array, "time 3"]:
    """Straight lines between knots that are spread evenly over the samples."""
    n = knots.shape[0]
    if n == 1 or n_samples == 1:
        return jnp.repeat(knots[:1], n_samples, axis=0)
    along = jnp.arange(n_samples, dtype=knots.dtype) * ((n - 1) / (n_samples - 1))
    first = jnp.clip(jnp.floor(along).astype(int), 0, n - 2)
    share = (along - first.astype(knots.dtype))[:, None]
    return (1 - share) * knots[first] + share * knots[first + 1]


def rotation(vector: Float[Array, " 3"]) -> Float[Array, "3 3"]:
    """The matrix that turns by |vector| radians around it (Rodrigues)."""
    # the root has no slope at zero: no rotation is one of 1e-15
    angle = jnp.sqrt(jnp.sum(vector**2) + 1e-30)
    zero = jnp.zeros((), vector.dtype)
    x, y, z = vector
    cross = jnp.stack([zero, -z, y, z, zero, -x, -y, x, zero]).reshape(3, 3)
    once = jnp.sinc(angle / jnp.pi)
    twice = 0.5 * jnp.sinc(angle / (2 * jnp.pi)) ** 2
    square = jnp.matmul(cross, cross, precision="highest")
    return jnp.eye(3, dtype=vector.dtype) + once * cross + twice * square
