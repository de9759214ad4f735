"""Batches of a set that is made ready, for training and for judging."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import torch
from torch import Tensor

from clearsight.core.errors import BadImage
from clearsight.core.pipeline import Batch, Batches, Example, Stages
from clearsight.core.sample import Sample
from clearsight.data.examples import make_examples
from clearsight.data.feed import Feed
from clearsight.data.sample_stream import SampleStream
from clearsight.data.store import Store
from clearsight.data.stream import FileBatches, StreamBatches
from clearsight.ops.random import generator

__all__ = ["Feed", "FileBatches", "StoreBatches", "StreamBatches", "judge_batches", "training_batches"]


class StoreBatches:
    """Training batches gathered from a store. Fills the contract of `core.pipeline.Batches`.

    Where a cuda device has room to spare, the whole store moves there once.
    """

    def __init__(self, store: Store, stages: Stages, feed: Feed) -> None:
        if store.images is None:
            raise TypeError("a streamed set has no examples: FileBatches reads it")
        self.batch_size, self.bad = feed.batch_size, list(store.bad)
        self.size: int | None = len(store)
        self._store, self._stages, self._feed = store, stages, feed
        self._order = feed.order(len(store))

    def start(self, position: int) -> Iterator[Batch]:
        """Endless batches on the device, after the batch stage, the first being number `position`."""
        feed = self._feed
        if _has_room(feed.device, self._store):
            self._store = self._store.to(feed.device)
        for number in count(position):
            batch = self._gather(feed.part(self._order.batch(number)), number).to(feed.device)
            batch.progress = feed.progress(number)
            batch.passes = feed.part(self._order.passes(number))
            yield self._stages.batch(batch, generator(feed.seed, "batch", number, feed.rank))

    def _gather(self, indices: Tensor, number: int) -> Batch:
        if self._stages.mix is None:
            return self._store.gather(indices)
        mix = self._stages.mix
        mixed = []
        for index in indices.tolist():
            example = self._store.example(index)
            draw = generator(self._feed.seed, "mix", number, example.key)
            partners = torch.randint(len(self._store), (self._stages.mix_count - 1,), generator=draw).tolist()
            mixed.append(mix([example, *map(self._store.example, partners)], draw, self._feed.progress(number)))
        return self._stages.collate(mixed)


def training_batches(source: Store | SampleStream, stages: Stages, feed: Feed) -> Batches:
    """Batches from a prepared store, gathered where examples are kept, else decoded by worker processes, which also
    decode a stream."""
    if isinstance(source, SampleStream):
        return StreamBatches(source.reader(feed.seed), stages, feed)
    if source.images is not None:
        return StoreBatches(source, stages, feed)
    return FileBatches(source.samples, stages, feed)


def judge_batches(
    source: Store | Sequence[Sample],
    stages: Stages,
    *,
    batch_size: int,
    device: torch.device,
    bad: list[BadImage] | None = None,
) -> Iterator[Batch]:
    """One pass in order over a store or over samples, after the batch stage; the last batch may be short.

    Samples are decoded as they are needed. Pictures that cannot be used are left out and appended to `bad`.
    """
    if isinstance(source, Store) and source.images is not None:
        length = len(source)
        batches: Iterator[Batch] = (
            source.gather(torch.arange(start, min(start + batch_size, length)))
            for start in range(0, length, batch_size)
        )
    else:
        samples = source.samples if isinstance(source, Store) else source
        batches = _decoded(samples, stages, batch_size, bad if bad is not None else [])
    for number, batch in enumerate(batches):
        yield stages.batch(batch.to(device), generator(0, "judge", number))


def _decoded(samples: Sequence[Sample], stages: Stages, batch_size: int, bad: list[BadImage]) -> Iterator[Batch]:
    examples: list[Example] = []
    for _, example in make_examples(samples, stages):
        if isinstance(example, BadImage):
            bad.append(example)
            continue
        examples.append(example)
        if len(examples) == batch_size:
            yield stages.collate(examples)
            examples = []
    if examples:
        yield stages.collate(examples)


def _has_room(device: torch.device, store: Store) -> bool:
    """Whether a cuda device can keep a store that is in memory in half of what it has free."""
    if device.type != "cuda" or store.where != "memory":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return store.nbytes < free // 2
