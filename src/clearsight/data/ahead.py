"""Pictures decoded a little ahead of whoever uses them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from clearsight.core.errors import BadImage
from clearsight.core.image import Pixels
from clearsight.core.sample import Sample
from clearsight.data.decode import load_fast


def load_ahead(
    samples: Iterable[Sample], threads: int = 2, ahead: int = 16
) -> Iterator[tuple[Sample, Pixels | BadImage]]:
    """Samples in their order, each with its pixels or the reason why there are none; at most `ahead` wait decoded."""

    def load(sample: Sample) -> Pixels | BadImage:
        try:
            return load_fast(sample.image)
        except BadImage as bad:
            return bad

    waiting: deque[tuple[Sample, Future[Pixels | BadImage]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for sample in samples:
            waiting.append((sample, pool.submit(load, sample)))
            if len(waiting) >= ahead:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)
