"""Optics: blur and brightness of every cell, from where it lies."""

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.focus import focal_rise
from jaxsim.imaging.image import Image


def diffraction_um(
    na: Float[Array, "*n"], emission_nm: Float[Array, "*n"]
) -> Float[Array, "*n"]:
    """Width of an Airy disk: 0.21 wavelengths / NA.

    The standard deviation of the Gaussian that is as wide at half its height.
    """
    return 0.21e-3 * emission_nm / na


def blur_um(
    canvas: Canvas, scatter_um: Float[Array, "*n"], off_um: Float[Array, "*n"]
) -> Float[Array, "*n"]:
    """Width of what a point becomes: diffraction, scatter and defocus together.

    Args:
        canvas: whose aperture and wavelength count.
        scatter_um: standard deviation that scattering adds.
        off_um: distance from the focal surface.
    """
    sharp = diffraction_um(canvas.na, canvas.emission_nm)
    return jnp.sqrt(sharp**2 + scatter_um**2 + (canvas.na * off_um) ** 2)


class Optics(AbstractStep):
    r"""Diffraction, scattering, defocus and collection of light, in closed form.

    With depth z, focus $f$ of the curved focal surface at that place, and
    $1/\ell = 1/\ell_\text{ex} + 1/\ell_\text{em}$ (light scatters on both ways):

    $$ \begin{aligned}
    \sigma^2 &= (0.21\,\lambda / NA)^2 + (b z)^2 + NA^2 (z - f)^2 \\
    \text{gain} &= e^{-z/\ell}\, NA^2
    \end{aligned} $$

    Blur spreads light and loses none: the sum of a footprint is gain times the sum of
    the planted one, wherever the focus is. $NA^2$ is the collected part up to a factor
    that belongs to the exposure.

    **Needs:** `position`, `footprint`, `alive`, `focal_depth`, `canvas`. **Makes:**
    `image` (an `Image`), `sigma_px`, `observed_gain`, and `in_focus`: 1 within the
    depth of field.
    """

    scatter_mfp_excitation_um: Param = param(
        600.0, "um", (1.0, 1e5), "mean free path of the light that comes"
    )
    scatter_mfp_emission_um: Param = param(
        100.0, "um", (1.0, 1e5), "mean free path of the light that leaves"
    )
    scatter_blur_per_um: Param = param(
        0.05, "1", (0.0, 10.0), "blur (standard deviation) per depth"
    )

    makes: ClassVar[dict[str, Signal]] = {
        "image": Signal("", "", "footprints as the optics show them"),
        "sigma_px": Signal("cell", "px", "blur of each cell"),
        "observed_gain": Signal("cell", "1", "light of each cell that arrives"),
        "in_focus": Signal("cell", "1", "1 for cells within the depth of field"),
    }

    def __call__(
        self,
        position: Any,
        footprint: Any,
        alive: Any,
        focal_depth: Any,
        canvas: Canvas,
    ) -> dict[str, Any]:
        """The equations above."""
        z, lateral = position.values[:, 0], position.values[:, 1:]
        off = z + focal_rise(lateral, canvas) - focal_depth.values
        sigma = blur_um(canvas, self.scatter_blur_per_um * z, off) / canvas.pixel_um
        lost = 1.0 / self.scatter_mfp_excitation_um + 1.0 / self.scatter_mfp_emission_um
        gain = jnp.exp(-z * lost) * canvas.na**2 * alive.values
        image = Image(footprint.values, canvas.pixels(lateral), sigma, gain)
        near = (jnp.abs(off) <= canvas.depth_of_field_um).astype(z.dtype)
        return {
            "image": image,
            "sigma_px": sigma,
            "observed_gain": gain,
            "in_focus": near * alive.values,
        }
