"""A bar for a person who waits; nothing where nobody watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PAUSE = 0.1
"""Seconds between two changes of a bar: sets of small pictures are gone through at ten thousand a second."""


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, gone when done, silent where that is no terminal. Yields `update(done, total)`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        line = progress.add_task(what, total=None)
        shown = 0.0

        def update(done: int, total: int) -> None:
            nonlocal shown
            if (now := time.monotonic()) - shown >= PAUSE or done == total:
                shown = now
                progress.update(line, completed=done, total=total)

        yield update
