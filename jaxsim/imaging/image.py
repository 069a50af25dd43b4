"""Image: the footprints of all cells as the optics show them, evaluated anywhere."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


BEYOND = 1e-3  # of a cell's light lies outside its square


class Image(eqx.Module):
    r"""What every cell sends to the sensor, factored so that nothing large is stored.

    A sharp stamp $P$ per cell, blurred along both axes and placed sub-pixel:

    $$ A(y, x) = g \sum_{ij} G_\sigma(y - y_0 - i)\, P_{ij}\, G_\sigma(x - x_0 - j) $$

    with $G_\sigma$ a Gaussian integrated over a pixel, so that all light arrives
    whatever the blur: the sum over pixels is $g \sum P$. Smooth in place,
    blur and gain.
    """

    stamp: Float[Array, "cell s s"]
    centre: Float[Array, "cell 2"]  # (y, x) as sub-pixel indices into the canvas
    sigma: Float[Array, "cell"]  # px
    gain: Float[Array, "cell"]

    def window(
        self,
        cell: Int[Array, "*n"],
        rows: Float[Array, "*n h"],
        columns: Float[Array, "*n w"],
    ) -> Float[Array, "*n h w"]:
        """Light of some cells on grids of their own."""
        centre, sigma = self.centre[cell], self.sigma[cell]
        down = self._blur(rows, centre[..., 0], sigma)
        right = self._blur(columns, centre[..., 1], sigma)
        light = down @ self.stamp[cell] @ jnp.swapaxes(right, -1, -2)
        return light * self.gain[cell][..., None, None]

    def _blur(
        self, at: Float[Array, "*n h"], centre: Array, sigma: Array
    ) -> Float[Array, "*n h s"]:
        """The part of each pixel of the stamp that lands in each pixel of the grid."""
        s = self.stamp.shape[-1]
        inside = jnp.arange(s, dtype=at.dtype) - (s - 1) / 2.0
        off = (at - centre[..., None])[..., :, None] - jnp.broadcast_to(
            inside, (*at.shape, s)
        )
        scale = jnp.broadcast_to(0.5**0.5 / sigma[..., None, None], off.shape)
        upper = jax.lax.erf((off + 0.5) * scale)
        return 0.5 * (upper - jax.lax.erf((off - 0.5) * scale))

    def light(self) -> Float[Array, "cell"]:
        """All that arrives of each cell."""
        return self.gain * self.stamp.sum((1, 2))

    def outside(self, half: Float[Array, "cell"]) -> Float[Array, "cell"]:
        """Part of each cell's light beyond a square around it, from half its side.

        Tails along both axes are summed, each to the nearer side.
        """
        sigma, stamp = self.sigma, self.stamp
        side = stamp.shape[-1]
        off = np.abs(np.arange(side) - (side - 1) / 2.0)
        profile = jnp.concatenate([stamp.sum(1), stamp.sum(2)], axis=1)
        profile = profile / jnp.maximum(profile.sum(1, keepdims=True) / 2.0, 1e-12)
        gap = half[:, None] - jnp.asarray(np.tile(off, 2), sigma.dtype)[None]
        scale = jnp.broadcast_to(0.5**0.5 / sigma[:, None], gap.shape)
        return 0.5 * (profile * jax.lax.erfc(gap * scale)).sum(1)

    def reach(self) -> Float[Array, "cell"]:
        """Half the side of a square with all but 0.1 % of a cell's light, px.

        It has no gradient: what it is for is a choice among whole sizes.
        """
        fixed = jax.lax.stop_gradient(self)

        def halve(_: Any, between: tuple[Array, Array]) -> tuple[Array, Array]:
            low, high = between
            middle = (low + high) / 2.0
            more = fixed.outside(middle) > BEYOND
            return jnp.where(more, middle, low), jnp.where(more, high, middle)

        most = fixed.stamp.shape[-1] / 2.0 + 3.5 * fixed.sigma
        return jax.lax.fori_loop(0, 10, halve, (jnp.zeros_like(most), most))[1]

    def patches(
        self, size: int, shape: tuple[int, int], cell: Int[Array, "n"]
    ) -> tuple[Float[Array, "n h w"], Int[Array, "n 2"]]:
        """Squares around some cells, and the canvas index of their first pixels.

        A square that would leave the canvas is moved to its rim, and still shows all
        of the canvas that it showed before.
        """
        middle = jnp.round(jax.lax.stop_gradient(self.centre[cell])).astype(jnp.int32)
        corners, along = [], []
        for i, n in enumerate(shape):
            side = min(size, n)
            corner = jnp.clip(middle[:, i] - side // 2, 0, n - side)
            corners.append(corner)
            index = corner[:, None] + jnp.arange(side, dtype=jnp.int32)[None, :]
            along.append(index.astype(self.sigma.dtype))
        return self.window(cell, *along), jnp.stack(corners, axis=1)

    def peak(self) -> Float[Array, "cell"]:
        """Light of each cell at its own centre."""
        cell = jnp.arange(len(self.sigma))
        light = self.window(cell, self.centre[:, :1], self.centre[:, 1:])
        return light[:, 0, 0]
