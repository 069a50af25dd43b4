"""Which process a command is about: a name, a file, values on top."""

import dataclasses
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Any

import tyro

from jaxsim.cli.flags import apply_flags
from jaxsim.cli.named import named, names, scopes
from jaxsim.cli.override import override
from jaxsim.core.declared import Declared, nearest


Text = Annotated[str, tyro.conf.arg(metavar="TEXT")]


@dataclasses.dataclass(frozen=True)
class OfProcess:
    """What every command about a process takes."""

    process: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="PROCESS")]
    """a name (wendling, whole_brain, miniscope_v4; see jaxsim list), a file (.yaml,
    .toml, .json, .zarr), or file.py:name"""
    set: Annotated[
        tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="PATH=VALUE")
    ] = ()
    """another value at a path; may be given often, and may change a kind
    (network.solver.kind=RungeKutta4)"""
    module: Annotated[
        tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="MODULE")
    ] = ()
    """a file or module of yours to import first, for the classes that it defines"""

    def load(self, rest: list[str], prog: str) -> Any:
        """The process with all that was asked for; `rest` holds its own flags."""
        for module in self.module:
            import_module(module)
        process = override(base(self.process), self.set)
        return apply_flags(process, rest, prog)

    def ready(self, rest: list[str], prog: str) -> Any:
        """The same, to be run: a preset of a movie gets the sizes that it now needs."""
        process = self.load(rest, prog)
        if self.process.partition(":")[0] not in scopes():
            return process
        from jaxsim.imaging.plan import sized

        return sized(process)  # cautions are printed with the result

    @property
    def stem(self) -> str:
        """A word for files that are named after the process."""
        return Path(self.process.partition(":")[0]).stem


def base(text: str) -> Any:
    """The process that a name or a file means.

    Raises:
        ValueError: no such name; the sentence names the nearest.
        FileNotFoundError: no such file.
    """
    file, colon, name = text.rpartition(":")
    if colon and file.endswith(".py"):
        return _from_module(file, name)
    if Path(text).suffix in (".yaml", ".yml", ".toml", ".json", ".zarr"):
        from jaxsim.store.archive import load

        loaded = load(text)
        process = loaded if isinstance(loaded, Declared) else loaded.process
        if process is None:
            raise ValueError(f"{text} does not say which process made it.")
        return process
    found = named(text)
    if found is None:
        raise ValueError(
            f"'{text}' is neither a known process nor a file. Known: "
            f"{', '.join(names())}.{nearest(text, names())}"
        )
    return found


def import_module(module: str) -> Any:
    """A file or a module, imported, so that its classes are known."""
    if not module.endswith(".py"):
        sys.path.insert(0, "")
        return importlib.import_module(module)
    path = Path(module)
    if not path.exists():
        raise FileNotFoundError(f"{module}: there is no such file.")
    if path.stem in sys.modules:
        return sys.modules[path.stem]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{module} cannot be imported.")
    found = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = found  # annotations of its classes are looked up there
    spec.loader.exec_module(found)
    return found


def _from_module(file: str, name: str) -> Any:
    found = getattr(import_module(file), name, None)
    if callable(found) and not isinstance(found, Declared):
        found = found()
    if not isinstance(found, Declared):
        raise ValueError(f"{file} has no process called '{name}'.")
    return found
