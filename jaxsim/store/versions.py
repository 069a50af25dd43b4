"""Which programs made a result: part of every digest and of every store."""

import functools
import platform
from importlib import metadata

import jax.numpy as jnp


@functools.cache
def physics_version() -> str:
    """The version of jaxsim: results of two versions are never taken for one."""
    try:
        return metadata.version("jaxsim-neuro")
    except metadata.PackageNotFoundError:  # used from a folder that is not installed
        return "0+unknown"


def double_precision() -> bool:
    """Whether floats are float64 now: another float type is another result."""
    return jnp.result_type(float).itemsize == 8


def versions() -> dict[str, str]:
    """Versions of what took part in a result."""
    found = {"jaxsim": physics_version(), "python": platform.python_version()}
    for name in ("jax", "jaxlib", "equinox", "numpy", "zarr"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found
