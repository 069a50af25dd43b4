"""Small movies and needs for tests of what lies between the cells and the camera."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp

import jaxsim as js
from jaxsim import AbstractFrameStep, AbstractStep, Signal
from jaxsim.imaging.image import Image
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.signals import MOVIE, TRACE


ALIVE = Signal("cell", "1", "1 for a cell, 0 for an empty place")
DEPTH = Signal("", "um", "focal depth on the axis")
CENTRES = ((0.5, 0.5), (0.3, 0.62), (0.72, 0.36))  # of blobs, in the picture


def scope(size=24, margin=10, n_frames=12, pixel_um=1.0, rate_hz=20.0, **more):
    """A microscope with few pixels of a whole number of um."""
    return Miniscope(
        pixel_pitch_um=8.0 * pixel_um,
        n_px_height=size,
        n_px_width=size + 3,
        margin_px=margin,
        n_frames=n_frames,
        frame_rate_hz=rate_hz,
        **more,
    )


def canvas_of(miniscope):
    """What such a microscope tells the steps."""
    return miniscope()["canvas"]


class ToyCells(AbstractStep):
    """Traces that rise in turn, the last place being empty."""

    level: js.Param = js.param(1.0, "1", (0.0, 10.0), "light of a cell at rest")
    gain: js.Param = js.param(0.3, "1", (0.0, 10.0), "light collected")
    makes: ClassVar[dict[str, Signal]] = {
        "trace": TRACE,
        "alive": ALIVE,
        "image": Signal("", "", "footprints as seen"),
        "focal_depth": DEPTH,
        "bleaching": Signal("time cell", "1", "what is left"),
    }

    def __call__(self, canvas) -> dict[str, Any]:
        like = self.level.dtype
        t = jnp.arange(canvas.n_frames, dtype=like)[:, None]
        c = jnp.arange(4, dtype=like)[None, :]
        trace = self.level * (1.0 + jnp.exp(-(((t - 3.0 * c) / 2.0) ** 2)))
        return {
            "trace": canvas.series(trace, TRACE),
            "alive": jnp.asarray([1.0, 1.0, 1.0, 0.0], like),
            "image": Image(  # wide stamps of one light, so that a peak is the gain
                jnp.ones((4, 9, 9), like),
                jnp.broadcast_to(jnp.asarray([12.0, 9.0], like), (4, 2)),
                jnp.full(4, 0.5, like),
                self.gain * jnp.asarray([1.0, 2.0, 3.0, 9.0], like),
            ),
            "focal_depth": jnp.asarray(100.0, like),
            "bleaching": canvas.series(
                jnp.exp(-0.01 * t) * jnp.ones_like(c), self.cards()["bleaching"]
            ),
        }


class ToyMovie(AbstractFrameStep):
    """Smooth blobs on the canvas, brighter with the cells."""

    width_px: js.Param = js.param(2.0, "px", (0.5, 10.0), "of a blob")
    makes: ClassVar[dict[str, Signal]] = {"movie": MOVIE}

    def __call__(self, trace, canvas) -> dict[str, Any]:
        return {"movie": trace.sum() * blobs(canvas.shape, self.width_px)}


def blobs(shape, width_px, centres=CENTRES):
    """A sum of Gaussians at fractions of a picture."""
    y = jnp.arange(shape[0], dtype=jnp.result_type(float))[:, None]
    x = jnp.arange(shape[1], dtype=jnp.result_type(float))[None, :]
    return sum(
        (
            jnp.exp(
                -((y - a * shape[0]) ** 2 + (x - b * shape[1]) ** 2) / (2 * width_px**2)
            )
            for a, b in centres
        ),
        jnp.zeros(()),
    )


def chain(step, name="step", miniscope=None):
    """A step behind toy cells and a toy movie."""
    return js.Pipeline(
        miniscope=miniscope or scope(),
        cells=ToyCells(),
        render=ToyMovie(),
        **{name: step},
    )


def path(n_frames, size_um=3.0, seed=0):
    """A path of independent places for GivenMotion."""
    return size_um * jax.random.uniform(
        jax.random.key(seed), (n_frames, 2), minval=-1.0, maxval=1.0
    )
