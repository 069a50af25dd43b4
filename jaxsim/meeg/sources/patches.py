"""Patches: active locations become active areas."""

from typing import Any, ClassVar, Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Data, Param, data, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.directions import as_points
from jaxsim.meeg.signals import ACTIVE, ACTIVITY


class Patches(AbstractStep):
    r"""Each source is spread over the locations around it, its moment kept.

    $$ q_i \leftarrow \sum_j B_{ij} q_j, \qquad
       B_{ij} \propto e^{-d_{ij}^2 / 2 r^2} \text{ or } [d_{ij} \le r], \qquad
       \sum_i B_{ij} = 1 $$

    with the straight distance d. Locations within the radius r of an active one are
    active then.

    **Needs:** `activity`, `active`. **Makes:** the same, spread.
    """

    positions_m: Data = data("location xyz", "m", "where the locations are")
    radius_m: Param = param(0.01, "m", (1e-6, 1.0), "of a patch")
    profile: Literal["gaussian", "flat"] = static(
        "gaussian", "from its middle outwards"
    )

    makes: ClassVar[dict[str, Signal]] = {"activity": ACTIVITY, "active": ACTIVE}

    def __post_init__(self) -> None:
        self.positions_m = as_points(self.positions_m, "Patches.positions_m")

    def distances(self) -> Float[Array, "location location"]:
        """Between all locations, in m."""
        apart = self.positions_m[:, None] - self.positions_m[None]
        square = jnp.sum(apart**2, axis=-1)
        # the root has no slope at zero, where a location meets itself
        return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)

    def __call__(self, activity: Series, active: Series) -> dict[str, Any]:
        """Spread it."""
        n, n_columns = len(self.positions_m), activity.values.shape[1]
        if active.values.shape[0] != n:
            raise ValueError(
                f"Patches.positions_m has {n} locations, but 'active' has "
                f"{active.values.shape[0]}. Give the positions of all of them."
            )
        distance = self.distances()
        near = distance <= self.radius_m
        spread = near.astype(distance.dtype)
        if self.profile == "gaussian":
            spread = jnp.exp(-0.5 * (distance / self.radius_m) ** 2)
        spread = spread / spread.sum(axis=0, keepdims=True)
        apart = activity.values.reshape(-1, n, n_columns // n)
        values = jnp.einsum("ij,tjk->tik", spread, apart, precision="highest")
        reached = (near & active.values.astype(bool)[None]).any(axis=1)
        return {
            "activity": activity.with_values(values.reshape(activity.values.shape)),
            "active": active.with_values(reached),
        }
