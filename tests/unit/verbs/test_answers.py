from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from clearsight.core.errors import BadImage
from clearsight.core.sample import ArrayImage, ImageSource
from clearsight.verbs.answers import answers, decoded


@dataclass(frozen=True)
class Told:
    """A prediction that tells which pixels it was made of."""

    value: int


@dataclass
class InBatches:
    """A predictor that waits for a whole batch, as torch's does."""

    size: int
    taken: list[int] = field(default_factory=list)

    def __call__(self, photos: Iterable[Any]) -> Iterator[Any]:
        waiting: list[Told] = []
        for photo in photos:
            self.taken.append(int(photo[0, 0, 0]))
            waiting.append(Told(int(photo[0, 0, 0])))
            if len(waiting) == self.size:
                yield from waiting
                waiting = []
        yield from waiting


def source(number: int) -> ArrayImage:
    return ArrayImage(np.full((1, 1, 3), number, np.uint8), f"picture {number}")


def load(bad: set[int]) -> Any:
    def loading(picture: ImageSource) -> Any:
        pixels = picture.load()
        if int(pixels[0, 0, 0]) in bad:
            raise BadImage(picture.name, "is bad")
        return pixels

    return loading


@pytest.mark.parametrize("size", [1, 3, 50])
@pytest.mark.parametrize("bad", [set(), {0}, {0, 1, 5, 6, 19}, {19}, set(range(20))], ids=str)
def test_every_picture_gets_its_own_answer_in_order(size: int, bad: set[int]) -> None:
    found = list(answers(map(source, range(20)), InBatches(size), load(bad)))
    assert [answer.picture for answer in found] == [f"picture {number}" for number in range(20)]
    for number, answer in enumerate(found):
        if number in bad:
            assert (answer.prediction, answer.reason) == (None, "is bad")
        else:
            assert answer.prediction == Told(number)  # type: ignore[comparison-overlap]
            assert answer.pixels is not None and answer.pixels[0, 0, 0] == number


def test_few_pictures_are_ahead_of_the_reader() -> None:
    loaded: list[str] = []

    def loading(picture: ImageSource) -> Any:
        loaded.append(picture.name)
        return picture.load()

    found = answers(map(source, range(250)), InBatches(4), loading)
    for _ in range(5):
        next(found)
    assert len(loaded) <= 5 + 4 + 2 * 4 + 1  # answered, a batch, two for each of at most four threads
    found.close()


@pytest.mark.parametrize(("room", "ahead"), [(0, 0), (1.5, 1), (2, 2)])
def test_of_large_pictures_fewer_are_ahead(room: float, ahead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from clearsight.verbs import answers as module

    size = source(0).load().size
    monkeypatch.setattr(module, "AHEAD", int(room * size))
    monkeypatch.setattr(module, "threads_for", lambda height, width: 2)
    loaded: list[str] = []

    def loading(picture: ImageSource) -> Any:
        loaded.append(picture.name)
        return picture.load()

    found = decoded(map(source, range(30)), loading)
    for number in range(1, 9):
        next(found)
        if number > 1:
            deadline = time.monotonic() + 20
            while len(loaded) < number + ahead and time.monotonic() < deadline:
                time.sleep(0.001)  # for the threads
            assert len(loaded) == number + ahead
    found.close()


def test_pictures_are_decoded_by_several_threads() -> None:
    met = threading.Barrier(2, timeout=20)  # passed only if two are at work together

    def loading(picture: ImageSource) -> Any:
        met.wait()
        return picture.load()

    assert len(list(decoded(map(source, range(4)), loading, threads=2))) == 4


def test_an_error_of_ours_is_not_taken_for_a_bad_picture() -> None:
    def loading(picture: ImageSource) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(answers([source(1)], InBatches(1), loading))


def test_small_pictures_are_decoded_where_they_are_asked_for() -> None:
    at_work = set()

    def loading(picture: ImageSource) -> Any:
        at_work.add(threading.current_thread())
        return picture.load()

    assert len(list(decoded(map(source, range(40)), loading))) == 40
    assert at_work == {threading.current_thread()}
