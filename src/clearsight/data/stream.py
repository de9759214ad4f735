"""Batches decoded as they are needed, by worker processes: of a big set, or of a stream without length.

What a batch holds depends on its number and the seed alone, never on the number of workers. Workers are spawned:
a fork of a process with threads may hang, and spawning is the one way that every system has. As with any spawning, a
script that trains needs its `if __name__ == "__main__":`.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, islice
from typing import Any

import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler, get_worker_info

from clearsight.core.errors import BadImage, ClearsightError, InputError
from clearsight.core.machine import cores
from clearsight.core.pipeline import Batch, Example, Stages
from clearsight.core.sample import Sample
from clearsight.data.examples import make_example
from clearsight.data.order import Flow, Order
from clearsight.ops.random import generator

MOST_WORKERS = 8
"""Worker processes, at most, where the number is left to us."""

PATIENCE = 1000
"""Unusable pictures in a row after which a set is given up."""


@dataclass
class Sent:
    """What a worker sends: a batch or why there is none, the pictures left out, the stream's size once known."""

    batch: Batch | ClearsightError
    bad: list[BadImage]
    size: int | None = None

    def pin_memory(self) -> Sent:
        """With the batch in memory that a cuda device can fetch by itself."""
        if isinstance(self.batch, Batch):
            targets = {name: value.pin_memory() for name, value in self.batch.targets.items()}
            self.batch = Batch(self.batch.images.pin_memory(), targets, self.batch.keys)
        return self


@dataclass(frozen=True)
class Recipe:
    """How a rank's part of a batch is made, on a worker."""

    stages: Stages
    batch_size: int
    seed: int
    rank: int
    world: int

    @property
    def mine(self) -> slice:
        """This rank's slice of a global batch."""
        return slice(self.rank * self.batch_size, (self.rank + 1) * self.batch_size)

    def make(
        self,
        number: int,
        samples: Sequence[Sample],
        partners: Callable[[Generator, int], Sequence[Sample]],
        spare: Iterator[Sample],
    ) -> Sent:
        """Batch `number` of these samples. Unusable pictures are left out; where all are, the first usable one of
        `spare` stands in, because a step needs a picture. `partners` draws so many samples to mix with."""
        bad: list[BadImage] = []

        def usable(candidates: Iterable[Sample]) -> Iterator[Example]:
            for sample in candidates:
                example = make_example(sample, self.stages)
                if isinstance(example, BadImage):
                    bad.append(example)
                else:
                    yield example

        try:
            examples = list(usable(samples)) or list(islice(usable(islice(spare, PATIENCE)), 1))
            if not examples:
                return Sent(InputError(f"{len(bad):,} pictures in a row cannot be used; the last: {bad[-1]}"), bad)
            if self.stages.mix is not None:
                mixed = []
                for example in examples:
                    draw = generator(self.seed, "mix", number, example.key)
                    others = list(usable(partners(draw, self.stages.mix_count - 1)))
                    others += [example] * (self.stages.mix_count - 1 - len(others))  # itself for an unusable one
                    mixed.append(self.stages.mix([example, *others], draw))
                examples = mixed
            return Sent(self.stages.collate(examples), bad)
        except ClearsightError as error:  # raised in the main process: the loader would bury it in a traceback
            return Sent(error, bad)


def progress(number: int, total: int | None) -> float:
    """Share of a training of `total` batches that is over when batch `number` is taken; 1 where that is unknown."""
    return 1.0 if total is None else min(1.0, number / total)


class _Workers:
    """What both kinds of batches share: worker processes, and what becomes of the things they send."""

    size: int | None

    def __init__(
        self,
        stages: Stages,
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world: int = 1,
        workers: int | None = None,
        total: int | None = None,
    ) -> None:
        self._total = total
        self.batch_size = batch_size
        self.bad: list[BadImage] = []
        self._stages, self._device = stages, device
        self._recipe = Recipe(replace(stages, batch=_not_here), batch_size, seed, rank, world)
        self._count = min(cores(), MOST_WORKERS) if workers is None else workers

    def _run(self, dataset: Dataset[Sent], position: int) -> Iterator[Batch]:
        known = {bad.name for bad in self.bad}
        with _ctrl_c_held():
            arriving = iter(self._load(dataset, position))
        for number, sent in enumerate(arriving, position):
            for bad in sent.bad:
                if bad.name not in known:
                    known.add(bad.name)
                    self.bad.append(bad)
            self.size = sent.size or self.size
            if isinstance(sent.batch, ClearsightError):
                raise sent.batch
            draw = generator(self._recipe.seed, "batch", number, self._recipe.rank)
            batch = sent.batch.to(self._device)
            batch.progress = progress(number, self._total)
            batch.passes = self._passes(number, len(batch))
            yield self._stages.batch(batch, draw)

    def _passes(self, number: int, count: int) -> Tensor | None:
        """How often each picture of a batch has had its turn before, where that is known."""
        return None

    def _load(self, dataset: Dataset[Sent], position: int) -> DataLoader[Sent]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "This DataLoader will create")  # more workers than cores: as asked
            return DataLoader(
                dataset,
                batch_size=None,  # an item is a batch already
                sampler=None if isinstance(dataset, IterableDataset) else _From(position),
                collate_fn=_same,
                num_workers=self._count,
                multiprocessing_context="spawn" if self._count else None,
                worker_init_fn=partial(_settle, os.getpid()),
                pin_memory=self._device.type == "cuda",
                generator=torch.Generator(),  # by default each start takes a number from the global one
            )


