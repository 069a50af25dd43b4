"""Progress on the host: a bar with rate and time left, a callback, or silence."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any


Progress = bool | Callable[[int, int], Any] | None


def shown(progress: Progress) -> bool:
    """Whether anyone looks: a callback, or a bar asked for or on a terminal."""
    return bool(progress) or (progress is None and sys.stderr.isatty())


@contextlib.contextmanager
def reporter(
    progress: Progress, total: int, what: str, unit: str = "runs"
) -> Iterator[Callable[[int], None]]:
    """Gives a function to be told how much is done.

    Args:
        progress: None shows a bar where stderr is a terminal, True shows it anywhere,
            False shows nothing, a callable is called with (done, total).
        total: how much there is to do.
        what: the word before the bar.
        unit: what is counted.
    """
    if callable(progress):
        yield lambda done: progress(done, total)
        return
    if not shown(progress):
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress as Bar,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Units per second, once two reports have come (compiling does not count)."""

        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.3g} {unit}/s" if speed else f"- {unit}/s")

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
