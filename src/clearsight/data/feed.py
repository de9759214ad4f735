"""How training batches are drawn, counted and shared out: what every source of them is told alike."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clearsight.data.order import Order

BUFFER = 5000
"""Samples through which a stream is shuffled: a few megabytes, as pictures are not read before their turn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Feed:
    """The terms of one rank. A global batch holds `batch_size * world` samples, of which rank r takes the r-th part."""

    batch_size: int
    seed: int
    device: torch.device
    rank: int = 0
    world: int = 1
    total: int | None = None  # batches of the whole training, by which each knows its progress
    shuffle: bool = True
    whole: bool = False  # see `Order`, as for weights; a stream has neither
    weights: Tensor | None = None
    workers: int | None = None  # processes that decode: None one per core, at most 8; 0 decodes in this one
    buffer: int = BUFFER

    def order(self, size: int) -> Order:
        """The order of a set of known size."""
        whole, weights = self.whole, self.weights
        return Order(size, self.batch_size * self.world, self.seed, shuffle=self.shuffle, whole=whole, weights=weights)

    def part(self, values: Tensor) -> Tensor:
        """This rank's part of a global batch: as many as the others get, or one more."""
        return values.tensor_split(self.world)[self.rank]

    @property
    def mine(self) -> slice:
        """This rank's slice of a whole global batch."""
        return slice(self.rank * self.batch_size, (self.rank + 1) * self.batch_size)

    def progress(self, number: int) -> float:
        """Share of the training that is over when batch `number` is taken; 1 where that is unknown."""
        return 1.0 if self.total is None else min(1.0, number / self.total)