class FileBatches(_Workers):
    """Training batches of a set too big to keep: the same batches as `StoreBatches`, decoded by workers.

    `batch_size` is per rank. `workers` None takes one per core, at most 8; 0 decodes in this process. Pictures that
    cannot be used make their batch smaller and appear in `bad`.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        stages: Stages,
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world: int = 1,
        workers: int | None = None,
        shuffle: bool = True,
        total: int | None = None,
    ) -> None:
        super().__init__(
            stages,
            batch_size=batch_size,
            seed=seed,
            device=device,
            rank=rank,
            world=world,
            workers=workers,
            total=total,
        )
        self.size = len(samples)
        self._order = Order(len(samples), batch_size * world, seed, shuffle=shuffle)
        self._dataset = _Files(samples, self._order, self._recipe)

    def _passes(self, number: int, count: int) -> Tensor | None:
        passes = self._order.passes(number)[self._recipe.mine]
        return passes if len(passes) == count else None  # a picture of the batch could not be used

    def start(self, position: int) -> Iterator[Batch]:
        """Endless batches on the device, after the batch stage, the first being number `position`."""
        return self._run(self._dataset, position)


class StreamBatches(_Workers):
    """Training batches of a stream that can only be read from its beginning, again and again.

    `read` gives the samples, pictures not yet decoded; it goes to the workers and must be picklable. Each pass is
    shuffled through a buffer of so many samples. Partners to mix with come from the same global batch. Starting at
    a later batch reads the samples before it without decoding them. `size` is known when a pass has ended.
    """

    def __init__(
        self,
        read: Callable[[], Iterable[Sample]],
        stages: Stages,
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world: int = 1,
        workers: int | None = None,
        buffer: int = 1000,
        shuffle: bool = True,
        total: int | None = None,
    ) -> None:
        super().__init__(
            stages,
            batch_size=batch_size,
            seed=seed,
            device=device,
            rank=rank,
            world=world,
            workers=workers,
            total=total,
        )
        self.size = None
        self._read, self._buffer = read, buffer if shuffle else 1

    def start(self, position: int) -> Iterator[Batch]:
        """Endless batches on the device, after the batch stage, the first being number `position`."""
        return self._run(_Stream(self._read, self._buffer, self._recipe, position), position)


class _Files(Dataset[Sent]):
    """Item n is what rank's part of the global batch n is made of."""

    def __init__(self, samples: Sequence[Sample], order: Order, recipe: Recipe) -> None:
        self.samples, self.order, self.recipe = samples, order, recipe

    def __getitem__(self, number: int) -> Sent:
        def partners(draw: Generator, so_many: int) -> list[Sample]:
            return [self.samples[i] for i in torch.randint(len(self.samples), (so_many,), generator=draw).tolist()]

        mine = [self.samples[i] for i in self.order.batch(number)[self.recipe.mine].tolist()]
        spare = (self.samples[i] for i in self.order.after(number))
        return self.recipe.make(number, mine, partners, spare)


class _Stream(IterableDataset[Sent]):
    """Batches from `position` on. Of several workers each reads the whole stream and decodes every n-th batch."""

    def __init__(self, read: Callable[[], Iterable[Sample]], buffer: int, recipe: Recipe, position: int) -> None:
        self.read, self.buffer, self.recipe, self.position = read, buffer, recipe, position

    def __iter__(self) -> Iterator[Sent]:
        worker = get_worker_info()
        mine, workers = (worker.id, worker.num_workers) if worker is not None else (0, 1)
        flow = Flow(self.read, self.recipe.seed, self.buffer)
        for number in count():
            try:
                samples = flow.take(self.recipe.batch_size * self.recipe.world)
            except ClearsightError as error:
                yield Sent(error, [])
                return
            if number < self.position or (number - self.position) % workers != mine:
                continue

            def partners(draw: Generator, so_many: int, among: Sequence[Sample] = samples) -> list[Sample]:
                return [among[i] for i in torch.randint(len(among), (so_many,), generator=draw).tolist()]

            sent = self.recipe.make(number, samples[self.recipe.mine], partners, flow.coming())
            sent.size = flow.size
            yield sent


class _From(Sampler[int]):
    """Batch numbers from one on, without end."""

    def __init__(self, position: int) -> None:
        self.position = position

    def __iter__(self) -> Iterator[int]:
        return count(self.position)


def _same(sent: Any) -> Any:
    return sent


def _not_here(batch: Batch, draw: Generator) -> Batch:
    """Stands for the batch stage on workers, which do not run it and need not be able to pickle it."""
    raise TypeError("the batch stage runs in the main process")


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Processes started in this context never see Ctrl-C, which a terminal sends to all of them while they still import
    torch; this one sees it afterwards. Only `_settle` does this on Windows, where signals cannot be held."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it would let signals through again when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _settle(main: int, worker: int) -> None:
    """A worker's own settings: one thread, and Ctrl-C is the main process's business.

    From here on torch ends a worker whose main process is gone; where that was killed before, it would stay for ever.
    """
    if os.getppid() != main:
        sys.exit(1)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
