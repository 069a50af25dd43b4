"""Write one API page per folder of the package, from the names on its face.

A name that is added to `jaxsim/__init__.py` has its entry without another line.
"""

import importlib
import inspect
import types
from pathlib import Path
from typing import Any

import jaxsim


TITLES = {
    "core": "Core: the words that every part speaks",
    "neural": "Neural: masses and networks",
    "meeg": "M/EEG: sources and sensors",
    "imaging": "Imaging: light",
    "study": "Study: sweeps and fits",
    "store": "Store: documents, archives, the cache",
    "measure": "Measure: functions of arrays",
    "data": "Data: streams and chunks to train on",
    "plot": "Plot: pictures",
    "convert": "Convert: what users of other programs have",
    "testing": "Testing: the contract of your own class",
}
# used as modules: js.measure.welch
WHOLE = ("imaging", "meeg", "measure", "testing", "convert")
OUTPUT = Path(__file__).parent / "api" / "generated"


def public(module: types.ModuleType) -> list[tuple[str, Any]]:
    """Names that a module offers, in its own order, modules and privates apart."""
    names = getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_"]
    found = [(name, getattr(module, name)) for name in names]
    return [
        (name, value)
        for name, value in found
        if (inspect.isclass(value) or inspect.isfunction(value))
        and str(getattr(value, "__module__", "")).startswith(module.__name__)
    ]


def entry(path: str, value: Any) -> str:
    """The autodoc directive of a name; of a class, with the methods that it adds."""
    if not inspect.isclass(value):
        return (
            f"## {path.split('.', 1)[1]}\n\n```{{eval-rst}}\n"
            f".. autofunction:: {path}\n```\n"
        )
    members = [
        name
        for name, member in vars(value).items()
        if name[0] != "_"
        and inspect.getdoc(member)
        and (
            inspect.isfunction(inspect.unwrap(getattr(member, "__func__", member)))
            or isinstance(member, property)
        )
    ]
    option = f"\n   :members: {', '.join(members)}" if members else ""
    return (
        f"## {path.split('.', 1)[1]}\n\n```{{eval-rst}}\n"
        f".. autoclass:: {path}{option}\n```\n"
    )


def collect() -> dict[str, list[tuple[str, Any]]]:
    """Folder -> (path as a user writes it, object)."""
    pages: dict[str, list[tuple[str, Any]]] = {}
    on_face = {id(value) for value in vars(jaxsim).values()}  # js.GammaMap: once
    for name, value in vars(jaxsim).items():
        if name.startswith("_"):
            continue
        if inspect.ismodule(value):
            folder = value.__name__.split(".")[1]
            inner = [(n, v) for n, v in public(value) if id(v) not in on_face]
            inner = [(f"jaxsim.{name}.{n}", v) for n, v in inner]
            for n, module in vars(value).items():  # a module for each other program
                if folder == "convert" and inspect.ismodule(module):
                    path = f"jaxsim.{name}.{n}"
                    inner += [(f"{path}.{m}", v) for m, v in public(module)]
            if folder in WHOLE or value.__name__.count(".") == 2:
                pages.setdefault(folder, []).extend(inner)
        elif getattr(value, "__module__", "").startswith("jaxsim."):
            folder = value.__module__.split(".")[1]
            if inspect.isclass(value) or inspect.isfunction(value):
                pages.setdefault(folder, []).append((f"jaxsim.{name}", value))
    return pages


def write(app: Any) -> None:
    """Make the pages, and the list of them."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    pages = collect()
    made = [folder for folder in TITLES if folder in pages]
    for folder in sorted(set(pages) - set(TITLES)):
        raise ValueError(f"docs/api_pages.py has no title for the folder '{folder}'")
    for folder in made:
        # not getattr(jaxsim, folder), for `js.data` is the declaration
        module = importlib.import_module(f"jaxsim.{folder}")
        head = (inspect.getdoc(module) or "").strip()
        body = "\n".join(entry(path, value) for path, value in pages[folder])
        _update(OUTPUT / f"{folder}.md", f"# {TITLES[folder]}\n\n{head}\n\n{body}")
    names = "\n".join(made)
    _update(
        OUTPUT / "index.md",
        "# API\n\nEvery public name, by folder. Tables of parameters are printed from "
        f"the cards of the classes.\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n",
    )


def _update(path: Path, text: str) -> None:
    """Write only what changed, so that Sphinx rebuilds only that."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
