"""A table that people read: text in a terminal, HTML in a notebook."""

from typing import Any


class Table:
    """Rows under named columns; prints as text, shows as HTML in a notebook.

    Attributes:
        columns: the heads.
        rows: tuples of text, one entry a column.
    """

    def __init__(self, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        self.columns, self.rows = columns, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __repr__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        text = [
            "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True))
            for line in lines
        ]
        rule = "  ".join("-" * w for w in widths)
        return "\n".join(line.rstrip() for line in (text[0], rule, *text[1:]))

    def _repr_html_(self) -> str:
        def row(cells: tuple[str, ...], tag: str) -> str:
            safe = (c.replace("&", "&amp;").replace("<", "&lt;") for c in cells)
            return "<tr>" + "".join(f"<{tag}>{c}</{tag}>" for c in safe) + "</tr>"

        body = "".join(row(r, "td") for r in self.rows)
        return f"<table>{row(self.columns, 'th')}{body}</table>"
