from __future__ import annotations

import threading

import pytest

from clearsight.data.threads import CHUNK, in_threads


@pytest.mark.parametrize("count", [0, 1, CHUNK, 3 * CHUNK + 5])
def test_results_come_in_the_items_order(count: int) -> None:
    seen: list[tuple[int, int]] = []
    squares = in_threads(lambda n: n * n, range(count), threads=3, progress=lambda *step: seen.append(step))
    assert squares == [n * n for n in range(count)]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1:] == ([(count, count)] if count else [])


def test_progress_is_called_in_the_caller_s_thread() -> None:
    threads = set()
    in_threads(str, range(100), threads=4, progress=lambda *_: threads.add(threading.current_thread()))
    assert threads == {threading.current_thread()}


def test_an_error_or_ctrl_c_stops_what_has_not_begun() -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == CHUNK:  # hold the only thread until the interruption is through
            threading.Event().wait(0.3)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_threads(work, range(100 * CHUNK), threads=1, progress=interrupt)
    assert len(begun) <= 2 * CHUNK
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda n: 1 / n, [0])
