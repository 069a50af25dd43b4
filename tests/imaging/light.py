"""Few cells under a small microscope, for tests of the light that comes from them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.imaging.focus import FOCAL_DEPTH, GivenFocus
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.optics import Optics
from jaxsim.imaging.render import Render
from jaxsim.imaging.signals import FOOTPRINT, MOVIE, POSITION, TRACE
from jaxsim.testing import GivenSignals


ALIVE = Signal("cell", "1", "1 for a cell, 0 for an empty place")

# z, y, x in um: on the axis, off it both ways, near the rim
PLACES = ((30.0, 0.0, 0.0), (45.0, -7.3, 5.1), (60.0, 9.6, -6.2), (38.0, 3.3, 10.4))


def scope(size=40, n_frames=7, **more):
    """Pixels of 1 um; not square, so that no axes can be mistaken."""
    given = {"na": 0.3, "magnification": 8.0, "pixel_pitch_um": 8.0, "margin_px": 3}
    given |= {"n_px_height": size, "n_px_width": size + 4, "n_frames": n_frames}
    return Miniscope(**(given | more))


def canvas_of(miniscope):
    return miniscope()["canvas"]


def disk(radius_px, size=17):
    """A soma whose rim is anti-aliased."""
    at = np.arange(size) - (size - 1) / 2
    far = np.hypot(at[:, None], at[None, :])
    inside = np.clip(radius_px + 0.5 - far, 0.0, 1.0)
    return jnp.asarray(inside, jnp.result_type(float))


def disks(n, radius_px=4.0):
    return jnp.broadcast_to(disk(radius_px), (n, 17, 17))


def series(values, card, rate_hz=20.0):
    values = jnp.asarray(values, jnp.result_type(float))
    clock = Clock(jnp.asarray(1.0 / rate_hz, values.dtype), rate_hz)
    return Series(values, clock if card.timed else None, card)


def cells(places=PLACES, radius_px=4.0, n_frames=7, alive=None, **more):
    """Given cells, each with a rising and falling trace of its own."""
    n = len(places)
    t = jnp.arange(n_frames, dtype=jnp.result_type(float))[:, None]
    i = jnp.arange(n, dtype=t.dtype)[None, :]
    given = {
        "position": series(places, POSITION),
        "footprint": series(disks(n, radius_px), FOOTPRINT),
        "alive": series(jnp.ones(n) if alive is None else alive, ALIVE),
        "trace": series(1.0 + jnp.sin(0.7 * t + i) ** 2, TRACE),
    }
    return GivenSignals(tuple((given | more).values()), tuple(given | more))


def to_optics(step=None, focus=None, **more):
    """A microscope, cells, focus and optics."""
    return {
        "miniscope": more.pop("miniscope", None) or scope(),
        "cells": more.pop("cells", None) or cells(**more),
        "focus": focus or GivenFocus(depth_um=45.0),
        "optics": step or Optics(),
    }


def to_movie(**more):
    """The same and a movie of the cells."""
    render = more.pop("render", None) or Render(patches=((80, 0),))
    return {**to_optics(**more), "render": render}


def lit(step, light=None, n_frames=5, size=12, name="step", **scoped):
    """A step behind a microscope and a given movie, uniform by default."""
    miniscope = scope(size, n_frames, margin_px=0, **scoped)
    shape = (n_frames, size, size + 4)
    if light is None:
        light = 0.3 + jax.random.uniform(jax.random.key(8), shape)
    movie = series(jnp.broadcast_to(jnp.asarray(light), shape), MOVIE)
    given = GivenSignals((movie,), ("movie",))
    return js.Pipeline(miniscope=miniscope, given=given, **{name: step})


front = eqx.filter_jit(lambda process, key: process(key))


def image_of(process, key=None):
    """What the optics made: it is no signal, so a recording does not hold it."""
    return front(process, jax.random.key(0) if key is None else key)["image"]


@eqx.filter_jit
def window(image, cell, rows, columns):
    like = image.sigma.dtype
    return image.window(cell, jnp.asarray(rows, like), jnp.asarray(columns, like))


def focal(depth_um):
    return series(depth_um, FOCAL_DEPTH)
