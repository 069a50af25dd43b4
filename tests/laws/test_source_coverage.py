"""An honest posterior holds the truth as often as it says; others can be mended."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import meeg
from jaxsim.measure import FINE_LEVELS, LEVELS
from jaxsim.meeg.signals import NOISE_VARIANCE


N_SENSORS, N_LOCATIONS, STD_NAM, NOISE_STD = 16, 10, 2.0, 1.5
N_RUNS = 60


class ToldNoise(js.AbstractStep):
    """A noise level that somebody tells, right or wrong."""

    variance: js.Param = js.param(1.0, "uV^2", (0.0, 1e6), "of a sensor")
    makes: ClassVar[dict[str, js.Signal]] = {"noise_variance": NOISE_VARIANCE}

    def __call__(self):
        """As told."""
        return {"noise_variance": js.Series(self.variance, None, NOISE_VARIANCE)}


def process(k, wrong_by=1.0):
    """Sources of the very prior of the minimum norm, and its noise."""
    gain = np.random.default_rng(k).normal(size=(N_SENSORS, N_LOCATIONS * k))
    told = wrong_by * NOISE_STD**2
    snr = STD_NAM * np.linalg.norm(gain) / np.sqrt(N_SENSORS * told)
    return js.Pipeline(
        sources=meeg.GaussianSources(
            std_nam=STD_NAM, n_locations=N_LOCATIONS, n_components=k, tmax_s=0.0,
            rate_hz=80.0,
        ),
        leadfield=js.Leadfield(
            gain, n_components=k, positions_m=meeg.on_sphere(N_LOCATIONS)
        ),
        noise=js.SensorNoise(noise_std=NOISE_STD),
        level=ToldNoise(variance=told),
        estimate=meeg.MinimumNorm(n_orient=k, snr=snr),
        scores=meeg.SourceScores(levels=FINE_LEVELS),
    )  # fmt: skip


def curves(k, key, wrong_by=1.0):
    """Coverage of each run at the fine levels, through a sweep."""
    runs = js.sweep(
        process(k, wrong_by), js.grid({}), key, ("coverage",), repeats=N_RUNS,
        progress=False,
    )  # fmt: skip
    return np.asarray(runs["coverage"].values, float)


@pytest.mark.parametrize(
    "k", [1, *(pytest.param(k, marks=pytest.mark.slow) for k in (2, 3))]
)
def test_coverage_of_a_truth_of_the_same_prior_is_nominal(k, getkey):
    found, level = curves(k, getkey()), np.asarray(FINE_LEVELS)
    error = found.std(axis=0, ddof=1) / np.sqrt(N_RUNS)
    inner = (level >= 0.01) & (level <= 0.99)
    apart = np.abs(found.mean(axis=0) - level)[inner]
    assert (apart < 3 * error[inner]).all(), (apart / error[inner]).max()
    assert error[inner].max() < 0.006  # so that three of them tell something


def test_the_prior_has_the_deviation_that_it_says(getkey):
    made = js.simulate(process(2), getkey(), ("activity",))["activity"].values
    n = made.size
    assert abs(float(made.std()) / STD_NAM - 1) < 3 / np.sqrt(2 * n)
    assert made.shape == (40, 20)


def test_recalibration_mends_a_noise_variance_wrong_by_four(getkey):
    found, half = curves(1, getkey(), wrong_by=0.25), N_RUNS // 2
    train, test = found[:half].mean(axis=0), found[half:].mean(axis=0)
    level = jnp.asarray(FINE_LEVELS)
    before = np.abs(test - np.asarray(FINE_LEVELS)).max()
    assert before > 0.15
    learned = js.measure.fit_recalibration(level, train, LEVELS)
    after = js.measure.recalibrated_curve(learned, level, jnp.asarray(test))
    assert np.abs(np.asarray(after) - np.asarray(LEVELS)).max() < 0.03
