"""Which programs made a result: part of every digest and of every store."""

import functools
import platform
from importlib import metadata


@functools.cache
def physics_version() -> str:
    """The version of jaxsim: results of two versions are never taken for one."""
    try:
        return metadata.version("jaxsim-neuro")
    except metadata.PackageNotFoundError:  # used from a folder that is not installed
        return "0+unknown"


def versions() -> dict[str, str]:
    """Versions of what took part in a result."""
    found = {"jaxsim": physics_version(), "python": platform.python_version()}
    for name in ("jax", "jaxlib", "equinox", "numpy", "zarr"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found
