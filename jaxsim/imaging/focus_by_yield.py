"""Focus by yield: the depth at which most cells can be told from noise."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.fields import falling_off
from jaxsim.imaging.focus import FOCAL_DEPTH, LeastDefocus, focal_rise
from jaxsim.imaging.optics import diffraction_um


N_PLANES = 96


class MostDetected(AbstractStep):
    r"""Focus where most cells stand out from their noise, as one turns the knob.

    Of 96 depths between the shallowest and the deepest place at which a cell is sharp,
    the one where most cells reach a signal to noise of 3; of equal ones that with most
    light of those cells. A cell counts as a point source, with peak
    $b = (\sigma_0 / \sigma)^2\, e^{-z / \ell}\, NA^2$ and $G = b\, \phi\, E$:

    $$ \mathrm{SNR} = \Delta C\, G / \sqrt{C_\text{min}\, G + \text{read}^2} $$

    for the field $\phi$ of illumination and vignette at its place and an exposure of E
    electrons per unit of light. Vessels are not looked at. Where no cell stands out, it
    focuses as `LeastDefocus` does.

    The tissue, exposure and vignette are those of the steps behind it, and have to be
    told here as well; the number of cells is no smooth function of them, so only what
    moves the cells moves the focus smoothly.

    **Needs:** `position`, `alive`, `trace`, `illumination`, `canvas`. **Makes:**
    `focal_depth`.
    """

    electrons_per_unit: Param = param(
        70.0, "1", (0.0, 1e8), "photons_per_unit times quantum_efficiency"
    )
    read_noise_e: Param = param(2.0, "e-", (0.0, 1e4), "of the sensor")
    vignette: Param = param(0.5, "1", (0.0, 1.0), "its light in the farthest corner")
    scatter_mfp_um: Param = param(
        85.714, "um", (1.0, 1e5), "mean free path, both ways: 1 / (1/ex + 1/em)"
    )
    scatter_blur_per_um: Param = param(0.05, "1", (0.0, 10.0), "as in Optics")

    no_gradient: ClassVar[tuple[str, ...]] = (
        "electrons_per_unit",
        "read_noise_e",
        "vignette",
        "scatter_mfp_um",
        "scatter_blur_per_um",
    )
    makes: ClassVar[dict[str, Signal]] = {"focal_depth": FOCAL_DEPTH}

    def __call__(
        self, position: Any, alive: Any, trace: Any, illumination: Any, canvas: Canvas
    ) -> dict[str, Any]:
        """Try all planes."""
        z, lateral = position.values[:, 0], position.values[:, 1:]
        there = alive.values > 0.5
        sharp_at = z + focal_rise(lateral, canvas)
        low = jnp.where(there, sharp_at, jnp.inf).min()
        high = jnp.where(there, sharp_at, -jnp.inf).max()
        part = jnp.linspace(0.0, 1.0, N_PLANES, dtype=z.dtype)
        planes = low + (high - low) * part
        span, rest = jnp.ptp(trace.values, axis=0), trace.values.min(0)
        at = list((canvas.pixels(lateral) - canvas.margin).T)
        middle = jnp.zeros((), z.dtype)
        field = illumination.values * falling_off(
            canvas, self.vignette, middle + 2.0, (middle, middle)
        )
        light = jax.scipy.ndimage.map_coordinates(field, at, order=0, mode="nearest")
        light = light * jnp.exp(-z / self.scatter_mfp_um) * canvas.na**2
        blur = diffraction_um(canvas.na, canvas.emission_nm) ** 2
        blur = blur + (self.scatter_blur_per_um * z) ** 2

        def found(plane: Array) -> tuple[Array, Array]:
            loss = blur / (blur + (canvas.na * (sharp_at - plane)) ** 2)
            electrons = loss * light * self.electrons_per_unit
            noise = jnp.sqrt(jnp.maximum(rest, 0.0) * electrons + self.read_noise_e**2)
            stands_out = there & (span * electrons >= 3.0 * noise)
            return stands_out.sum(), jnp.where(stands_out, span * light, 0.0).sum()

        count, bright = jax.lax.map(found, jax.lax.stop_gradient(planes))
        most = count == count.max()
        best = planes[jnp.argmax(jnp.where(most, bright, -1.0))]
        least = LeastDefocus()(position, alive, canvas)["focal_depth"]
        return {"focal_depth": jnp.where(count.max() > 0, best, least)}
