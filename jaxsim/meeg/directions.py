"""Places of sources and the directions in which they may point."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsim.core.param import as_leaf, concrete


def as_points(value: Any, name: str, ndim: tuple[int, ...] = (2,)) -> Any:
    """Numbers of any kind as points in space, in metres.

    Raises:
        ValueError: not (points, 3), or not finite, or too far to be metres.
    """
    found = as_leaf(value)
    if found.ndim not in ndim or found.shape[-1] != 3 or 0 in found.shape:
        raise ValueError(
            f"{name} has shape {found.shape}; give one row of x, y, z per point."
        )
    if concrete(found):
        array = np.asarray(found)
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has entries that are not finite.")
        if np.abs(array).max() > 10:
            raise ValueError(
                f"{name} reaches {np.abs(array).max():.4g}; positions are in metres "
                "(divide millimetres by 1000)."
            )
    return found


def as_directions(value: Any, n_locations: int, kind: str) -> Any:
    """Directions as (location, xyz, component); (location, xyz) is one component.

    Raises:
        ValueError: another shape, or not unit vectors.
    """
    if value is None:
        return None
    found = as_leaf(value)
    found = found[..., None] if found.ndim == 2 else found
    fits = found.ndim == 3 and found.shape[:2] == (n_locations, 3)
    if not fits or not 1 <= found.shape[2] <= 3:
        raise ValueError(
            f"{kind}.orientations has shape {np.shape(value)}; give "
            f"({n_locations}, 3), or ({n_locations}, 3, K) with K up to 3 "
            "components per location."
        )
    if concrete(found):
        length = np.linalg.norm(np.asarray(found), axis=1)
        if not np.allclose(length, 1.0, atol=1e-3):
            raise ValueError(
                f"{kind}.orientations are unit vectors, but their lengths run from "
                f"{length.min():.4g} to {length.max():.4g}."
            )
    return found


def oriented(
    gain: Float[Array, "sensor location 3"],
    orientations: Float[Array, "location 3 component"] | None,
) -> Float[Array, "sensor source"]:
    """A gain of x, y and z as one of components, source-major (p = n K + k)."""
    if orientations is not None:
        gain = jnp.einsum("mnx,nxk->mnk", gain, orientations, precision="highest")
    return gain.reshape(gain.shape[0], -1)
