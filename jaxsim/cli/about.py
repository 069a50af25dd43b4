"""`info`, `cache`, `demo`: about this machine and this program."""

import dataclasses
import platform
import shutil
from typing import Any


@dataclasses.dataclass(frozen=True)
class Info:
    """Versions, devices and the cache; says when a GPU lies idle."""

    def run(self, rest: list[str]) -> None:
        """Print it."""
        import jax

        from jaxsim.cli.environment import gpu_unused
        from jaxsim.store.versions import versions

        print(f"python     {platform.python_version()}, {platform.platform()}")
        for name, version in versions().items():
            if name == "python":
                continue
            print(f"{name:<10} {version}")
        for device in jax.devices():
            print(f"device     {device.platform}: {device.device_kind}")
        print(f"floats     {jax.numpy.result_type(float)}")
        folder, size, files = cache_size()
        print(f"cache      {folder}: {files} files, {size / 2**20:.1f} MB")
        if warning := gpu_unused():
            print(f"warning    {warning}")


@dataclasses.dataclass(frozen=True)
class Cache:
    """Where compiled programs and remembered recordings are kept.

    jaxsim cache             where, and how large
    jaxsim cache --clear     empty it
    """

    clear: bool = False
    """remove everything that is in it"""

    def run(self, rest: list[str]) -> None:
        """Print, or empty."""
        folder, size, files = cache_size()
        if self.clear:
            for name in ("recordings", "programs"):  # nothing else, whose it may be
                shutil.rmtree(folder / name, ignore_errors=True)
        done = "removed" if self.clear else "holds"
        print(f"{folder} {done} {files} files, {size / 2**20:.1f} MB")


@dataclasses.dataclass(frozen=True)
class Demo:
    """A whole brain on a real connectome, seen by EEG, swept and fitted; with figures.

    jaxsim demo --out demo-output
    """

    out: str = "demo-output"
    """folder for the figures and the store"""

    def run(self, rest: list[str]) -> int:
        """Hand over to the demo."""
        from jaxsim.demo import main

        return int(main(self.out) or 0)


def cache_size() -> tuple[Any, int, int]:
    """The folder of recordings and programs, the bytes in it, the number of files."""
    from jaxsim.store.cache import cache_folder

    folder = cache_folder().parent
    ours = [folder / "recordings", folder / "programs"]
    files = [f for one in ours for f in one.rglob("*") if f.is_file()]
    return folder, sum(f.stat().st_size for f in files), len(files)
