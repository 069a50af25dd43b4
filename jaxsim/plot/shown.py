"""A matplotlib figure that a notebook shows without pyplot."""

import io

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure that pyplot does not hold, and that a notebook shows all the same.

    Save it with `figure.savefig("name.png")`.
    """

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=self.dpi)
        return file.getvalue()
