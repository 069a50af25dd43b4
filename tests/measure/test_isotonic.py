"""Curves that never fall."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import isotonic_regression as scipys

from jaxsim.measure import inverse_curve, isotonic_regression


def test_it_is_scipys_isotonic_regression(x64, getkey):
    y = jax.random.normal(getkey(), (50, 15)) + jnp.linspace(0, 2, 15)[None]
    w = jax.random.uniform(getkey(), (50, 15), minval=0.1)
    found = jax.jit(jax.vmap(isotonic_regression))(y, w)
    for one, weights, curve in zip(y, w, found, strict=True):
        expected = scipys(np.asarray(one), weights=np.asarray(weights)).x
        np.testing.assert_allclose(curve, expected, atol=1e-12)


def isotonic(*lists):
    return isotonic_regression(*map(np.asarray, lists))


def test_what_rises_stays_and_what_falls_becomes_its_mean():
    np.testing.assert_array_equal(isotonic([0.0, 1.0, 4.0]), [0, 1, 4])
    np.testing.assert_allclose(isotonic([3.0, 2.0, 1.0]), [2, 2, 2])
    np.testing.assert_allclose(isotonic([3.0, 0.0], [2.0, 1.0]), [2, 2])


def test_the_inverse_of_a_rising_curve_undoes_it(getkey):
    x = jnp.linspace(0, 1, 12)
    y = jnp.cumsum(jax.random.uniform(getkey(), (12,), minval=0.1))
    at = jax.random.uniform(getkey(), (30,), minval=y[0], maxval=y[-1])
    for flat in ("left", "mid", "right"):
        np.testing.assert_allclose(
            jnp.interp(inverse_curve(x, y, at, flat), x, y), at, atol=1e-5
        )


def test_flat_parts_have_a_left_a_middle_and_a_right():
    x, y = jnp.asarray([0.0, 1, 2, 3, 4]), jnp.asarray([1.0, 2, 2, 2, 3])
    at = jnp.asarray([0.0, 1.5, 2.0, 2.5, 9.0])
    expected = {"left": 1.0, "mid": 2.0, "right": 3.0}
    for flat, there in expected.items():
        found = inverse_curve(x, y, at, flat)
        np.testing.assert_allclose(found, [0, 0.5, there, 3.5, 4])
