"""Stopping a training when the user asks, at a step's end, so that it can go on from there."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from clearsight.core.signals import handled


@contextlib.contextmanager
def listening() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask to stop after the step at hand; a second one stops at once. Yields whether that was asked."""
    asked: list[int] = []

    def handle(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        sys.stderr.write("stopping after this step; once more to stop at once\n")

    with handled(handle, signal.SIGINT, signal.SIGTERM):
        yield lambda: bool(asked)
