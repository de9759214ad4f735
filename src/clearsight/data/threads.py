"""The same work on many items, in threads: for reading and decoding, which let other threads run meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from clearsight.core.machine import cores

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")

SMALL = 128 * 128
"""Pictures of fewer pixels are read and made ready by one thread: their work is done before the interpreter has changed
hands, so that two threads take longer than one."""

CHUNK = 32
"""Items that a thread takes at once: few enough for a smooth bar, enough to make the hand-over free."""


def threads_for(height: int, width: int) -> int:
    """How many threads go through pictures of this size soonest."""
    return cores() if height * width >= SMALL else 1


def in_threads(
    work: Callable[[I], R],
    items: Sequence[I],
    *,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[R]:
    """`[work(item) for item in items]`. `progress(done, total)` is called in the caller's thread."""

    def chunk(start: int) -> list[R]:
        return [work(item) for item in items[start : start + CHUNK]]

    results: dict[int, list[R]] = {}
    done = 0
    with ThreadPoolExecutor(threads or min(8, os.cpu_count() or 1)) as pool:
        futures = {pool.submit(chunk, start): start for start in range(0, len(items), CHUNK)}
        try:
            for future in as_completed(futures):
                results[futures[future]] = future.result()
                done += len(results[futures[future]])
                if progress is not None:
                    progress(done, len(items))
        except BaseException:  # Ctrl-C above all: what has not begun is not waited for
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [result for start in sorted(results) for result in results[start]]
