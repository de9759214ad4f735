"""Batches decoded as they are needed, by worker processes: of a big set, or of a stream without length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import torch
from torch import Generator, Tensor
from torch.utils.data import Dataset, Sampler

from clearsight.core.pipeline import Batch, Stages
from clearsight.core.sample import Sample
from clearsight.data.feed import Feed
from clearsight.data.order import Flow, Order
from clearsight.data.workers import Recipe, Sent, Workers


class FileBatches(Workers):
    """Training batches of a set too big to keep: the same batches as `StoreBatches`, decoded by workers.

    Pictures that cannot be used make their batch smaller and appear in `bad`.
    """

    def __init__(self, samples: Sequence[Sample], stages: Stages, feed: Feed) -> None:
        super().__init__(stages, feed)
        self.size = len(samples)
        self._order = feed.order(len(samples))
        self._dataset = _Files(samples, self._order, self._recipe)

    def _passes(self, number: int) -> Tensor:
        return self._feed.part(self._order.passes(number))

    def start(self, position: int) -> Iterator[Batch]:
        """Endless batches on the device, after the batch stage, the first being number `position`."""
        return self._run(self._dataset, _From(position), position)


class StreamBatches(Workers):
    """Training batches of a stream that can only be read from its beginning, again and again.

    `read(n)` gives the samples of pass n, pictures not yet decoded, in the same order whenever it is asked; it must be
    picklable. It is read in this process, workers decode. Each pass is shuffled through a buffer of so many samples.
    Partners to mix with come from the same global batch. Starting at a later batch reads the samples before it without
    decoding them. `size` is known when a pass has ended.
    """

    def __init__(self, read: Callable[[int], Iterable[Sample]], stages: Stages, feed: Feed) -> None:
        if feed.whole or feed.weights is not None:
            raise TypeError("a stream has neither whole epochs nor weights")
        super().__init__(stages, feed)
        self.size = None
        self._read = read

    def start(self, position: int) -> Iterator[Batch]:
        """Endless batches on the device, after the batch stage, the first being number `position`."""
        dataset = _Stream(self._read, self._recipe)
        return self._run(dataset, _Turns(dataset, position), position)


class _Files(Dataset[Sent]):
    """Item n is what rank's part of the global batch n is made of."""

    def __init__(self, samples: Sequence[Sample], order: Order, recipe: Recipe) -> None:
        self.samples, self.order, self.recipe = samples, order, recipe

    def __getitem__(self, number: int) -> Sent:
        def partners(draw: Generator, so_many: int) -> list[Sample]:
            return [self.samples[i] for i in torch.randint(len(self.samples), (so_many,), generator=draw).tolist()]

        indices = self.recipe.feed.part(self.order.batch(number))
        mine = [self.samples[i] for i in indices.tolist()]
        spare = (self.samples[i] for i in self.order.after(number))
        return self.recipe.make(number, mine, partners, spare)


@dataclass(frozen=True)
class _Turn:
    """What a batch of a stream is made of."""

    number: int
    samples: Sequence[Sample]  # of this rank
    passes: Tensor  # int64, how often each had its turn before
    among: Sequence[Sample]  # partners to mix with
    size: int | None  # of a pass, once one has ended


class _Stream(Dataset[Sent]):
    """Batches made of turns, which are taken in the main process."""

    def __init__(self, read: Callable[[int], Iterable[Sample]], recipe: Recipe) -> None:
        self.read, self.recipe = read, recipe

    def flow(self, number: int) -> Flow:
        """The samples from the global batch `number` on."""
        feed = self.recipe.feed
        skip = number * feed.batch_size * feed.world
        return Flow(self.read, feed.seed, feed.buffer, shuffle=feed.shuffle, skip=skip)

    def __getitem__(self, turn: _Turn) -> Sent:
        def partners(draw: Generator, so_many: int) -> list[Sample]:
            return [turn.among[i] for i in torch.randint(len(turn.among), (so_many,), generator=draw).tolist()]

        def spare() -> Iterator[Sample]:  # hardly ever asked for, so that the stream may as well be read again for it
            yield from self.flow(turn.number + 1).coming()

        sent = self.recipe.make(turn.number, turn.samples, partners, spare())
        sent.passes, sent.size = turn.passes, turn.size
        return sent


class _Turns(Sampler[_Turn]):
    """The turns from batch `position` on, without end."""

    def __init__(self, stream: _Stream, position: int) -> None:
        self.stream, self.position = stream, position

    def __iter__(self) -> Iterator[_Turn]:
        recipe, flow = self.stream.recipe, self.stream.flow(self.position)
        feed = recipe.feed
        for number in count(self.position):
            taken = flow.take(feed.batch_size * feed.world)
            samples = [sample for _, sample in taken]
            passes = torch.tensor([turn for turn, _ in taken])[feed.mine]
            among = samples if recipe.stages.mix is not None else ()
            yield _Turn(number, samples[feed.mine], passes, among, flow.size)


class _From(Sampler[int]):
    """Batch numbers from one on, without end."""

    def __init__(self, position: int) -> None:
        self.position = position

    def __iter__(self) -> Iterator[int]:
        return count(self.position)
