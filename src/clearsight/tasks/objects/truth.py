"""What is known of the objects on each picture of a batch, as detectors learn from it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clearsight.core.pipeline import Batch
from clearsight.ops.boxes import area, intersection
from clearsight.tasks.objects.augment import renumbered

THINNEST = 0.1
"""Boxes with a side below this, canvas pixels, are not learnt: the logarithm of so small a side would drown all others."""


@dataclass(frozen=True)
class Truth:
    """What is known of one picture: boxes (M, 4) in canvas pixels with labels int64 (M,), and crowds (C, 4), in which
    nobody has counted."""

    boxes: Tensor
    labels: Tensor
    crowds: Tensor
    owners: Tensor | None = None  # (H, W): the row of `boxes` that each pixel belongs to, or what `ops.owners` says

    def as_target(self, first: int) -> dict[str, Tensor]:
        """As torchvision's parts take it; `first` is their index of the first class, 1 where 0 is the background."""
        return {"boxes": self.boxes, "labels": self.labels + first}

    def crowded(self, boxes: Tensor) -> Tensor:
        """Boxes (A, 4) → bool (A,): whether more than half of a box lies in a crowd."""
        if not len(self.crowds):
            return torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
        return intersection(boxes[:, None], self.crowds).amax(1) > 0.5 * area(boxes)


def truths(batch: Batch) -> list[Truth]:
    """Of the batch's annotated pictures, in their order."""
    targets = batch.targets
    found = []
    for row in targets["known"].nonzero()[:, 0].tolist():
        boxes, labels, crowd = (targets[name][row] for name in ("boxes", "labels", "crowd"))
        real = (labels >= 0) & ((boxes[:, 2:] - boxes[:, :2]).amin(1) > THINNEST)
        one = real & ~crowd
        owners = targets["owners"][row] if "owners" in targets else None
        owners = None if owners is None else renumbered(owners[None], torch.where(one, labels, -1)[None])[0]
        found.append(Truth(boxes[one], labels[one], boxes[real & crowd], owners))
    return found
