"""SphereMeg: magnetic fields outside a spherical head, in closed form."""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsim.core.param import Data, Param, concrete, data, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.directions import as_directions, as_points, oriented
from jaxsim.meeg.moment import source_moment
from jaxsim.meeg.projection import PLACED, PROJECTED, placed, project


class SphereMeg(AbstractStep):
    r"""Magnetic fields of dipoles in any spherically symmetric head.

    With $a = r - r_0$ from the dipole $q$ at $r_0$ to the sensor at $r$,

    $$ B = \frac{\mu_0}{4 \pi F^2} \left( F\, q \times r_0
       - (q \times r_0 \cdot r) \nabla F \right), \qquad
       F = a (r a + r^2 - r_0 \cdot r) $$

    Radii and conductivities do not matter, and a radial dipole is silent. A coil is a
    set of points, each with its normal and weight, over which the field is summed: one
    of weight 1 is a magnetometer, two of weights 1/b and -1/b a gradiometer (fT/m).

    **Needs:** `activity`. **Makes:** `field`, `gain`, `source_positions`,
    `orientations`.

    ```bibtex
    @article{sarvas1987, title={Basic mathematical and electromagnetic concepts of the
      biomagnetic inverse problem}, author={Sarvas, J.}, journal={Physics in Medicine
      and Biology}, volume={32}, number={1}, pages={11--22}, year={1987}}
    ```
    """

    source_positions_m: Data = data("location xyz", "m", "where the dipoles are")
    sensor_positions_m: Data = data(
        "sensor point xyz", "m", "points of each coil, or (sensor, 3): one point each"
    )
    sensor_normals: Data = data(
        "sensor point xyz", "1", "unit normals, shaped as the positions"
    )
    coil_weights: Data | None = data(
        "sensor point", "1", "of the points; none: their mean", None
    )
    orientations: Data | None = data(
        "location xyz component",
        "1",
        "direction of each component, or one (location, 3); none: x, y and z",
        None,
    )
    centre_m: Param = param((0.0, 0.0, 0.0), "m", (-1.0, 1.0), "of the head")
    moment_nam: Param | None = param(
        None,
        "nAm",
        (-1e6, 1e6),
        "source moment that one unit of activity stands for; none: as its maker says",
    )
    sensors: tuple[str, ...] = static((), "name of each sensor")

    makes: ClassVar[dict[str, Signal]] = PROJECTED | PLACED

    def __post_init__(self) -> None:
        self.source_positions_m = as_points(
            self.source_positions_m, "SphereMeg.source_positions_m"
        )
        self.sensor_positions_m = _by_point(
            as_points(self.sensor_positions_m, "SphereMeg.sensor_positions_m", (2, 3))
        )
        self.sensor_normals = _by_point(
            as_points(self.sensor_normals, "SphereMeg.sensor_normals", (2, 3))
        )
        self.orientations = as_directions(
            self.orientations, len(self.source_positions_m), "SphereMeg"
        )

    def __check_init__(self) -> None:
        points, normals = self.sensor_positions_m, self.sensor_normals
        if points.shape != normals.shape:
            raise ValueError(
                f"SphereMeg.sensor_normals has shape {normals.shape}, but the "
                f"positions have {points.shape}; give one normal per point."
            )
        weights = self.coil_weights
        if weights is not None and weights.shape != points.shape[:2]:
            raise ValueError(
                f"SphereMeg.coil_weights has shape {weights.shape}; give one weight "
                f"per point, {points.shape[:2]}."
            )
        if self.sensors and len(self.sensors) != len(points):
            raise ValueError(
                f"SphereMeg.sensors has {len(self.sensors)} names for {len(points)} "
                "sensors."
            )
        sources, centre = self.source_positions_m, self.centre_m
        if concrete(points, normals, sources, centre):
            length = np.linalg.norm(np.asarray(normals), axis=-1)
            if not np.allclose(length, 1.0, atol=1e-3):
                raise ValueError(
                    "SphereMeg.sensor_normals are unit vectors, but their lengths run "
                    f"from {length.min():.4g} to {length.max():.4g}."
                )
            depth = np.linalg.norm(np.asarray(sources - centre[None]), axis=-1).max()
            near = np.linalg.norm(np.asarray(points) - np.asarray(centre), axis=-1)
            if depth >= near.min():
                raise ValueError(
                    f"SphereMeg: the outermost source is {depth:.4g} m from the "
                    f"centre, the innermost point of a coil {near.min():.4g} m. "
                    "Sensors lie outside the head; positions are in metres."
                )

    def cards(self) -> dict[str, Signal]:
        """`field` in fT."""
        cards = type(self).makes
        return cards | {
            "field": cards["field"]._replace(unit="fT"),
            "gain": cards["gain"]._replace(unit="fT/nAm"),
        }

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse activity of which nobody says what source moment it stands for."""
        if "activity" in cards:
            source_moment(cards["activity"], self.moment_nam, name, "SphereMeg")

    def gain(self) -> Float[Array, "sensor source"]:
        """Field of a unit source, in fT/nAm (with weights of 1/m: fT/m/nAm)."""
        return self.gain_at(self.sensor_positions_m, self.sensor_normals)

    def gain_at(
        self,
        points: Float[Array, "sensor point 3"],
        normals: Float[Array, "sensor point 3"],
    ) -> Float[Array, "sensor source"]:
        """The gain if the coils were elsewhere."""
        shape = points.shape[:2]
        field = sphere_fields(
            self.source_positions_m - self.centre_m[None],
            points.reshape(-1, 3) - self.centre_m[None],
            normals.reshape(-1, 3),
        ).reshape(*shape, -1, 3)
        weights = self.coil_weights
        if weights is None:
            weights = jnp.full(shape, 1.0 / shape[1], field.dtype)
        summed = jnp.sum(weights[..., None, None] * field, axis=1)
        return oriented(summed, self.orientations)

    def __call__(self, activity: Series) -> dict[str, Any]:
        """The field of the activity, and the gain as estimators need it."""
        moment = source_moment(
            activity.card, self.moment_nam, "sphere_meg", "SphereMeg"
        )
        made = project(activity, self.gain(), moment, "meg", self.sensors)
        return made | placed(self.source_positions_m, self.orientations)


def sphere_fields(
    dipoles: Float[Array, "location 3"],
    points: Float[Array, "point 3"],
    normals: Float[Array, "point 3"],
) -> Float[Array, "point location 3"]:
    """Fields along the normals of unit dipoles along x, y and z, in fT/nAm.

    Args:
        dipoles: positions from the centre of the head, m.
        points: where the field is taken, the same.
        normals: unit vectors.
    """
    dipole, point, normal = dipoles[None], points[:, None], normals[:, None]
    away = point - dipole
    a = jnp.linalg.norm(away, axis=-1, keepdims=True)
    r = jnp.linalg.norm(point, axis=-1, keepdims=True)
    along = jnp.sum(away * point, axis=-1, keepdims=True)
    f = a * (r * a + along)  # the same as r^2 - r_0 . r, without the difference
    along = along / a
    slope = (a**2 / r + along + 2 * a + 2 * r) * point - (a + 2 * r + along) * dipole
    turned = f * normal - point * jnp.sum(slope * normal, axis=-1, keepdims=True)
    dipole = jnp.broadcast_to(dipole, turned.shape)
    return 0.1 * jnp.cross(dipole, turned) / f**2


def _by_point(array: Any) -> Any:
    """One point per coil where no axis says how many."""
    return array[:, None] if array.ndim == 2 else array
