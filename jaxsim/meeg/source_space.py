"""Where sources may be, and along which directions they may point."""

import math
from typing import Any

import numpy as np

from jaxsim.meeg.layout import fibonacci


def on_sphere(
    n_locations: int, radius_m: float = 0.07, centre_m: Any = (0.0, 0.0, 0.0)
) -> np.ndarray:
    """Locations spread evenly over the upper half of a sphere, as on a cortex.

    Args:
        n_locations: how many.
        radius_m: of the sphere; inside the innermost shell of the head.
        centre_m: of the sphere.

    Returns:
        (n_locations, 3), in metres.
    """
    return np.asarray(centre_m) + radius_m * fibonacci(n_locations, lowest=0.0)


def in_ball(
    spacing_m: float = 0.01,
    radius_m: float = 0.07,
    lowest_m: float | None = None,
    centre_m: Any = (0.0, 0.0, 0.0),
) -> np.ndarray:
    """Locations on a cubic grid inside a ball.

    Args:
        spacing_m: of the grid.
        radius_m: of the ball.
        lowest_m: leave out what lies below this height from the centre; none: nothing.
        centre_m: of the ball, which the grid has a point in.

    Raises:
        ValueError: the spacing is not positive.
    """
    if spacing_m <= 0:
        raise ValueError(f"spacing_m = {spacing_m} m must be above 0.")
    n = math.floor(radius_m / spacing_m)
    line = spacing_m * np.arange(-n, n + 1)
    grid = np.stack(np.meshgrid(line, line, line, indexing="ij"), -1).reshape(-1, 3)
    kept = np.linalg.norm(grid, axis=1) <= radius_m * (1 + 1e-9)
    if lowest_m is not None:
        kept &= grid[:, 2] >= lowest_m - 1e-12
    return np.asarray(centre_m) + grid[kept]


def radial(positions_m: Any, centre_m: Any = (0.0, 0.0, 0.0)) -> np.ndarray:
    """Unit vectors away from a centre: the normals of sources on a sphere.

    Raises:
        ValueError: a location in the centre, which has no outside.
    """
    away = np.asarray(positions_m, float) - np.asarray(centre_m, float)
    length = np.linalg.norm(away, axis=1, keepdims=True)
    if (length == 0).any():
        raise ValueError(
            f"location {int(np.argmin(length))} lies in the centre and has no radial "
            "direction; leave it out."
        )
    return away / length


def tangential_basis(positions_m: Any, centre_m: Any = (0.0, 0.0, 0.0)) -> np.ndarray:
    """Two directions across the radius of every location: all that MEG sees.

    Returns:
        (location, 3, 2), orthonormal.
    """
    normal = radial(positions_m, centre_m)
    # the axis that is least along the radius
    axis = np.eye(3)[np.abs(normal).argmin(axis=1)]
    first = axis - (axis * normal).sum(1, keepdims=True) * normal
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(normal, first)], -1)


def visible_basis(gain: Any, n_components: int = 2) -> np.ndarray:
    r"""The directions of each location that sensors see best.

    Of the gain of x, y and z at a location, $L_n = U \Sigma V^T$, the first right
    singular vectors, each with its largest entry positive. The reduced gain is
    $L_n Q_n$; a moment $a$ stands for $Q_n a$ in space.

    It is made once, on the host: where two singular values meet, the vectors have no
    derivative.

    Args:
        gain: (sensor, location, 3), or (sensor, 3 locations) source-major.
        n_components: 1, 2 or 3.

    Returns:
        (location, 3, n_components).
    """
    gain = np.asarray(gain, np.float64)
    if gain.ndim == 2 and gain.shape[1] % 3 == 0:
        gain = gain.reshape(len(gain), -1, 3)
    if gain.ndim != 3 or gain.shape[2] != 3 or not 1 <= n_components <= 3:
        raise ValueError(
            f"a gain of shape {gain.shape} cannot be reduced to {n_components} "
            "components; give (sensor, location, 3) and 1, 2 or 3 components."
        )
    of_locations = np.moveaxis(gain, 1, 0)
    right = np.linalg.svd(of_locations, full_matrices=False)[2]  # location, 3, xyz
    basis = np.swapaxes(right, 1, 2)[..., :n_components]
    largest = np.take_along_axis(basis, np.abs(basis).argmax(1)[:, None], axis=1)
    return basis * np.where(largest < 0, -1.0, 1.0)


def nearest(positions_m: Any, place_m: Any) -> int:
    """The number of the location nearest to a place: where to put a source.

    Args:
        positions_m: (location, 3).
        place_m: (3,).
    """
    away = np.asarray(positions_m, float) - np.asarray(place_m, float)
    return int((away**2).sum(1).argmin())
