"""Batches of a set that is made ready, for training and for judging."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import torch
from torch import Tensor

from clearsight.core.errors import BadImage
from clearsight.core.pipeline import Batch, Batches, Example, Stages
from clearsight.core.sample import Sample
from clearsight.data.examples import make_examples
from clearsight.data.order import Order, part
from clearsight.data.sample_stream import SampleStream
from clearsight.data.store import Store
from clearsight.data.stream import FileBatches, StreamBatches
from clearsight.data.workers import progress
from clearsight.ops.random import generator

__all__ = ["FileBatches", "StoreBatches", "StreamBatches", "judge_batches", "training_batches"]


class StoreBatches:
    """Training batches gathered from a store. Fills the contract of `core.pipeline.Batches`.

    `batch_size` is per rank: a global batch holds `batch_size * world` samples, of which rank r takes the r-th part.
    `whole` and `weights` are those of `data.order.Order`.
    Where a cuda device has room to spare, the whole store moves there once. `total` is the number of batches of the
    whole training, by which each batch knows its progress.
    """

    def __init__(
        self,
        store: Store,
        stages: Stages,
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world: int = 1,
        shuffle: bool = True,
        total: int | None = None,
        whole: bool = False,
        weights: Tensor | None = None,
    ) -> None:
        if store.images is None:
            raise TypeError("a streamed set has no examples: FileBatches reads it")
        self.batch_size, self.bad = batch_size, list(store.bad)
        self.size: int | None = len(store)
        self._store, self._stages, self._device, self._seed = store, stages, device, seed
        self._order = Order(len(store), batch_size * world, seed, shuffle=shuffle, whole=whole, weights=weights)
        self._total = total
        self._rank, self._world = rank, world

    def start(self, position: int) -> Iterator[Batch]:
        """Endless batches on the device, after the batch stage, the first being number `position`."""
        if _has_room(self._device, self._store):
            self._store = self._store.to(self._device)
        for number in count(position):
            indices = part(self._order.batch(number), self._rank, self._world)
            batch = self._gather(indices, number).to(self._device)
            batch.progress = progress(number, self._total)
            batch.passes = part(self._order.passes(number), self._rank, self._world)
            yield self._stages.batch(batch, generator(self._seed, "batch", number, self._rank))

    def _gather(self, indices: Tensor, number: int) -> Batch:
        if self._stages.mix is None:
            return self._store.gather(indices)
        mix = self._stages.mix
        mixed = []
        for index in indices.tolist():
            example = self._store.example(index)
            draw = generator(self._seed, "mix", number, example.key)
            partners = torch.randint(len(self._store), (self._stages.mix_count - 1,), generator=draw).tolist()
            mixed.append(mix([example, *map(self._store.example, partners)], draw))
        return self._stages.collate(mixed)


def training_batches(
    source: Store | SampleStream,
    stages: Stages,
    *,
    batch_size: int,
    seed: int,
    device: torch.device,
    rank: int = 0,
    world: int = 1,
    workers: int | None = None,
    total: int | None = None,
    whole: bool = False,
    weights: Tensor | None = None,
) -> Batches:
    """Batches from a prepared store, gathered where examples are kept, else decoded by `workers` processes, which also
    decode a stream."""
    common: dict[str, Any] = {"batch_size": batch_size, "seed": seed, "device": device, "rank": rank, "world": world}
    common |= {"total": total}
    if isinstance(source, SampleStream):
        if whole or weights is not None:
            raise TypeError("a stream has neither whole epochs nor weights")
        return StreamBatches(source.reader(seed), stages, workers=workers, **common)
    common |= {"whole": whole, "weights": weights}
    if source.images is not None:
        return StoreBatches(source, stages, **common)
    return FileBatches(source.samples, stages, workers=workers, **common)


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
