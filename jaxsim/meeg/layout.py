"""Where sensors are: an even layout of our own, and montages by name from MNE."""

from typing import NamedTuple

import numpy as np

from jaxsim.core.installed import needed


class Layout(NamedTuple):
    """Positions of sensors (sensor, 3) in metres, and their names."""

    positions_m: np.ndarray
    sensors: tuple[str, ...]


def fibonacci(n_points: int, lowest: float = -1.0) -> np.ndarray:
    """Points spread evenly over a unit sphere, or over its part above a height.

    Args:
        n_points: how many.
        lowest: height from -1 (a whole sphere) to 1; 0 is the upper half.

    Returns:
        (n_points, 3) unit vectors, from the top down.
    """
    if n_points < 1 or not -1 <= lowest < 1:
        raise ValueError(
            f"{n_points} points above height {lowest}: at least one point, above a "
            "height in [-1, 1)."
        )
    k = np.arange(n_points)
    turn = np.pi * (1 + 5**0.5) * k
    z = 1 - (k + 0.5) / n_points * (1 - lowest)
    across = np.sqrt(1 - z**2)
    return np.stack([across * np.cos(turn), across * np.sin(turn), z], axis=1)


def even_layout(
    n_sensors: int = 64, radius_m: float = 0.09, lowest: float = -0.3
) -> Layout:
    """Sensors spread evenly over the upper part of a sphere.

    Args:
        n_sensors: how many.
        radius_m: of the head for electrodes, of the helmet for MEG (about 0.12).
        lowest: height of the lowest sensors, in radii.
    """
    names = tuple(f"E{k + 1}" for k in range(n_sensors))
    return Layout(radius_m * fibonacci(n_sensors, lowest), names)


def montage(kind: str = "easycap-M43", radius_m: float = 0.09) -> Layout:
    """A montage of MNE by its name, on a sphere around the origin.

    The centre of MNE's template head is taken out, and every electrode is moved along
    its direction until it lies on the sphere. x points to the right ear, y to the nose.

    Args:
        kind: "easycap-M43", "biosemi64", "spherical_1020", ...
        radius_m: of the head.

    Raises:
        ModuleNotFoundError: MNE is not installed.
        ValueError: MNE knows no montage of this name.
    """
    mne = needed("mne", f"js.meeg.montage({kind!r})", "mne")
    try:
        template = mne.channels.make_standard_montage(kind)
    except ValueError:
        known = ", ".join(mne.channels.get_builtin_montages())
        raise ValueError(f"MNE has no montage '{kind}'; it has {known}.") from None
    found = template.get_positions()["ch_pos"]
    positions = np.stack(list(found.values()))
    away = positions - sphere_centre(positions)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return Layout(radius_m * away, tuple(found))


def sphere_centre(points: np.ndarray) -> np.ndarray:
    """Centre of the sphere that fits points best (least squares of |p|^2)."""
    rows = np.c_[2 * points, np.ones(len(points))]
    return np.linalg.lstsq(rows, (points**2).sum(1), rcond=None)[0][:3]
