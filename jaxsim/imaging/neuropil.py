"""Neuropil: the glow of everything that is too fine to see."""

import math
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.footprints import Image
from jaxsim.imaging.signals import MOVIE


class Neuropil(AbstractFrameStep):
    r"""Smooth fields of light that drift slowly and follow the population.

    $$ M \mathrel{+}= \frac{a}{K} \sum_k S_k(y, x)\, T_k(t), \qquad
       T_k = (1 - c)\, e^{0.4 x_k - 0.08} + c\, P $$

    $S_k$ is log-normal with a spatial standard deviation of about 0.4 and a mean of
    one over the canvas, out of noise with a Gaussian spectrum; $x_k$ is an
    Ornstein-Uhlenbeck process of unit variance; P is the mean trace of all cells behind
    one pole, divided by its mean. So the glow has the level that `amplitude` says:
    times what the brightest pixel of a mean cell at rest sends to the sensor
    (`level="imaged"`), or times one (`level="planted"`, which no tissue dims).

    **Needs:** `movie`, `trace`, `image`, `alive`, `canvas`. **Makes:** `movie`,
    `neuropil_spatial`, `neuropil_temporal`, `neuropil_population`.
    """

    spatial_sigma_um: Param = param(40.0, "um", (1.0, 1e4), "size of the patches")
    temporal_tau_s: Param = param(10.0, "s", (1e-2, 1e4), "time of the drift")
    amplitude: Param = param(0.5, "1", (0.0, 1e3), "level, of a mean cell at rest")
    population_tau_s: Param = param(1.5, "s", (1e-3, 1e3), "how slowly it follows")
    population_coupling: Param = param(0.7, "1", (0.0, 1.0), "part that follows")
    n_components: int = static(3, "fields", bounds=(1, 64))
    level: Literal["imaged", "planted"] = static("imaged", "what amplitude multiplies")

    makes: ClassVar[dict[str, Signal]] = {
        "movie": MOVIE,
        "neuropil_spatial": Signal(
            "component y x", "1", "fields on the canvas, mean 1"
        ),
        "neuropil_temporal": Signal("time component", "1", "light of each field"),
        "neuropil_population": Signal("time", "1", "what follows the cells, mean 1"),
    }
    makes_once: ClassVar[tuple[str, ...]] = (
        "neuropil_spatial",
        "neuropil_temporal",
        "neuropil_population",
    )

    def once(
        self, canvas: Canvas, trace: Any, image: Image, alive: Any, key: PRNGKeyArray
    ) -> dict[str, Any]:
        """Fields, and how bright each is at every frame."""
        where, when = jax.random.split(key)
        there = alive.values
        number = jnp.maximum(there.sum(), 1.0)
        rows = jnp.broadcast_to(there, trace.values.shape)
        population = self._follow((trace.values * rows).sum(axis=1) / number, canvas)
        scale = self.amplitude
        if self.level == "imaged":
            scale = scale * (image.peak() * there).sum() / number
        drift = jnp.exp(0.4 * self._drift(when, canvas) - 0.08)
        coupled = self.population_coupling
        times = (1.0 - coupled) * drift + coupled * population[:, None]
        return {
            "neuropil_spatial": self._fields(where, canvas),
            "neuropil_temporal": times * (scale / self.n_components),
            "neuropil_population": population,
        }

    def __call__(
        self,
        movie: Float[Array, "y x"],
        neuropil_spatial: Float[Array, "component y x"],
        neuropil_temporal: Float[Array, "component"],
    ) -> dict[str, Any]:
        """Few fields: added one by one they fuse with their neighbours in the chain."""
        for k in range(self.n_components):
            movie = movie + neuropil_temporal[k] * neuropil_spatial[k]
        return {"movie": movie}

    def _fields(
        self, key: PRNGKeyArray, canvas: Canvas
    ) -> Float[Array, "component y x"]:
        height, width = canvas.shape
        sigma = self.spatial_sigma_um / canvas.pixel_um
        like = sigma.dtype
        ky, kx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
        squared = jnp.asarray(ky**2 + kx**2, like)
        spectrum = jnp.exp(-2.0 * (math.pi * sigma) ** 2 * squared)

        def field(number: Array) -> Array:
            white = jax.random.normal(
                jax.random.fold_in(key, number), (height, width), like
            )
            waves = jnp.fft.rfft2(white) * spectrum
            smooth = jnp.fft.irfft2(waves, s=(height, width))
            smooth = (smooth - smooth.mean()) / jnp.maximum(smooth.std(), 1e-9)
            light = jnp.exp(0.4 * smooth)
            return light / light.mean()

        return jax.vmap(field)(jnp.arange(self.n_components, dtype=jnp.uint32))

    def _drift(
        self, key: PRNGKeyArray, canvas: Canvas
    ) -> Float[Array, "time component"]:
        like = canvas.pixel_um.dtype
        frames = jnp.arange(canvas.n_frames, dtype=jnp.uint32)
        white = jax.vmap(
            lambda i: jax.random.normal(
                jax.random.fold_in(key, i), (self.n_components,), like
            )
        )(frames)
        kept = jnp.exp(-1.0 / (self.temporal_tau_s * canvas.rate_hz))

        def step(x: Array, new: Array) -> tuple[Array, Array]:
            x = kept * x + jnp.sqrt(1.0 - kept**2) * new
            return x, x

        start = white[0]
        after = jax.lax.scan(step, start, white[1:])[1]
        return jnp.concatenate([start[None], after])

    def _follow(
        self, mean: Float[Array, "time"], canvas: Canvas
    ) -> Float[Array, "time"]:
        kept = jnp.exp(-1.0 / (self.population_tau_s * canvas.rate_hz))

        def step(y: Array, x: Array) -> tuple[Array, Array]:
            y = kept * y + (1.0 - kept) * x
            return y, y

        smooth = jax.lax.scan(step, mean[0], mean)[1]
        level = smooth.mean()
        return jnp.where(level > 0, smooth / jnp.where(level > 0, level, 1.0), 1.0)
