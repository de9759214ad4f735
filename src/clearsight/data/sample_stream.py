"""Samples that are not listed: a split read part by part, again and again, each pass in an order of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from clearsight.core.reader import Part
from clearsight.core.sample import Sample
from clearsight.data.changes import Change, changed
from clearsight.data.splits import place_of

COUNTED = 100_000
"""Samples that are counted one by one; how many follow them is estimated by the size of their parts."""

LOOKED = 2_000
"""Samples of a stream that stand for all where something must be known of it before training."""


@dataclass(frozen=True)
class Cut:
    """Leaves out the samples whose number, the hash of their key or group, is not from `low` to `high`, in [0, 1]."""

    low: float
    high: float
    salt: str
    group: str | None

    def __call__(self, sample: Sample) -> Sample | None:
        value = sample.extra.get(self.group) if self.group else None
        unit = f"key:{sample.key}" if value in (None, "") else f"group:{value}"
        return sample if self.low <= place_of(unit + self.salt) < self.high else None


@dataclass(frozen=True)
class SampleStream:
    """A split, or a share of it by hash. Picklable; holds no sample."""

    parts: Sequence[Part]
    changes: tuple[Change, ...] = ()  # what becomes of each sample, one after another

    def __iter__(self) -> Iterator[Sample]:
        """All samples in the order of the parts."""
        return self._of(self.parts)

    def within(self, low: float, high: float, *, salt: str = "", group: str | None = None) -> SampleStream:
        """The share of it from `low` to `high`, by hash of the key, or of a column of `Sample.extra`: adding parts moves
        nothing. A share that is divided again needs another `salt`."""
        return replace(self, changes=(*self.changes, Cut(low, high, salt, group)))

    def holds(self, sample: Sample) -> bool:
        """Whether a sample of the split is in this share of it."""
        return all(change(sample) is not None for change in self.changes if isinstance(change, Cut))

    def reader(self, seed: int) -> Callable[[int], Iterator[Sample]]:
        """What gives the samples of pass n, the parts in an order that follows from (seed, n)."""
        return partial(self._pass, seed)

    def head(self, number: int = LOOKED) -> list[Sample]:
        """So many samples, evenly from the beginnings of all parts (of some, where there are more parts)."""
        step = max(1, -(-len(self.parts) // number))
        chosen = self.parts[::step]
        each = max(1, -(-number // max(1, len(chosen))))
        return [sample for part in chosen for sample in islice(self._of([part]), each)][:number]

    def count(self, budget: int = COUNTED) -> tuple[int | None, bool]:
        """The number of samples, and whether it is exact. Beyond `budget` samples it is estimated from the parts' sizes;
        None where those are unknown."""
        total = done = 0
        for number, part in enumerate(self.parts):
            if total >= budget:
                rest = [later.nbytes for later in self.parts[number:]]
                return (round(total + total * sum(rest) / done), False) if done and all(rest) else (None, False)
            size = sum(1 for _ in islice(self._of([part]), None if part.nbytes else budget))
            total, done = total + size, done + part.nbytes
        return (total, True) if done or total < budget else (None, False)

    def _of(self, parts: Iterable[Part]) -> Iterator[Sample]:
        for part in parts:
            yield from changed(part.samples(), self.changes)

    def _pass(self, seed: int, number: int) -> Iterator[Sample]:
        import torch

        from clearsight.ops.random import generator

        order = torch.randperm(len(self.parts), generator=generator(seed, "parts", number)).tolist()
        return self._of(self.parts[place] for place in order)
