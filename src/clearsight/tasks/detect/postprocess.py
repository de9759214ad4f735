"""From a net's candidates to an answer: duplicates taken away, best first, in pixels of the photograph."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from clearsight.core.pipeline import Postprocess
from clearsight.tasks.objects.postprocess import answered, on_photo
from clearsight.tasks.objects.selection import Selection, taken


class DetectPostprocess(Postprocess):
    """Candidates → those that `selection` keeps, padded with score 0 and class −1. `shown` says which scores reach the
    threshold of their class, by `thresholds`."""

    thresholds: Tensor

    def __init__(self, selection: Selection, thresholds: Sequence[float]) -> None:
        super().__init__()
        self.selection = selection
        self.register_buffer("thresholds", torch.tensor(thresholds))

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        """`boxes` (B, D, 4) photo pixels, `scores` (B, D), `classes` (B, D) float, `shown` (B, D) 0 or 1."""
        boxes = outputs["boxes"].float()
        rows, scores, classes = self.selection(boxes, outputs["scores"].float(), outputs["classes"])
        return answered(on_photo(taken(boxes, rows), frame)[1], scores, classes, self.thresholds)
