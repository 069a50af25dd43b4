"""The commands, and how what was typed becomes one of them."""

import inspect
import re
import sys
from typing import Annotated, Any

import tyro

from jaxsim.cli.about import Cache, Demo, Info
from jaxsim.cli.estimate import Estimate
from jaxsim.cli.fit import Fit
from jaxsim.cli.flags import apply_flags
from jaxsim.cli.look import Check, List, Show
from jaxsim.cli.run import Run
from jaxsim.cli.source import OfProcess, base
from jaxsim.cli.sweep import Sweep
from jaxsim.cli.types import Types
from jaxsim.core.declared import nearest


COMMANDS: dict[str, type] = {
    "list": List,
    "show": Show,
    "check": Check,
    "run": Run,
    "sweep": Sweep,
    "fit": Fit,
    "estimate": Estimate,
    "types": Types,
    "demo": Demo,
    "info": Info,
    "cache": Cache,
}


def parse(given: list[str], description: str) -> tuple[Any, list[str]]:
    """The command that was typed, filled in, and the flags that are its process's.

    Raises:
        SystemExit: help was asked for, or tyro refused something.
        ValueError: no such command, or flags that the command cannot have.
    """
    word = given[0] if given else "--help"
    if word == "--version":
        from jaxsim.store.versions import physics_version

        print(physics_version())
        raise SystemExit(0)
    if word in ("-h", "--help"):
        _help(description)
        raise SystemExit(0)
    cls = COMMANDS.get(word)
    if cls is None:
        raise ValueError(
            f"there is no command '{word}'; the commands are {', '.join(COMMANDS)}."
            f"{nearest(word, COMMANDS)}"
        )
    rest = given[1:]
    if issubclass(cls, OfProcess):
        _process_help(word, rest)
    command, unknown = tyro.cli(
        cls,
        args=rest,
        prog=f"jaxsim {word}",
        description=paragraphs(inspect.getdoc(cls) or ""),
        return_unknown_args=True,
        use_underscores=True,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    if unknown and not isinstance(command, OfProcess):
        raise ValueError(f"jaxsim {word} has no option {unknown[0]}.")
    return command, list(unknown)


def paragraphs(doc: str) -> str:
    """Each line of the examples as a paragraph of its own, so that tyro keeps it."""
    return re.sub(r"\n(?=jaxsim )", "\n  ", doc)


def _help(description: str) -> None:
    """The help of `jaxsim` itself: a line for each command."""
    union: Any = None
    for name, cls in COMMANDS.items():
        first = (inspect.getdoc(cls) or "").split("\n")[0]
        one = Annotated[cls, tyro.conf.subcommand(name, description=first)]
        union = one if union is None else union | one
    tyro.cli(union, args=["--help"], prog="jaxsim", description=description)


def _process_help(word: str, rest: list[str]) -> None:
    """`jaxsim run wendling --help` shows the flags of that process."""
    if not {"-h", "--help"} & set(rest) or rest[0].startswith("-"):
        return
    process = base(rest[0])
    print(f"Flags of {rest[0]}; those of the command: jaxsim {word} --help\n")
    sys.stdout.flush()
    apply_flags(process, ["--help"], f"jaxsim {word} {rest[0]}")
