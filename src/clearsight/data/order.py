"""Which samples make which batch: a pure function of the seed and the batch's number.

Epochs follow each other without a seam: a batch may end one and begin the next, so that none is short and no sample is
dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count

import torch
from torch import Generator, Tensor

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample
from clearsight.ops.random import generator


class Order:
    """The endless order of a set of known size, each epoch a permutation of its own.

    `whole` cuts every epoch by itself, into ⌈size / batch_size⌉ batches as equal as can be, none larger than
    `batch_size`. With `weights` (size,) an epoch is so many draws with replacement, each sample as likely as its weight.
    """

    def __init__(
        self,
        size: int,
        batch_size: int,
        seed: int,
        *,
        shuffle: bool = True,
        whole: bool = False,
        weights: Tensor | None = None,
    ) -> None:
        if size < 1 or batch_size < 1:
            raise ValueError(f"a set of {size} samples cannot be cut into batches of {batch_size}")
        if weights is not None and (weights.shape != (size,) or not (weights >= 0).all() or not weights.sum() > 0):
            raise ValueError(f"{size} samples want as many weights, none below zero and one above")
        self.size, self.batch_size, self.seed, self.shuffle = size, batch_size, seed, shuffle
        self.per_epoch = -(-size // batch_size) if whole else None  # batches in an epoch; None: no whole number
        self._upto = None if weights is None else weights.double().cumsum(0)
        self._epoch, self._permutation = -1, torch.empty(0, dtype=torch.int64)

    def epoch(self, number: int) -> Tensor:
        """The indices (size,) int64 of epoch `number` in their order."""
        if number != self._epoch:
            self._epoch, self._permutation = number, self._drawn(generator(self.seed, "order", number))
        return self._permutation

    def _drawn(self, draw: Generator) -> Tensor:
        if self._upto is not None:
            places = torch.rand(self.size, generator=draw, dtype=torch.float64) * self._upto[-1]
            return torch.searchsorted(self._upto, places, right=True).clamp(max=self.size - 1)
        return torch.randperm(self.size, generator=draw) if self.shuffle else torch.arange(self.size)

    def batch(self, position: int) -> Tensor:
        """The indices (batch_size,) int64 of the global batch number `position`."""
        if self.per_epoch is not None:
            number, place = divmod(position, self.per_epoch)
            return self.epoch(number).tensor_split(self.per_epoch)[place]
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
        """How often each sample (batch_size,) int64 of the global batch number `position` has had its turn before; with
        weights, how many epochs there were."""
        if self.per_epoch is not None:
            return torch.full((len(self.batch(position)),), position // self.per_epoch)
        return torch.arange(position * self.batch_size, (position + 1) * self.batch_size) // self.size

    def after(self, position: int) -> Iterator[int]:
        """One epoch's worth of the indices that follow the global batch number `position`."""
        start = (position + 1) * self.batch_size
        if self.per_epoch is not None:
            number, cut = divmod(position + 1, self.per_epoch)
            start = number * self.size + sum(map(len, self.epoch(number).tensor_split(self.per_epoch)[:cut]))
        for place in range(start, start + self.size):
            epoch, offset = divmod(place, self.size)
            yield int(self.epoch(epoch)[offset])


class Flow:
    """The endless order of a stream: read again and again, each pass shuffled through a buffer, the first `skip` samples
    left out.

    `read(n)` gives the samples of pass n, as many in each. Samples can be looked at before it is their turn. `size` is
    the number of samples in a pass once one has ended.
    """

    def __init__(
        self,
        read: Callable[[int], Iterable[Sample]],
        seed: int,
        buffer: int,
        *,
        shuffle: bool = True,
        skip: int = 0,
    ) -> None:
        self.size: int | None = None
        self._ahead: deque[tuple[int, Sample]] = deque()
        self._passes = self._endless(read, seed, buffer if shuffle else 1, skip)

    def take(self, number: int) -> list[tuple[int, Sample]]:
        """The next `number` samples, each with the number of its pass."""
        self._look(number)
        return [self._ahead.popleft() for _ in range(number)]

    def coming(self) -> Iterator[Sample]:
        """The samples whose turn comes next, which stay where they are."""
        for place in count():
            self._look(place + 1)
            yield self._ahead[place][1]

    def _look(self, number: int) -> None:
        while len(self._ahead) < number:
            self._ahead.append(next(self._passes))

    def _endless(
        self, read: Callable[[int], Iterable[Sample]], seed: int, buffer: int, skip: int
    ) -> Iterator[tuple[int, Sample]]:
        number = 0
        while True:
            size = 0
            for sample in shuffled(read(number), seed, number, buffer):
                size += 1
                if size > skip:
                    yield number, sample
            self.size = size
            if size == 0:
                raise InputError("the stream of samples is empty")
            whole, skip = divmod(max(0, skip - size), size)
            number += 1 + whole


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
