"""A set made ready: its examples in one tensor, in memory or mapped from a file, of which batches are gathered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from clearsight.core.errors import BadImage
from clearsight.core.pipeline import Batch, Example, stack
from clearsight.core.sample import Sample

Where = Literal["memory", "disk", "stream"]
"""Where examples are kept: decoded in memory, decoded in a file, or nowhere (decoded anew each time)."""

Targets = dict[str, Tensor] | list[dict[str, Tensor]]
"""The targets of N examples: stacked to (N, ...) each where their shapes are equal, else one by one."""


@dataclass(frozen=True, eq=False)
class Store:
    """The usable samples of a set and, unless they are streamed, their examples in the same order."""

    where: Where
    reason: str  # why there, a sentence for people
    samples: Sequence[Sample]  # the usable ones, in order; all of them where nothing is decoded yet
    bad: Sequence[BadImage] = ()  # pictures left out
    images: Tensor | None = None  # uint8 (N, C, S, S); None when streamed
    targets: Targets = field(default_factory=list)
    collate: Callable[[Sequence[Example]], Batch] = stack

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def keys(self) -> list[str]:
        """The samples' keys."""
        return [sample.key for sample in self.samples]

    @property
    def nbytes(self) -> int:
        """Size of images and targets, bytes."""
        columns = self.targets if isinstance(self.targets, list) else [self.targets]
        size = sum(value.nbytes for column in columns for value in column.values())
        return size + (0 if self.images is None else self.images.nbytes)

    def example(self, index: int) -> Example:
        """One example, a view into the store."""
        if self.images is None:
            raise TypeError("a streamed set keeps no examples")
        if isinstance(self.targets, list):
            target = self.targets[index]
        else:
            target = {name: value[index] for name, value in self.targets.items()}
        return Example(self.samples[index].key, self.images[index], target)

    def gather(self, indices: Tensor) -> Batch:
        """The examples at `indices` (B,) int64 as one batch on the store's device, images uint8."""
        rows: list[int] = indices.tolist()
        if self.images is None or isinstance(self.targets, list) or self.collate is not stack:
            return self.collate([self.example(row) for row in rows])
        indices = indices.to(self.images.device)
        targets = {name: value.index_select(0, indices) for name, value in self.targets.items()}
        keys = [self.samples[row].key for row in rows]
        return Batch(self.images.index_select(0, indices), targets, keys)

    def to(self, device: torch.device) -> Store:
        """The store with its tensors on a device; itself where they are there already."""
        if self.images is None or self.images.device == device:
            return self
        if isinstance(self.targets, list):
            targets: Targets = [_moved(target, device) for target in self.targets]
        else:
            targets = _moved(self.targets, device)
        return replace(self, images=self.images.to(device), targets=targets)


class Columns:
    """Collects the targets of up to `count` examples, stacked as long as their shapes and types are equal."""

    def __init__(self, count: int, first: Mapping[str, Tensor]) -> None:
        self._stacked = {name: value.new_empty((count, *value.shape)) for name, value in first.items()}
        self._single: list[dict[str, Tensor]] | None = None
        self._length = 0

    def append(self, target: Mapping[str, Tensor]) -> None:
        """Take the next example's target."""
        if self._single is None and not self._fits(target):
            self._single = [
                {name: value[row].clone() for name, value in self._stacked.items()} for row in range(self._length)
            ]
            self._stacked = {}
        if self._single is None:
            for name, value in target.items():
                self._stacked[name][self._length] = value
        else:
            self._single.append(dict(target))
        self._length += 1

    def targets(self) -> Targets:
        """What was collected."""
        if self._single is not None:
            return self._single
        return {name: value[: self._length] for name, value in self._stacked.items()}

    def _fits(self, target: Mapping[str, Tensor]) -> bool:
        return target.keys() == self._stacked.keys() and all(
            value.shape == self._stacked[name].shape[1:] and value.dtype == self._stacked[name].dtype
            for name, value in target.items()
        )


def _moved(target: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return {name: value.to(device) for name, value in target.items()}
