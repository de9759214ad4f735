"""What batches that are decoded as they are needed share: worker processes, and what they are told and send back.

What a batch holds depends on its number and the seed alone, never on the number of workers. Workers are spawned:
a fork of a process with threads may hang, and spawning is the one way that every system has. As with any spawning, a
script that trains needs its `if __name__ == "__main__":`.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, overload

import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from clearsight.core.errors import BadImage, ClearsightError, InputError
from clearsight.core.machine import cores
from clearsight.core.pipeline import Batch, Example, Stages
from clearsight.core.sample import Sample
from clearsight.data.examples import make_example
from clearsight.data.feed import Feed
from clearsight.ops.random import generator

MOST_WORKERS = 8
"""Worker processes, at most, where the number is left to us."""

PATIENCE = 1000
"""Unusable pictures in a row after which a set is given up."""


@dataclass
class Sent:
    """What a worker sends: a batch or why there is none, and the pictures left out. Of a stream also how often each of
    the batch's pictures had its turn before, and the size of a pass once one has ended."""

    batch: Batch | ClearsightError
    bad: list[BadImage]
    passes: Tensor | None = None
    size: int | None = None

    def pin_memory(self) -> Sent:
        """With the batch in memory that a cuda device can fetch by itself."""
        if isinstance(self.batch, Batch):
            targets = {name: value.pin_memory() for name, value in self.batch.targets.items()}
            self.batch = Batch(self.batch.images.pin_memory(), targets, self.batch.keys)
        return self


class Row(Sequence[Example]):
    """An example and those to mix it with, each made when it is asked for: a mix that leaves its first example as it is
    costs no decoding. The first one stands in for those that cannot be used, of which `make` gives None."""

    def __init__(self, first: Example, others: Sequence[Sample], make: Callable[[Sample], Example | None]) -> None:
        self._made: list[Example | None] = [first, *(None for _ in others)]
        self._first, self._others, self._make = first, others, make

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, which: int) -> Example: ...

    @overload
    def __getitem__(self, which: slice) -> list[Example]: ...

    def __getitem__(self, which: int | slice) -> Example | list[Example]:
        if isinstance(which, slice):
            return [self[number] for number in range(*which.indices(len(self)))]
        number = range(len(self))[which]
        found = self._made[number]
        if found is None:
            found = self._made[number] = self._make(self._others[number - 1]) or self._first
        return found


@dataclass(frozen=True)
class Recipe:
    """How a rank's part of a batch is made, on a worker."""

    stages: Stages
    feed: Feed

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
                    draw = generator(self.feed.seed, "mix", number, example.key)
                    row = Row(example, partners(draw, self.stages.mix_count - 1), lambda one: next(usable([one]), None))
                    mixed.append(self.stages.mix(row, draw, self.feed.progress(number)))
                examples = mixed
            return Sent(self.stages.collate(examples), bad)
        except ClearsightError as error:  # raised in the main process: the loader would bury it in a traceback
            return Sent(error, bad)


class Workers:
    """What both kinds of batches share: worker processes, and what becomes of the things they send."""

    size: int | None

    def __init__(self, stages: Stages, feed: Feed) -> None:
        self.batch_size = feed.batch_size
        self.bad: list[BadImage] = []
        self._stages, self._feed = stages, feed
        self._recipe = Recipe(replace(stages, batch=_not_here), replace(feed, weights=None))  # the order has them
        self._count = min(cores(), MOST_WORKERS) if feed.workers is None else feed.workers

    def _run(self, dataset: Dataset[Sent], turns: Sampler[Any], position: int) -> Iterator[Batch]:
        """The batches made of `dataset[turn]` for each turn, the first being number `position`."""
        known = {bad.name for bad in self.bad}
        with _ctrl_c_held():
            arriving = iter(self._load(dataset, turns))
        for number, sent in enumerate(arriving, position):
            for bad in sent.bad:
                if bad.name not in known:
                    known.add(bad.name)
                    self.bad.append(bad)
            self.size = sent.size or self.size
            if isinstance(sent.batch, ClearsightError):
                raise sent.batch
            draw = generator(self._feed.seed, "batch", number, self._feed.rank)
            batch = sent.batch.to(self._feed.device)
            batch.progress = self._feed.progress(number)
            passes = self._passes(number) if sent.passes is None else sent.passes
            batch.passes = passes if passes is not None and len(passes) == len(batch) else None  # one may be left out
            yield self._stages.batch(batch, draw)

    def _passes(self, number: int) -> Tensor | None:
        """How often each picture of a batch has had its turn before, where that is known without asking a worker."""
        return None

    def _load(self, dataset: Dataset[Sent], turns: Sampler[Any]) -> DataLoader[Sent]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "This DataLoader will create")  # more workers than cores: as asked
            return DataLoader(
                dataset,
                batch_size=None,  # an item is a batch already
                sampler=turns,  # runs in this process
                collate_fn=_same,
                num_workers=self._count,
                multiprocessing_context="spawn" if self._count else None,
                worker_init_fn=partial(_settle, os.getpid()),
                pin_memory=self._feed.device.type == "cuda",
                generator=torch.Generator(),  # by default each start takes a number from the global one
            )


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
    atexit.register(os._exit, 0)  # all is sent by then; taking torch's libraries down now and then aborts a process
