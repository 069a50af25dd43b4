"""A small inverse problem in which every parameter of an estimator is felt."""

import jax.numpy as jnp
import numpy as np

import jaxsim as js
from jaxsim import meeg
from jaxsim.meeg.signals import (
    FIELD,
    GAIN,
    NOISE,
    NOISE_VARIANCE,
    POSITIONS,
)


def series(values, card, start_s=-0.1):
    """A signal of the bench, sampled at 100 Hz where it has a time axis."""
    clock = js.Clock(jnp.asarray(start_s), 100.0) if card.timed else None
    return js.Series(jnp.asarray(values, jnp.result_type(float)), clock, card)


def inverse_problem():
    """Five sensors, eight sources of which two are active, no random numbers."""
    i, j = np.meshgrid(np.arange(1, 6), np.arange(1, 9), indexing="ij")
    gain = np.cos(0.37 * i * j) + 0.3 * np.sin(1.1 * i + 0.5 * j)
    t = np.arange(24)
    sources = np.zeros((24, 8))
    sources[:, 2], sources[:, 5] = np.sin(0.4 * t), np.cos(0.9 * t)
    noise = 0.3 * np.sin(7.3 * (np.arange(5)[None] + 1) * (t[:, None] + 1))
    k = np.arange(8.0)
    ring = np.stack([0.03 * np.cos(k), 0.03 * np.sin(k), 0.004 * k], axis=1)
    return {
        "field": series(sources @ gain.T + noise, FIELD),
        "gain": series(gain, GAIN),
        "noise": series(noise, NOISE),
        "noise_variance": series(0.05, NOISE_VARIANCE),
        "source_positions": series(ring, POSITIONS),
    }


ESTIMATORS = {
    "GammaMap": lambda: js.GammaMap(
        sigma=0.02, sflex_edge="smooth", max_iter=20, tol=0.0
    ),
    "GammaLambdaMap": lambda: meeg.GammaLambdaMap(
        sigma=0.02, sflex_edge="smooth", max_iter=20, tol=0.0
    ),
    "BayesianMinimumNorm": lambda: meeg.BayesianMinimumNorm(
        normalize=True, learn_noise=True, max_iter=20, tol=0.0
    ),
    "ELoreta": lambda: meeg.ELoreta(n_orient=2, max_iter=20, tol=0.0),
    "MinimumNorm": lambda: meeg.MinimumNorm(method="dSPM", n_orient=2, depth=0.8),
    "Lcmv": lambda: meeg.Lcmv(n_orient=2, weight_norm="unit-noise-gain"),
    "OracleNoise": meeg.OracleNoise,
    "StatedNoise": lambda: meeg.StatedNoise(noise_std=0.3),
    "BaselineNoise": meeg.BaselineNoise,
    "EvidenceNoise": meeg.EvidenceNoise,
    "SpatialCv": meeg.SpatialCv,
    "TemporalCv": meeg.TemporalCv,
}


def estimating(kind):
    """An instance of an estimator or noise level, and a process around it."""
    instance, known = ESTIMATORS[kind](), inverse_problem()
    needs = {name: known[name] for name in instance.needs}
    return instance, js.testing.process_around(instance, needs)
