"""`list`, `show`, `check`: look at what there is before anything runs."""

import dataclasses
import inspect
import json
from typing import Annotated, Any, Literal

import tyro

from jaxsim.cli.named import descriptions
from jaxsim.cli.source import OfProcess


@dataclasses.dataclass(frozen=True)
class List:
    """What there is: processes by name, and all kinds that a file may name.

    jaxsim list                processes, then kinds by folder
    jaxsim list solver         those whose name, folder or union has that word
    """

    word: tyro.conf.Positional[str] = ""
    """show only what has this word in its name, folder or union"""

    def run(self, rest: list[str]) -> None:
        """Print the lists."""
        from jaxsim.core.declared import KINDS
        from jaxsim.core.rows import Table

        word = self.word.lower()
        rows = [(n, d) for n, d in descriptions() if word in n.lower()]
        if rows:
            print(f"{Table(('process', 'what it is'), rows)!r}\n")
        rows = []
        for name, cls in KINDS.items():
            if not cls.__module__.startswith("jaxsim"):
                folder = cls.__module__
            else:
                folder = cls.__module__.split(".")[1]
            unions = [b.__name__ for b in cls.__mro__ if b.__name__[:8] == "Abstract"]
            union = unions[0].removeprefix("Abstract") if unions else ""
            if word in f"{name} {folder} {union}".lower():
                rows.append((name, folder, union, first_line(cls)))
        if rows:
            print(
                repr(
                    Table(
                        ("kind", "folder", "is a", "what it is"),
                        sorted(rows, key=_by_folder),
                    )
                )
            )
        elif word:
            raise ValueError(f"nothing has '{self.word}' in its name; try jaxsim list.")


@dataclasses.dataclass(frozen=True)
class Show(OfProcess):
    """The parameters of a process, with units and bounds; or the process as a file.

    jaxsim show wendling
    jaxsim show wendling --format yaml
    jaxsim show whole_brain --out mine.yaml       a process file; arrays lie beside
    jaxsim show wendling --format schema          JSON Schema, for an editor
    """

    format: Literal["table", "yaml", "toml", "json", "schema", "digest"] = "table"
    """a table to read, a process file, a JSON Schema of such files, or the digest"""
    out: Annotated[str, tyro.conf.arg(metavar="FILE")] = ""
    """save the process: .yaml, .toml, .json, or .zarr"""

    def run(self, rest: list[str]) -> None:
        """Print it."""
        from jaxsim.core.table import table
        from jaxsim.store import spec
        from jaxsim.store.documents import dumps

        process = self.load(rest, f"jaxsim show {self.process}")
        if self.out:
            from jaxsim.store.archive import save

            print(f"kept: {save(process, self.out)}")
        elif self.format == "table":
            print(repr(table(process)))
        elif self.format == "schema":
            print(json.dumps(spec.json_schema(process), indent=2))
        elif self.format == "digest":
            print(spec.digest(process))
        else:
            arrays: dict[str, Any] = {}
            text = dumps(spec.to_spec(process, arrays), self.format)
            if arrays:
                raise ValueError(
                    f"{self.process} holds {len(arrays)} arrays that are too large for "
                    f"text: --out mine.{self.format} keeps them beside the file."
                )
            print(text, end="" if text.endswith("\n") else "\n")


@dataclasses.dataclass(frozen=True)
class Check(OfProcess):
    """The signals that a process makes, with shapes and units; nothing is run.

    jaxsim check mine.yaml
    """

    def run(self, rest: list[str]) -> None:
        """Print the table, or the sentence that says what is wrong."""
        from jaxsim.core.table import check
        from jaxsim.imaging.cautions import cautions

        process = self.load(rest, f"jaxsim check {self.process}")
        print(repr(check(process)))
        for caution in cautions(process):
            print(f"caution: {caution}")


def first_line(thing: Any) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(thing) or "").split("\n")[0]


def _by_folder(row: tuple[str, ...]) -> tuple[str, ...]:
    return row[1], row[2], row[0]
