"""Pictures in, answers out, in order: decoded by threads a little ahead of the net; a bad picture stops nothing."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from clearsight.core.errors import BadImage
from clearsight.core.image import Pixels
from clearsight.core.prediction import Prediction
from clearsight.core.sample import ImageSource
from clearsight.data.threads import threads_for

AHEAD = 256_000_000
"""Values that the pictures decoded ahead may have together, about: a quarter of a gigabyte."""

Load = Callable[[ImageSource], Pixels]
Predictor = Callable[[Iterable[Pixels]], Iterator[Prediction]]


@dataclass(frozen=True)
class Answer:
    """What became of one picture: a prediction with the pixels it was made of, or the reason why there is none."""

    picture: str
    prediction: Prediction | None = None
    pixels: Pixels | None = None
    reason: str = ""


def answers(pictures: Iterable[ImageSource], predictor: Predictor, load: Load) -> Iterator[Answer]:
    """One answer for each picture, in order. No more pictures are in memory than threads and one batch take."""
    waiting: deque[tuple[ImageSource, Pixels | BadImage]] = deque()  # decoded, not yet answered

    def photos() -> Iterator[Pixels]:
        for picture, pixels in decoded(pictures, load):
            waiting.append((picture, pixels))
            if not isinstance(pixels, BadImage):
                yield pixels

    for prediction in predictor(photos()):
        yield from _bad(waiting)
        picture, pixels = waiting.popleft()
        assert not isinstance(pixels, BadImage)
        yield Answer(picture.name, prediction, pixels)
    yield from _bad(waiting)


def decoded(
    pictures: Iterable[ImageSource], load: Load, threads: int | None = None
) -> Iterator[tuple[ImageSource, Pixels | BadImage]]:
    """The pictures in order, each with its pixels or what is wrong with it; at most two for each thread are ahead, fewer or
    none of large ones.

    Where the first picture is small, and nobody says how many `threads`, all are decoded here: handing a small picture
    over takes longer than decoding it.
    """

    def attempt(picture: ImageSource) -> Pixels | BadImage:
        try:
            return load(picture)
        except BadImage as bad:
            return bad

    pictures = iter(pictures)
    pixels: Pixels | BadImage | None = None
    for picture in islice(pictures, 0 if threads else 1):
        pixels = attempt(picture)
        yield picture, pixels
        if not isinstance(pixels, BadImage) and threads_for(*pixels.shape[:2]) == 1:
            yield from ((picture, attempt(picture)) for picture in pictures)
    threads = threads or min(4, os.cpu_count() or 1)
    most = 2 * threads if pixels is None or isinstance(pixels, BadImage) else _most(pixels, threads)
    ahead: deque[tuple[ImageSource, Future[Pixels | BadImage]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for picture in pictures:
            ahead.append((picture, pool.submit(attempt, picture)))
            while len(ahead) > most:
                first, future = ahead.popleft()
                pixels = future.result()
                if not isinstance(pixels, BadImage):
                    most = _most(pixels, threads)
                yield first, pixels
        while ahead:
            first, future = ahead.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _most(pixels: Pixels, threads: int) -> int:
    """How many pictures like this one may be ahead."""
    return min(2 * threads, AHEAD // pixels.size)


def _bad(waiting: deque[tuple[ImageSource, Pixels | BadImage]]) -> Iterator[Answer]:
    """The bad pictures at the head of the queue."""
    while waiting and isinstance(bad := waiting[0][1], BadImage):
        yield Answer(waiting.popleft()[0].name, reason=bad.reason)
