"""The numbers of README.md, from the results: `python -m benchmarks --fill`."""

import json
import re
from pathlib import Path


BLOCK = re.compile(
    r"(<!-- results: ([\w.-]+)(?:, tables 1-(\d+))? -->\n).*?(<!-- end -->)", re.DOTALL
)


def file_name(name: str) -> str:
    """Results of a CPU and of other devices lie side by side."""
    import jax

    backend = jax.default_backend()
    return f"{name}.json" if backend == "cpu" else f"{name}.{backend}.json"


def fill(readme: Path, results: Path) -> None:
    """Put the tables of every result between its two comments."""

    def filled(match: re.Match[str]) -> str:
        path = results / f"{match[2]}.json"
        if not path.is_file():
            return f"{match[1]}(not measured)\n{match[4]}"
        print(f"{readme.name}: {path.name}")
        document = json.loads(path.read_text())
        if match[3]:  # the first tables alone
            document["tables"] = document["tables"][: int(match[3])]
        return f"{match[1]}{as_text(document)}\n{match[4]}"

    text = readme.read_text(encoding="utf-8")
    readme.write_text(BLOCK.sub(filled, text), encoding="utf-8")


def as_text(document: dict) -> str:
    """A result in Markdown."""
    from benchmarks.measuring import Table, Target

    facts = document["facts"]
    versions = ", ".join(f"{k} {v}" for k, v in facts["versions"].items())
    parts = [
        f"{facts['date'][:10]}, {facts['device']} on {facts['processor']}, "
        f"{facts['cores']} cores, load {facts['load_average'][0]:g}; {versions}; "
        f"commit {facts['commit']}; took {document['took_s']:.0f} s."
    ]
    for table in document["tables"]:
        parts.append(str(Table(**table)))
    lines = []
    for target in document["targets"]:
        target.pop("met")
        lines.append(f"- {Target(**target)}")
    lines += [f"- {note}" for note in document["notes"]]
    return "\n\n".join([*parts, "\n".join(lines)]).rstrip()
