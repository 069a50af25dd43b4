"""The inverse of a triangular matrix, and its derivative."""

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest

from jaxsim.meeg.triangular import inverse_of_lower


@pytest.mark.parametrize("n", (1, 5, 48, 101))
def test_it_is_the_inverse(x64, getkey, n):
    root = jax.random.normal(getkey(), (n, n))
    lower = jnp.linalg.cholesky(root @ root.T / n + 0.1 * jnp.eye(n))
    inverse = jax.jit(inverse_of_lower)(lower)
    np.testing.assert_allclose(inverse @ lower, np.eye(n), atol=1e-11)
    assert (jnp.triu(inverse, 1) == 0).all()


def test_its_derivative_is_that_of_an_inverse(x64, getkey):
    lower = jnp.tril(jax.random.normal(getkey(), (7, 7))) + 3 * jnp.eye(7)

    def inverse(values):
        return inverse_of_lower(jnp.asarray(values))

    jax.test_util.check_grads(inverse, (lower,), order=1, rtol=1e-6)
