"""Signals are taken for a while and given back; other threads than the main one are left alone."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

from clearsight.core.signals import handled


def test_a_handler_is_in_place_for_a_while_only() -> None:
    seen: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    with handled(lambda number, frame: seen.append(number), signal.SIGINT):
        signal.raise_signal(signal.SIGINT)
    assert seen == [signal.SIGINT] and signal.getsignal(signal.SIGINT) is before


def test_another_thread_changes_nothing() -> None:
    def inside() -> object:
        with handled(lambda number, frame: None, signal.SIGINT):
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(inside).result() is signal.getsignal(signal.SIGINT)
