"""Taking signals for a while."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def handled(handler: Callable[[int, Any], None], *numbers: int) -> Iterator[None]:
    """Within this context `handler` gets these signals; afterwards they go where they went before. In other threads than
    the main one, which Python gives no signals, nothing changes."""
    try:
        before = [signal.signal(number, handler) for number in numbers]
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        for number, former in zip(numbers, before, strict=True):
            signal.signal(number, former)
