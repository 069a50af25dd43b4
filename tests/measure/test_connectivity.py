"""Connectivity against numpy and scipy, and where it has nothing to correlate."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal
import scipy.stats

from jaxsim import measure

from .gradients import assert_gradients


@pytest.fixture
def mixed(getkey):
    """Six nodes that share two sources."""
    sources = jax.random.normal(getkey(), (600, 6))
    return sources @ jax.random.normal(getkey(), (6, 6))


def test_it_is_numpys_corrcoef(x64, getkey):
    x = 40 + jax.random.normal(getkey(), (300, 5), jnp.float64)
    expected = np.corrcoef(np.asarray(x).T)
    np.testing.assert_allclose(measure.functional_connectivity(x), expected, atol=1e-13)


@pytest.mark.parametrize("scale, offset", [(1, 0), (1e-15, 0), (1e15, 0), (0.01, 500)])
def test_float32_keeps_it_at_any_scale(mixed, scale, offset):
    x = mixed * scale + offset
    exact = np.corrcoef(np.asarray(x, np.float64).T)
    ours = measure.functional_connectivity(x)
    assert ours.dtype == jnp.float32
    np.testing.assert_allclose(ours, exact, atol=2e-6)


def test_a_constant_node_correlates_with_nothing_and_has_a_gradient(mixed):
    x = mixed.at[:, 2].set(0.1)  # 0.1 is no float: its mean rounds

    def loss(x):
        return jnp.sum(measure.functional_connectivity(x) ** 2)

    fc = measure.functional_connectivity(x)
    np.testing.assert_array_equal(fc[2], 0)
    np.testing.assert_array_equal(fc[:, 2], 0)
    np.testing.assert_allclose(np.delete(np.diag(fc), 2), 1, rtol=1e-5)
    slope = jax.grad(loss)(x)
    assert np.isfinite(slope).all()
    assert np.abs(slope[:, 2]).max() == 0


def test_a_nan_spoils_its_own_node_and_no_other(mixed):
    fc = measure.functional_connectivity(mixed.at[10, 1].set(jnp.nan))
    assert np.isnan(fc[1]).all() and np.isnan(fc[:, 1]).all()
    others = np.delete(np.delete(fc, 1, 0), 1, 1)
    assert np.isfinite(others).all()


def test_vmap_equals_a_loop(getkey):
    x = jax.random.normal(getkey(), (4, 100, 5))
    mapped = jax.vmap(measure.functional_connectivity)(x)
    for one, expected in zip(x, mapped, strict=True):
        np.testing.assert_allclose(
            measure.functional_connectivity(one), expected, atol=1e-6
        )


@pytest.mark.slow
def test_the_gradients_are_finite_differences(x64, getkey):
    x = jax.random.normal(getkey(), (60, 4), jnp.float64)
    other = jax.random.normal(getkey(), (60, 4), jnp.float64)
    target = measure.functional_connectivity(other)

    def fc_loss(x):
        return measure.fc_correlation_loss(measure.functional_connectivity(x), target)

    def dynamics(x):
        fcd = measure.functional_connectivity_dynamics(x, window=20, step=5)
        return measure.fcd_distance(fcd, measure.functional_connectivity(other))

    def together(x):
        return measure.coherence(x, other, 100.0, nperseg=20)[1].sum()

    functions = {"fc": fc_loss, "fcd": dynamics, "coherence": together}
    assert_gradients(functions, x, getkey(), rtol=1e-5)


def test_fisher_z_is_arctanh_and_stays_finite():
    r = jnp.array([-1.0, -0.3, 0.0, 0.9, 1.0])
    z = measure.fisher_z(r)
    np.testing.assert_allclose(z[1:4], np.arctanh([-0.3, 0, 0.9]), rtol=1e-5)
    assert 7 < z[4] < 7.5 and z[0] == -z[4]
    assert np.isfinite(jax.vmap(jax.grad(measure.fisher_z))(r)).all()


def test_the_upper_triangle_goes_row_by_row():
    matrix = jnp.arange(18.0).reshape(2, 3, 3)
    np.testing.assert_array_equal(measure.upper_triangle(matrix)[0], [1, 2, 5])
    assert measure.upper_triangle(matrix).shape == (2, 3)


def test_correlation_of_matrices_is_that_of_their_pairs(x64, getkey):
    a, b = (
        measure.functional_connectivity(jax.random.normal(getkey(), (50, 6)))
        for _ in range(2)
    )
    rows = np.triu_indices(6, 1)
    plain = np.corrcoef(a[rows], b[rows])[0, 1]
    fisher = np.corrcoef(np.arctanh(a[rows]), np.arctanh(b[rows]))[0, 1]
    np.testing.assert_allclose(measure.fc_correlation(a, b), plain, rtol=1e-10)
    np.testing.assert_allclose(
        measure.fc_correlation(a, b, fisher=True), fisher, rtol=1e-10
    )


def test_dynamics_correlate_the_connectivity_of_windows(x64, getkey):
    x = np.asarray(jax.random.normal(getkey(), (200, 5)), np.float64)
    ours = measure.functional_connectivity_dynamics(x, window=60, step=20)
    rows = np.triu_indices(5, 1)
    windows = [np.corrcoef(x[s : s + 60].T)[rows] for s in range(0, 141, 20)]
    np.testing.assert_allclose(ours, np.corrcoef(windows), atol=1e-12)
    seconds = measure.functional_connectivity_dynamics(
        x, 2.0, window_s=30.0, step_s=10.0
    )
    np.testing.assert_array_equal(ours, seconds)


@pytest.mark.parametrize("m, n", [(40, 40), (40, 25), (7, 30), (1, 5)])
def test_the_earth_movers_distance_is_scipys(x64, getkey, m, n):
    a = jax.random.normal(getkey(), (m,), jnp.float64)
    b = 1 + jax.random.normal(getkey(), (n,), jnp.float64)
    expected = scipy.stats.wasserstein_distance(np.asarray(a), np.asarray(b))
    np.testing.assert_allclose(measure.wasserstein_distance(a, b), expected, rtol=1e-10)


def test_coherence_is_scipys(x64, getkey):
    x = jax.random.normal(getkey(), (800, 2), jnp.float64)
    y = x + jax.random.normal(getkey(), (800, 2), jnp.float64)
    freqs, ours = measure.coherence(x, y, 100.0, nperseg=100)
    known, expected = scipy.signal.coherence(
        np.asarray(x), np.asarray(y), 100.0, nperseg=100, axis=0
    )
    np.testing.assert_allclose(freqs, known)
    np.testing.assert_allclose(ours, expected, rtol=1e-8)


def test_coherence_survives_small_units_and_silence(mixed):
    x, y = mixed[:, 0], mixed[:, 1] + mixed[:, 0]
    _, plain = measure.coherence(x, y, 100.0)
    _, small = measure.coherence(x * 1e-15, y * 1e-15, 100.0)
    np.testing.assert_allclose(plain, small, rtol=1e-3)
    _, silent = measure.coherence(x, y * 0, 100.0)
    np.testing.assert_array_equal(silent, 0)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda x: measure.functional_connectivity(x[:, 0]), "time, node"),
        (lambda x: measure.functional_connectivity(x[:1]), "two samples"),
        (
            lambda x: measure.functional_connectivity_dynamics(x[:61]),
            "two windows of 60 samples",
        ),
        (
            lambda x: measure.functional_connectivity_dynamics(x[:, :2]),
            "three nodes or more",
        ),
        (
            lambda x: measure.functional_connectivity_dynamics(x, window_s=3.0),
            "give rate_hz=",
        ),
        (lambda x: measure.upper_triangle(jnp.ones((1, 1))), "two nodes or more"),
        (
            lambda x: measure.fc_correlation(jnp.ones((2, 2)), jnp.ones((3, 3))),
            "over 2 nodes and the target over 3",
        ),
        (lambda x: measure.coherence(x, x[:9], 9.0), "signals of one shape"),
        (
            lambda x: measure.coherence(x, x, 9.0, nperseg=600),
            "averages over segments",
        ),
    ],
)
def test_bad_input_gets_a_sentence(mixed, unhooked, call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(mixed)
