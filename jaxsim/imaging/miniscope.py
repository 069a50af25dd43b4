"""Miniscope: the instrument and how long it records."""

from typing import Any, ClassVar

import jax.numpy as jnp

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractStep
from jaxsim.imaging.canvas import REFRACTIVE_INDEX, Canvas
from jaxsim.imaging.signals import CANVAS


class Miniscope(AbstractStep):
    r"""A one-photon microscope: optics, pixels, and the length of the recording.

    A pixel covers $p = \text{pitch} / \text{magnification}$ of the tissue, and the half
    depth of field is $n \lambda / NA^2$ with $n = 1.33$ unless it is given.

    **Makes:** `canvas`, the sizes and scales that later steps need.

    Defaults are those of a generic microscope; `js.imaging.miniscope_v4` is a real one.
    """

    na: Param = param(0.45, "1", (0.01, 1.3), "numerical aperture")
    magnification: Param = param(8.0, "1", (0.1, 200.0), "sensor side by object side")
    pixel_pitch_um: Param = param(3.0, "um", (0.1, 100.0), "pixel on the sensor")
    emission_nm: Param = param(525.0, "nm", (300.0, 1100.0), "wavelength of emission")
    depth_of_field_um: Param | None = param(
        None, "um", (1e-3, 1e5), "half depth of field; none: 1.33 wavelengths / NA^2"
    )
    field_curvature_radius_um: Param | None = param(
        None, "um", (100.0, 1e7), "radius of the focal surface; none: flat"
    )
    n_px_height: int = static(256, "rows of pixels", bounds=(1, 2**15))
    n_px_width: int = static(256, "columns of pixels", bounds=(1, 2**15))
    margin_px: int = static(
        0, "tissue kept around the field of view, for motion", bounds=(0, 4096)
    )
    frame_rate_hz: float = static(20.0, "frames per second", "Hz", (0.01, 1e4))
    n_frames: int = static(600, "frames to record", bounds=(1, 10**8))

    makes: ClassVar[dict[str, Signal]] = {"canvas": CANVAS}

    def __call__(self) -> dict[str, Any]:
        """Derive what the steps need."""
        depth, radius = self.depth_of_field_um, self.field_curvature_radius_um
        if depth is None:
            depth = REFRACTIVE_INDEX * 1e-3 * self.emission_nm / self.na**2
        flat = jnp.zeros_like(self.na)
        canvas = Canvas(
            na=self.na,
            pixel_um=self.pixel_pitch_um / self.magnification,
            emission_nm=self.emission_nm,
            depth_of_field_um=depth,
            curvature_per_um=flat if radius is None else 1.0 / radius,
            fov=(self.n_px_height, self.n_px_width),
            margin=self.margin_px,
            n_frames=self.n_frames,
            rate_hz=self.frame_rate_hz,
        )
        return {"canvas": canvas}
