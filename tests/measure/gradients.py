"""Finite differences, for the measures' gradients (float64)."""

import jax
import jax.numpy as jnp
import numpy as np


def assert_gradients(functions, x, key, rtol=1e-6, step=1e-6):
    """Each function's gradient along one direction equals a central difference.

    Args:
        functions: name -> function of x that gives one number; compiled together.
    """
    direction = jax.random.normal(key, jnp.shape(x), x.dtype)

    @jax.jit
    def values(x):
        return jnp.stack([function(x) for function in functions.values()])

    jacobian = jax.jit(jax.jacrev(values))(x)
    slopes = jnp.tensordot(jacobian, direction, x.ndim)
    secants = (values(x + step * direction) - values(x - step * direction)) / (2 * step)
    for name, slope, secant in zip(functions, slopes, secants, strict=True):
        assert slope != 0, name
        np.testing.assert_allclose(slope, secant, rtol=rtol, err_msg=name)
