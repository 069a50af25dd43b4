"""Small processes for tests of what knows no physics."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from jaxsim import (
    AbstractFrameStep,
    AbstractStep,
    Clock,
    Data,
    Declared,
    Param,
    Series,
    Signal,
    activity_card,
    data,
    param,
    part,
    static,
)


ACTIVITY = activity_card("1/s", "what toy nodes do")
TRACE = Signal("time node", "1", "smoothed activity")
MOVIE = Signal("time y x", "1", "toy movie", observed=True)


class AbstractToyDrive(Declared):
    """What pushes a toy node."""


class ToySteady(AbstractToyDrive):
    """A constant push."""

    level: Param = param(0.4, "1/s", (0.0, 10.0), "constant input")


class ToySine(AbstractToyDrive):
    """A sinusoidal push."""

    was: ClassVar[tuple[str, ...]] = ("ToySinus",)

    frequency_hz: Param = param(7.0, "Hz", (0.1, 100.0), "frequency of the input")


class ToyNodes(AbstractStep):
    """Noise around a level. **Makes:** `activity`."""

    level: Param = param(1.0, "1/s", (-10.0, 10.0), "mean activity")
    sigma: Param = param(0.1, "1/s", (0.0, 10.0), "spread of the activity")
    weights: Data = data(
        "node node", "1", "not used but kept", ((0.0, 0.0), (1.0, 0.0))
    )
    drive: AbstractToyDrive = part(ToySteady)
    n_samples: int = static(12, "samples", bounds=(1, 10**7))
    makes: ClassVar[dict[str, Signal]] = {"activity": ACTIVITY}

    def __call__(self, key):
        n = self.weights.shape[0]
        noise = jax.random.normal(key, (self.n_samples, n), self.level.dtype)
        start = jnp.zeros((), self.level.dtype)
        return {
            "activity": Series(
                self.level + self.sigma * noise, Clock(start, 100.0), ACTIVITY
            )
        }


class ToyLeak(AbstractStep):
    """A low pass. **Needs:** `activity`. **Makes:** `trace`."""

    fraction: Param = param(0.4, "1", (0.0, 1.0), "kept from one sample to the next")
    makes: ClassVar[dict[str, Signal]] = {"trace": TRACE}

    def __call__(self, activity):
        def tick(y, a):
            y = self.fraction * y + (1 - self.fraction) * a
            return y, y

        _, ys = jax.lax.scan(tick, jnp.zeros_like(activity.values[0]), activity.values)
        return {"trace": ys}


class ToyRender(AbstractFrameStep):
    """Activity as brightness, with noise per frame. **Makes:** `movie`, `field`."""

    gain: Param = param(2.0, "1", (0.0, 10.0), "brightness per activity")
    makes: ClassVar[dict[str, Signal]] = {
        "movie": MOVIE,
        "vignette": Signal("y x", "1", "illumination"),
    }
    makes_once: ClassVar[tuple[str, ...]] = ("vignette",)

    def once(self, key):
        return {"vignette": jax.random.uniform(key, (3, 4), self.gain.dtype)}

    def __call__(self, activity, vignette, key):
        noise = jax.random.normal(key, (3, 4), activity.dtype)
        return {"movie": self.gain * activity.sum() * vignette + noise}


class ToySensor(AbstractFrameStep):
    """Adds offset and noise to every frame. **Needs:** `movie`. **Makes:** `movie`."""

    offset: Param = param(5.0, "1", (0.0, 100.0), "added to every pixel")
    makes: ClassVar[dict[str, Signal]] = {"movie": MOVIE}

    def __call__(self, movie, key):
        return {
            "movie": movie
            + self.offset
            + jax.random.normal(key, movie.shape, movie.dtype)
        }
