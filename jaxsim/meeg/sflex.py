"""sFLEX: sources that are sums of smooth bumps, one around each location."""

from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float


def sflex_basis(
    positions: Float[Array, "location xyz"],
    sigma: Float[Array, ""] | float,
    threshold_factor: float = 3.0,
    normalize: Literal["sym", "row", "none"] = "sym",
    edge: Literal["sharp", "smooth"] = "sharp",
) -> Float[Array, "location location"]:
    r"""The map from coefficients to sources, $B = D^{-1/2} W D^{-1/2}$.

    $$ W_{ij} = \exp(-\lVert r_i - r_j \rVert^2 / 2 \sigma^2) \quad
    \text{where} \quad \lVert r_i - r_j \rVert \le 3 \sigma, \qquad
    D = \mathrm{diag}(W 1) $$

    Distances are straight lines, not paths along the cortex. A location that crosses
    the sharp edge makes the basis jump with sigma, by 1 % of a bump, of which no
    derivative tells; the smooth edge multiplies the bump by $(1 - u^2)^2$, with u from
    0 to 1 as the squared distance goes from 2 to 3 sigma, squared.

    Args:
        positions: in m.
        sigma: width of a bump, m.
        threshold_factor: where a bump ends, in sigma.
        normalize: "sym", as above; "row": D^-1 W, each source a mean; "none": W.
        edge: cut, or brought to zero.

    ```bibtex
    @article{haufe2011, title={Large-scale EEG/MEG source localization with spatial
      flexibility}, author={Haufe, Stefan and Tomioka, Ryota and Dickhaus, Thorsten and
      Sannelli, Claudia and Blankertz, Benjamin and Nolte, Guido and M{\"u}ller,
      Klaus-Robert}, journal={NeuroImage}, volume={54}, number={2}, pages={851--859},
      year={2011}}
    ```
    """
    apart = positions[:, None] - positions[None]
    squared = jnp.square(apart).sum(-1) / jnp.square(sigma)
    bump = jnp.exp(-squared / 2)
    inside = squared <= threshold_factor**2
    if edge == "smooth":
        first, last = (threshold_factor - 1.0) ** 2, threshold_factor**2
        late = jnp.clip((squared - first) / (last - first), 0.0, 1.0)
        bump = bump * jnp.square(1.0 - jnp.square(late))
    weights = jnp.where(inside, bump, 0.0)
    total = weights.sum(1)
    if normalize == "none":
        return weights
    if normalize == "row":
        return weights / total[:, None]
    root = jnp.sqrt(total)
    return weights / root[:, None] / root[None]


def spread_gain(
    gain: Float[Array, "sensor source"],
    basis: Float[Array, "location location"],
    n_orient: int,
) -> Float[Array, "sensor source"]:
    """The gain of the coefficients, L (B x I): each component is spread by itself."""
    n_sensors = gain.shape[0]
    by_location = gain.reshape(n_sensors, -1, n_orient)
    return jnp.einsum("mnk,nj->mjk", by_location, basis).reshape(gain.shape)
