"""Small pictures first: training on a side that grows, as a stage after the augmentation.

The idea is Howard's (DAWNBench 2018); Tan and Le 2021 (EfficientNetV2) call it progressive learning. A step on pictures
of half the side costs a quarter.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Generator

from clearsight.core.pipeline import Batch

GROWN = 0.7
"""Share of the training after which pictures have their whole side."""

STEP = 4
"""Sides are multiples of this, pixels, so that few shapes occur."""

Stage = Callable[[Batch, Generator], Batch]


def side_at(progress: float, start: float, size: int) -> int:
    """The side, pixels, when this share of a training is over: from `start`·size in a straight line to size."""
    if progress >= GROWN:
        return size
    side = size * (start + (1 - start) * progress / GROWN)
    return min(size, max(STEP, int(side / STEP + 0.5) * STEP))


class Growing:
    """A batch stage, and then the pictures (B, C, S, S) at the side of the moment: bilinear with antialiasing."""

    def __init__(self, stage: Stage, start: float, size: int) -> None:
        self.stage, self.start, self.size = stage, start, size

    def __call__(self, batch: Batch, generator: Generator) -> Batch:
        batch = self.stage(batch, generator)
        side = side_at(batch.progress, self.start, self.size)
        if side == batch.images.shape[-1]:
            return batch
        return batch.replaced(F.interpolate(batch.images, (side, side), mode="bilinear", antialias=True))
