"""Truths drawn from the posteriors that are asked about: honest by construction."""

import jax
import numpy as np


def honest(key, n_times, n_sources, size):
    """Truth, estimate and covariance with the errors that the covariance promises.

    The components of a source differ in variance and correlate.
    """
    drawn = jax.random.normal(key, (2 * n_times + size, n_sources, size))
    white, estimate, a = np.split(np.asarray(drawn), [n_times, 2 * n_times])
    blocks = np.einsum("inj,knj->nik", a, a) + 0.1 * np.eye(size, dtype=a.dtype)
    error = np.einsum("nij,tnj->tni", np.linalg.cholesky(blocks), white)
    flat = estimate.reshape(n_times, -1)
    return flat + error.reshape(n_times, -1), flat, blocks
