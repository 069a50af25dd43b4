"""Neuropil: the glow of everything that is too fine to see."""

import math
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.normal import normal_pair
from jaxsim.core.param import Param, param, static
from jaxsim.core.signal import Signal
from jaxsim.core.step import AbstractFrameStep
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.image import Image
from jaxsim.imaging.recurrence import one_pole, white_to_red
from jaxsim.imaging.signals import MOVIE


class Neuropil(AbstractFrameStep):
    r"""Smooth fields of light that drift slowly and follow the population.

    $$ M \mathrel{+}= \frac{a}{K} \sum_k S_k(y, x)\, T_k(t), \qquad
       T_k = (1 - c)\, e^{0.4 x_k - 0.08} + c\, P $$

    $S_k = e^{0.4 g}$ over its mean on the canvas, with g of unit variance out of noise
    with a Gaussian spectrum; $x_k$ is an Ornstein-Uhlenbeck process of unit variance; P
    is the mean trace of all cells behind one pole, divided by its mean (cells that are
    silent all through leave the drift alone). With `bleaches`, T fades with the mean
    `bleaching` of the cells, and P follows the trace before it. So the glow has the
    level that `amplitude` says: times what the brightest pixel of a mean cell at rest
    sends to the sensor (`level="imaged"`), or times one (`level="planted"`, which no
    tissue dims).

    **Needs:** `movie`, `trace`, `alive`, `canvas`; `image` at the imaged level;
    `bleaching` when it bleaches. **Makes:** `movie`, `neuropil_spatial`,
    `neuropil_temporal`, `neuropil_population`.
    """

    spatial_sigma_um: Param = param(40.0, "um", (1.0, 1e4), "size of the patches")
    temporal_tau_s: Param = param(10.0, "s", (1e-2, 1e4), "time of the drift")
    amplitude: Param = param(0.5, "1", (0.0, 1e3), "level, of a mean cell at rest")
    population_tau_s: Param = param(1.5, "s", (1e-3, 1e3), "how slowly it follows")
    population_coupling: Param = param(0.7, "1", (0.0, 1.0), "part that follows")
    n_components: int = static(3, "fields", bounds=(1, 64))
    level: Literal["imaged", "planted"] = static("imaged", "what amplitude multiplies")
    bleaches: bool = static(False, "fade with the mean bleaching of the cells")

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

    @property
    def needs_once(self) -> tuple[str, ...]:
        """The image and bleaching only where they are used."""
        unused = {"image"} if self.level == "planted" else set()
        unused |= set() if self.bleaches else {"bleaching"}
        return tuple(n for n in super().needs_once if n not in unused)

    def once(
        self,
        canvas: Canvas,
        trace: Any,
        alive: Any,
        key: PRNGKeyArray,
        image: Image | None = None,
        bleaching: Any = None,
    ) -> dict[str, Any]:
        """Fields, and how bright each is at every frame."""
        where, when = jax.random.split(key)
        there = alive.values
        number = jnp.maximum(there.sum(), 1.0)
        light = (trace.values * there[None, :]).sum(axis=1) / number
        fade = jnp.ones_like(light)
        if bleaching is not None:
            fade = (bleaching.values * there[None, :]).sum(axis=1) / number
            fade = jnp.where(fade > 0, fade, 1.0)
        population, heard = self._follow(light / fade, canvas)
        scale = self.amplitude
        if image is not None:
            scale = scale * (image.peak() * there).sum() / number
        drift = jnp.exp(0.4 * self._drift(when, canvas) - 0.08)
        coupled = jnp.where(heard, self.population_coupling, 0.0)
        times = (1.0 - coupled) * drift + coupled * population[:, None]
        return {
            "neuropil_spatial": self._fields(where, canvas),
            "neuropil_temporal": times * fade[:, None] * (scale / self.n_components),
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
        sigma = self.spatial_sigma_um / canvas.pixel_um

        def field(number: Array) -> Array:
            own = jax.random.fold_in(key, number)
            light = jnp.exp(0.4 * smooth_field(own, canvas.shape, sigma))
            return light / light.mean()

        return jax.vmap(field)(jnp.arange(self.n_components, dtype=jnp.uint32))

    def _drift(
        self, key: PRNGKeyArray, canvas: Canvas
    ) -> Float[Array, "time component"]:
        like = canvas.pixel_um.dtype
        white, _ = normal_pair(key, (canvas.n_frames, self.n_components), like)
        kept = jnp.exp(-1.0 / (self.temporal_tau_s * canvas.rate_hz))
        return white_to_red(jnp.broadcast_to(kept, (self.n_components,)), white)

    def _follow(
        self, mean: Float[Array, "time"], canvas: Canvas
    ) -> tuple[Float[Array, "time"], Array]:
        """What follows the cells, and whether there is anything to follow."""
        kept = jnp.exp(-1.0 / (self.population_tau_s * canvas.rate_hz))
        drive = ((1.0 - kept) * mean).at[0].set(mean[0])
        smooth = one_pole(kept[None], drive[:, None])[:, 0]
        level = smooth.mean()
        heard = level > 0
        return jnp.where(heard, smooth / jnp.where(heard, level, 1.0), 1.0), heard


def smooth_field(
    key: PRNGKeyArray, shape: tuple[int, int], sigma_px: Float[Array, ""]
) -> Float[Array, "y x"]:
    r"""White noise behind a Gaussian blur, of unit expected variance everywhere.

    Made on a torus twice as large and cut, so that opposite edges are strangers. The
    variance is that of the transfer function, $\overline{|H|^2}$, not of the sample: a
    canvas smaller than the blur is nearly even, as a piece of tissue is.
    """
    height, width = 2 * shape[0], 2 * shape[1]
    like = sigma_px.dtype

    def transfer(frequency: np.ndarray) -> Array:
        squared = jnp.asarray((math.pi * frequency) ** 2, like)
        return jnp.exp(-2.0 * sigma_px**2 * squared)

    down, right = transfer(np.fft.fftfreq(height)), transfer(np.fft.rfftfreq(width))
    power = (down**2).mean() * (transfer(np.fft.fftfreq(width)) ** 2).mean()
    waves = jnp.fft.rfft2(normal_pair(key, (height, width), like)[0])
    waves = waves * (down[:, None] * right[None, :]).astype(waves.dtype)
    field = jnp.fft.irfft2(waves, s=(height, width))
    return field[: shape[0], : shape[1]] / jnp.sqrt(power)
