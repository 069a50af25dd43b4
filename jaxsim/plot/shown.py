"""Matplotlib figures that a notebook shows without pyplot."""

import base64
import io
from typing import Any

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure that pyplot does not hold, and that a notebook shows all the same.

    Save it with `figure.savefig("name.png")`.
    """

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=self.dpi)
        return file.getvalue()


class MovieFigure(ShownFigure):
    """A figure of a movie that also plays where a notebook shows it.

    `figure.savefig("movie.png")` keeps the pictures, `figure.save_gif("movie.gif")` the
    moving ones.
    """

    frames: Any = None  # (time, y, x) in 0 to 255
    rate_hz: float = 20.0

    def save_gif(self, path: Any) -> None:
        """Write the frames that play as an animated GIF."""
        with open(path, "wb") as file:
            file.write(self._gif())

    def _gif(self) -> bytes:
        from PIL import Image  # comes with matplotlib

        first, *others = (Image.fromarray(frame) for frame in self.frames)
        file = io.BytesIO()
        first.save(
            file,
            format="GIF",
            save_all=True,
            append_images=others,
            duration=max(20, round(1000 / self.rate_hz)),
            loop=0,
        )
        return file.getvalue()

    def _repr_html_(self) -> str:
        shown = (("gif", self._gif()), ("png", self._repr_png_()))
        return "<br>".join(
            f'<img src="data:image/{kind};base64,{base64.b64encode(data).decode()}">'
            for kind, data in shown
        )
