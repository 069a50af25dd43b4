"""ErpSources: a few active sources with band-limited transients after a stimulus."""

from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from jaxsim.core.param import Param, concrete, param, static
from jaxsim.core.signal import Clock, Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.epoch import onset_sample, samples_between
from jaxsim.meeg.signals import ACTIVE, ACTIVITY
from jaxsim.meeg.zero_phase import PADDING, band_passed, causal_matrix, hann


SHORTEST = PADDING + 1  # samples of which an odd mirror image can be made


class ErpSources(AbstractStep):
    r"""Event-related sources: at a few random locations, a transient after a stimulus.

    A waveform is white noise, band-passed forwards and backwards (Butterworth, order
    4), times a Hann window, scaled so that its peak is the amplitude

    $$ A = \mathrm{clip}(m\, e^{\sigma z},\ \text{low},\ \text{high}), \qquad
       z \sim N(0, 1) $$

    and its sign is random. It fills a segment of random length and offset between the
    stimulus and the end of the epoch, or all of that; before the stimulus all is
    silent. The epoch is half open: sample k is at tmin + k / rate.

    Each of the K components of a location has a waveform of its own, so that the
    moment turns ("independent"), or all share one along a random direction ("steady").

    **Needs:** nothing. **Makes:** `activity`, source-major (p = n K + k); `active`.

    ```bibtex
    @software{calibrain, title={CaliBrain: uncertainty estimation and calibration in
      brain source imaging}, version={1.0.3}, url={https://pypi.org/project/calibrain}}
    ```
    """

    amplitude_nam: Param = param(20.0, "nAm", (1e-6, 1e6), "median of the peaks")
    sigma: Param = param(0.2, "1", (0.0, 10.0), "spread of the logarithm of the peaks")
    lowest_nam: Param = param(2.5, "nAm", (0.0, 1e6), "smaller peaks are made as large")
    highest_nam: Param = param(50.0, "nAm", (0.0, 1e9), "no peak is larger")
    n_locations: int = static(1284, "where sources may be", bounds=(1, 10**7))
    n_active: int = static(5, "locations that are active", bounds=(0, 10**7))
    n_components: int = static(
        1, "1: orientation known; 2: without radial; 3: free", bounds=(1, 3)
    )
    components: Literal["independent", "steady"] = static(
        "independent", "waveforms of one location: one each, or one in all"
    )
    tmin_s: float = static(-0.5, "start of the epoch", "s")
    tmax_s: float = static(0.5, "end of the epoch, not in it", "s")
    onset_s: float = static(0.0, "of the stimulus", "s")
    rate_hz: float = static(250.0, "samples per second", "Hz", (1e-3, 1e6))
    low_hz: float = static(1.0, "lower edge of the band", "Hz", (0.0, 1e6))
    high_hz: float = static(5.0, "upper edge of the band", "Hz", (0.0, 1e6))
    random_timing: bool = static(True, "segments of random length and offset")
    shortest_samples: int = static(
        82, "length of the shortest segment, of random timing", bounds=(SHORTEST, 10**7)
    )

    makes: ClassVar[dict[str, Signal]] = {"activity": ACTIVITY, "active": ACTIVE}

    def __check_init__(self) -> None:
        if self.n_active > self.n_locations:
            raise ValueError(
                f"ErpSources.n_active = {self.n_active} is more than the "
                f"{self.n_locations} locations (n_locations)."
            )
        if not self.tmin_s <= self.onset_s <= self.tmax_s:
            raise ValueError(
                f"ErpSources.onset_s = {self.onset_s} s lies outside the epoch, "
                f"[{self.tmin_s}, {self.tmax_s}] s."
            )
        if not 0 <= self.low_hz < self.high_hz:
            raise ValueError(
                f"ErpSources: the band from low_hz = {self.low_hz} Hz to high_hz = "
                f"{self.high_hz} Hz is empty."
            )
        if self.low_hz >= self.rate_hz / 2:
            raise ValueError(
                f"ErpSources.low_hz = {self.low_hz} Hz is not below half of rate_hz = "
                f"{self.rate_hz} Hz: nothing of the band can be sampled."
            )
        self._check_room()
        if concrete(self.lowest_nam, self.highest_nam):
            if (self.lowest_nam > self.highest_nam).any():
                raise ValueError(
                    f"ErpSources.lowest_nam = {self.lowest_nam} nAm is above "
                    f"highest_nam = {self.highest_nam} nAm."
                )

    def _check_room(self) -> None:
        n = self.n_after_onset
        if self.random_timing and n < self.shortest_samples:
            raise ValueError(
                f"ErpSources: {n} samples follow the stimulus, fewer than "
                f"shortest_samples = {self.shortest_samples}. Give a later tmax_s, a "
                "higher rate_hz, or a smaller shortest_samples (at least "
                f"{SHORTEST})."
            )
        if n < SHORTEST:
            raise ValueError(
                f"ErpSources: {n} samples follow the stimulus; the filter needs "
                f"{SHORTEST}. Give a later tmax_s or a higher rate_hz."
            )

    @property
    def n_samples(self) -> int:
        """Samples of the epoch."""
        return samples_between(self.tmin_s, self.tmax_s, self.rate_hz)

    @property
    def n_after_onset(self) -> int:
        """Samples from the stimulus on."""
        onset = onset_sample(self.tmin_s, self.onset_s, self.rate_hz)
        return self.n_samples - onset

    def __call__(self, key: PRNGKeyArray) -> dict[str, Any]:
        """Choose the locations, and give each its waveforms."""
        chosen = jax.random.choice(
            jax.random.fold_in(key, 0), self.n_locations, (self.n_active,), False
        )
        keys = jax.vmap(lambda i: jax.random.fold_in(jax.random.fold_in(key, 1), i))
        of_active = jax.vmap(self._of_location)(keys(jnp.arange(self.n_active)))
        shape = (self.n_samples, self.n_locations, self.n_components)
        silence = jnp.zeros(shape, of_active.dtype)
        values = silence.at[:, chosen].set(jnp.moveaxis(of_active, 0, 1))
        active = jnp.zeros(self.n_locations, bool).at[chosen].set(True)
        clock = Clock(jnp.asarray(self.tmin_s, values.dtype), self.rate_hz)
        flat = values.reshape(self.n_samples, -1)
        return {"activity": Series(flat, clock, ACTIVITY), "active": active}

    def _of_location(self, key: PRNGKeyArray) -> Float[Array, "time component"]:
        names = jnp.arange(self.n_components)
        if self.components == "steady":
            way = jax.random.normal(jax.random.fold_in(key, 1), (self.n_components,))
            way = way / jnp.linalg.norm(way)
            wave = self.waveform(jax.random.fold_in(jax.random.fold_in(key, 0), 0))
            return wave[:, None] * way[None, :]
        keys = jax.vmap(lambda k: jax.random.fold_in(jax.random.fold_in(key, 0), k))
        return jax.vmap(self.waveform)(keys(names)).T

    def waveform(self, key: PRNGKeyArray) -> Float[Array, " time"]:
        """One transient in an epoch."""
        timing, white, peak = (jax.random.fold_in(key, i) for i in range(3))
        longest = self.n_after_onset
        length, offset = jnp.asarray(longest), jnp.asarray(0)
        if self.random_timing:
            long, late = (jax.random.fold_in(timing, i) for i in range(2))
            length = jax.random.randint(long, (), self.shortest_samples, longest + 1)
            offset = jax.random.randint(late, (), 0, longest - length + 1)
        segment = self.shaped(jax.random.normal(white, (longest,)), length)
        size = self.amplitude_nam * jnp.exp(self.sigma * jax.random.normal(peak))
        size = jnp.clip(size, self.lowest_nam, self.highest_nam)
        # what follows the segment is zero, so that rolling it brings nothing back
        late = jnp.roll(size * segment, offset)
        return jnp.concatenate([jnp.zeros(self.n_samples - longest, late.dtype), late])

    def shaped(
        self, white: Float[Array, " sample"], length: Int[Array, ""]
    ) -> Float[Array, " sample"]:
        """White noise as a transient of peak 1: filter, window, divide by the peak."""
        n_padded = self.n_after_onset + 2 * PADDING
        band = (self.low_hz, self.high_hz, self.rate_hz)
        causal = jnp.asarray(causal_matrix(n_padded, *band), white.dtype)
        smooth = band_passed(white, length, causal)
        smooth = smooth * hann(length, white.shape[0], white.dtype)
        peak = jnp.abs(smooth).max()
        return smooth / jnp.where(peak > 0, peak, 1.0)
