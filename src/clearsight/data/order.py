"""Which samples make which batch: a pure function of the seed and the batch's number.

Epochs follow each other without a seam: a batch may end one and begin the next, so that none is short and no sample is
dropped. Of a global batch every rank takes a slice of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count

import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample
from clearsight.ops.random import generator


class Order:
    """The endless order of a set of known size, each epoch a permutation of its own."""

    def __init__(self, size: int, batch_size: int, seed: int, *, shuffle: bool = True) -> None:
        if size < 1 or batch_size < 1:
            raise ValueError(f"a set of {size} samples cannot be cut into batches of {batch_size}")
        self.size, self.batch_size, self.seed, self.shuffle = size, batch_size, seed, shuffle
        self._epoch, self._permutation = -1, torch.empty(0, dtype=torch.int64)

    def epoch(self, number: int) -> Tensor:
        """The indices (size,) int64 of epoch `number` in their order."""
        if number != self._epoch:
            draw = generator(self.seed, "order", number)
            shuffled = torch.randperm(self.size, generator=draw) if self.shuffle else torch.arange(self.size)
            self._epoch, self._permutation = number, shuffled
        return self._permutation

    def batch(self, position: int) -> Tensor:
        """The indices (batch_size,) int64 of the global batch number `position`."""
        parts = []
        epoch, offset = divmod(position * self.batch_size, self.size)
        missing = self.batch_size
        while missing:
            part = self.epoch(epoch)[offset : offset + missing]
            parts.append(part)
            missing -= len(part)
            if missing:
                epoch, offset = epoch + 1, 0
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def passes(self, position: int) -> Tensor:
        """How often each sample (batch_size,) int64 of the global batch number `position` has had its turn before."""
        return torch.arange(position * self.batch_size, (position + 1) * self.batch_size) // self.size

    def after(self, position: int) -> Iterator[int]:
        """One epoch's worth of the indices that follow the global batch number `position`."""
        start = (position + 1) * self.batch_size
        for place in range(start, start + self.size):
            epoch, offset = divmod(place, self.size)
            yield int(self.epoch(epoch)[offset])


class Flow:
    """The endless order of a stream: read again and again, each pass shuffled through a buffer.

    Samples can be looked at before it is their turn. `size` is the number of samples in a pass once one has ended.
    """

    def __init__(self, read: Callable[[], Iterable[Sample]], seed: int, buffer: int, *, shuffle: bool = True) -> None:
        self.size: int | None = None
        self._ahead: deque[Sample] = deque()
        self._passes = self._endless(read, seed, buffer if shuffle else 1)

    def take(self, number: int) -> list[Sample]:
        """The next `number` samples."""
        self._look(number)
        return [self._ahead.popleft() for _ in range(number)]

    def coming(self) -> Iterator[Sample]:
        """The samples whose turn comes next, which stay where they are."""
        for place in count():
            self._look(place + 1)
            yield self._ahead[place]

    def _look(self, number: int) -> None:
        while len(self._ahead) < number:
            self._ahead.append(next(self._passes))

    def _endless(self, read: Callable[[], Iterable[Sample]], seed: int, buffer: int) -> Iterator[Sample]:
        for number in count():
            size = 0
            for sample in shuffled(read(), seed, number, buffer):
                size += 1
                yield sample
            self.size = size
            if size == 0:
                raise InputError("the stream of samples is empty")


def shuffled(samples: Iterable[Sample], seed: int, number: int, buffer: int) -> Iterator[Sample]:
    """Each sample once, drawn from a buffer of so many: the order of pass `number`."""
    if buffer <= 1:
        yield from samples
        return
    draw = generator(seed, "stream", number)
    held: list[Sample] = []
    for sample in samples:
        if len(held) < buffer:
            held.append(sample)
            continue
        place = int(torch.randint(buffer, (1,), generator=draw))
        yield held[place]
        held[place] = sample
    for place in torch.randperm(len(held), generator=draw).tolist():
        yield held[place]
