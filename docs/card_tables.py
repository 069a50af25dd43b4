"""Docstrings in Markdown turned to reST, with tables of parameters from cards."""

import re
from typing import Any

from jaxsim.core.declared import Declared, cards_of


ROLES = {"param": "", "static": "static", "data": "array"}


def to_rest(lines: list[str]) -> list[str]:
    """Display and inline math and fenced blocks of Markdown, as reST has them."""
    out: list[str] = []
    inside: str | None = None
    rows: list[str] = []
    for line in [*lines, ""]:
        text, indent = line.strip(), line[: len(line) - len(line.lstrip())]
        if inside is None and re.fullmatch(r"\|.+\|", text):
            rows.append(text)
            continue
        if rows:
            out += _list_table(rows, indent)
            rows = []
        if inside is None and (found := re.fullmatch(r"```(\w*)", text)):
            inside = "```"
            out += ["", f"{indent}.. code-block:: {found[1] or 'text'}", ""]
        elif inside is None and text.startswith("$$"):
            out += ["", f"{indent}.. math::", ""]
            body, ended = re.subn(r"\$\$[.,]?$", "", text[2:])
            inside = None if ended else "$$"
            out += [f"{indent}    {body.strip()}"] if body.strip() else []
            out += [""] if ended else []
        elif inside == "```" and text == inside:
            inside = None
            out.append("")
        elif inside == "$$" and (found := re.fullmatch(r"(.*)\$\$[.,]?", text)):
            inside = None
            out += [f"{indent}    {found[1].strip()}", ""]
        elif inside is not None:
            out.append(f"    {line}" if text else "")
        else:
            out.append(_inline(line))
    return out


def _inline(line: str) -> str:
    """Code in double backticks, `$x$` as a math role, bars that mean bars."""
    parts = re.split(r"`([^`]+)`", line)
    for i in range(0, len(parts), 2):
        text = re.sub(r"\$([^$]+)\$", r":math:@@\1@@", parts[i])
        pieces = text.split("@@")
        pieces[::2] = [piece.replace("|", r"\|") for piece in pieces[::2]]
        parts[i] = "`".join(pieces)
    for i in range(1, len(parts), 2):  # reST wants a boundary on both sides
        before = "" if re.search(r"(^|[\s(\[{<'\"/:-])$", parts[i - 1]) else "\\ "
        after = "" if re.match(r"$|[^\w`$]", parts[i + 1]) else "\\ "
        parts[i] = f"{before}``{parts[i]}``{after}"
    return "".join(parts)


def _list_table(rows: list[str], indent: str) -> list[str]:
    """A table of Markdown, its first row the heads."""
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    cells = [row for row in cells if not all(set(c) <= set("-: ") for c in row)]
    out = ["", f"{indent}.. list-table::", f"{indent}   :header-rows: 1", ""]
    for row in cells:
        out.append(f"{indent}   * - {_inline(row[0])}")
        out += [f"{indent}     - {_inline(cell)}" for cell in row[1:]]
    return [*out, ""]


def table(cls: type[Declared]) -> list[str]:
    """The declared fields of a class as a reST table, or nothing."""
    cards = {name: card for name, card in cards_of(cls).items() if card.doc}
    if not cards:
        return []
    lines = [
        "",
        ".. list-table:: Parameters",
        "   :header-rows: 1",
        "   :widths: auto",
        "",
    ]
    rows = [("name", "default", "unit", "bounds", "", "meaning")]
    fields = cls.__dataclass_fields__
    for name, card in cards.items():
        default = fields[name].default
        shown = f"`{default}`" if isinstance(default, (int, float, str, tuple)) else ""
        low, high = card.bounds
        bounds = (
            ""
            if (low, high) == (-float("inf"), float("inf"))
            else f"{low:g} to {high:g}"
        )
        unit = card.unit if card.unit != "1" else ""
        rows.append((f"`{name}`", shown, unit, bounds, ROLES[card.role], card.doc))
    for row in rows:
        cells = [f" {_escape(cell)}" if cell else "" for cell in row]
        lines.append(f"   * -{cells[0]}")
        lines += [f"     -{cell}" for cell in cells[1:]]
    return [*lines, ""]


def _escape(cell: str) -> str:
    code = cell.startswith("`") and cell.endswith("`")
    return cell if code else re.sub(r"([*|\\_])", r"\\\1", cell)


def process(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list
) -> None:
    """Sphinx's hook: rewrite a docstring in place."""
    lines[:] = to_rest(lines)
    if what == "class" and isinstance(obj, type) and issubclass(obj, Declared):
        lines += table(obj)


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx; before napoleon, whose priority is the default 500."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", process, priority=400)
    return {"parallel_read_safe": True}
