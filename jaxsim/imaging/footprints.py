"""Image: the footprints of all cells as the optics show them, evaluated anywhere."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


SIGMAS = 3.5  # how far a blur is followed; what is cut off is below 0.1 % of the light


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

    def reach(self) -> Float[Array, "cell"]:
        """Half the side of the square that holds a cell's light, px."""
        half = self.stamp.shape[-1] / 2.0
        return SIGMAS * self.sigma + half

    def patches(
        self, size: int, cell: Int[Array, "n"]
    ) -> tuple[Float[Array, "n size size"], Int[Array, "n 2"]]:
        """Squares around some cells, and the canvas index of their first pixels."""
        middle = jnp.round(jax.lax.stop_gradient(self.centre[cell])).astype(jnp.int32)
        corner = middle - size // 2
        along = jnp.arange(size, dtype=jnp.int32)[None, :]
        rows, columns = (
            (corner[:, i, None] + along).astype(self.sigma.dtype) for i in (0, 1)
        )
        return self.window(cell, rows, columns), corner

    def peak(self) -> Float[Array, "cell"]:
        """Light of each cell at its own centre."""
        cell = jnp.arange(len(self.sigma))
        light = self.window(cell, self.centre[:, :1], self.centre[:, 1:])
        return light[:, 0, 0]
