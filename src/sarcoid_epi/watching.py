"""Progress on the terminal, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stages(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Name each stage."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield lambda stage: status.update(stage)


@contextmanager
def bar(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """How many parts are done, of how many, and how long the rest will take."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task, begun = shown.add_task("parts", total=None), False

        def show(done: int, of: int) -> None:
            nonlocal begun
            if begun:
                shown.update(task, completed=done, total=of)
            else:  # what an earlier run made says nothing of how long the rest will take
                shown.reset(task, completed=done, total=of)
            begun = True

        yield show
