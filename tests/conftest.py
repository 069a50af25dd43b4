"""Strict settings for every test: no silent promotion, no forgotten key."""

import itertools
from pathlib import Path

import jax
import pytest


def pytest_configure(config):
    """Processes share what they compile; the folder is the test runner's own cache."""
    folder = Path(config.rootpath) / ".pytest_cache" / "compiled"
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


TESTS_UNTIL_CLEARED = 100
count_of_tests = itertools.count(1)


@pytest.fixture(autouse=True)
def few_programs():
    """Compiled programs are dropped now and then.

    Each takes some mappings of memory, of which Linux gives a process 65530: without
    this the process that runs the last tests crashes.
    """
    yield
    if next(count_of_tests) % TESTS_UNTIL_CLEARED == 0:
        jax.clear_caches()


@pytest.fixture(autouse=True)
def strict_numerics():
    """Rank promotion raises and dtypes do not mix, as the code promises."""
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        yield


@pytest.fixture
def x64():
    """Float64 for one test; without it everything runs in float32, as for users."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def getkey():
    """Fresh keys from one counter: the only source of randomness in tests."""
    count = iter(range(1_000_000))
    return lambda: jax.random.key(next(count))


@pytest.fixture
def unhooked():
    """No jaxtyping/beartype for one test, as users run: our own sentence must come."""
    import jaxtyping

    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
