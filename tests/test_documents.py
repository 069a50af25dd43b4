"""README and docs are run: each file's blocks of Python, in order, as one program.

A block below a line `<!-- not run: why -->` is left alone.
"""

import re
import sys
import types
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parent.parent
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LONG = ("fitting.md", "imaging.md", "meeg.md")
BLOCK = re.compile(
    r"^(?P<mark><!-- not run: [^>\n]+ -->\n+)?```(?:python|\{code-cell\}[^\n]*)\n"
    r"(?P<code>.*?)^```",
    re.S | re.M,
)


def blocks(file: Path) -> list[str]:
    """A file's blocks that are to be run, each pushed down to its own lines."""
    text = file.read_text()
    return [
        "\n" * text.count("\n", 0, found.start("code")) + found["code"]
        for found in BLOCK.finditer(text)
        if not found["mark"]
    ]


@pytest.mark.filterwarnings("default::UserWarning")  # a reader sees them, too
# the README says of its EEG gain that two channels are silent
@pytest.mark.filterwarnings("ignore:.*channels have no gain")
@pytest.mark.parametrize(
    "file",
    [
        pytest.param(f, id=f.name, marks=pytest.mark.slow if f.name in LONG else ())
        for f in FILES
        if blocks(f)
    ],
)
def test_every_block_of_python_runs(file, tmp_path, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)
    # classes that a block defines look their annotations up in their module
    module = types.ModuleType("document")
    monkeypatch.setitem(sys.modules, "document", module)
    for block in blocks(file):
        exec(compile(block, file.name, "exec"), module.__dict__)
    pyplot.close("all")
