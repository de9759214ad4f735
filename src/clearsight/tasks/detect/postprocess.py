"""From a net's candidates to an answer: duplicates taken away, best first, in pixels of the photograph."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.ops import nms

from clearsight.core.pipeline import Postprocess
from clearsight.ops.boxes import clip, corners, from_corners, iou_matrix
from clearsight.ops.geometry import canvas_to_photo


class DetectPostprocess(Postprocess):
    """Candidates → the `keep` best that do not repeat each other, padded with score 0 and class −1.

    Of two boxes of one class that overlap by more than `iou` the better one stays, or, with `soft` above 0, the other's
    score falls by exp(−IoU² / soft) (Bodla et al. 2017, Soft-NMS, eq. 6). An `iou` of 1 keeps all. `shown` says which
    scores reach the threshold of their class, by `thresholds`.
    """

    thresholds: Tensor

    def __init__(
        self, shape: tuple[int, int], keep: int, floor: float, iou: float, soft: float, thresholds: Sequence[float]
    ) -> None:
        super().__init__()
        self.shape, self.keep, self.floor, self.iou, self.soft = shape, keep, floor, iou, soft
        self.register_buffer("thresholds", torch.tensor(thresholds))

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        """`boxes` (B, D, 4) photo pixels, `scores` (B, D), `classes` (B, D) float, `shown` (B, D) 0 or 1."""
        height, width = self.shape
        boxes, scores = outputs["boxes"].float(), outputs["scores"].float()
        boxes = clip(boxes, float(width), float(height))
        classes = outputs["classes"]
        found = [self._one(*each) for each in zip(boxes, scores, classes, strict=True)]
        boxes, scores, classes = (torch.stack(parts) for parts in zip(*found, strict=True))
        placed = from_corners(canvas_to_photo(corners(boxes), frame))
        inside = clip(placed, frame[:, None, 4].expand_as(scores), frame[:, None, 5].expand_as(scores))
        real = scores > 0
        shown = real & (scores >= self.thresholds[classes.clamp(min=0)])
        return {
            "boxes": inside * real[..., None],
            "scores": scores,
            "classes": torch.where(real, classes, -1).float(),
            "shown": shown.float(),
        }

    def _one(self, boxes: Tensor, scores: Tensor, classes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One picture's candidates (N, …) → its answers (D, …)."""
        if self.soft > 0:
            rows, scores = self._soften(boxes, scores, classes)
        elif self.iou < 1:
            rows = self._suppress(boxes, scores, classes)
            scores = scores[rows]
        else:
            scores, rows = scores.topk(min(self.keep, len(scores)))
        rows = torch.cat([rows, rows.new_zeros(self.keep)])[: self.keep]
        scores = torch.cat([scores, scores.new_zeros(self.keep)])[: self.keep]
        scores = torch.where(scores >= self.floor, scores, torch.zeros_like(scores))
        return boxes[rows], scores, classes[rows]

    def _suppress(self, boxes: Tensor, scores: Tensor, classes: Tensor) -> Tensor:
        """The rows that stay, best first. Boxes of other classes are moved out of each other's way."""
        apart = classes.to(boxes.dtype) * (max(self.shape) + 1)
        rows: Tensor = nms(boxes + apart[:, None], scores, self.iou)
        return rows[: self.keep]

    def _soften(self, boxes: Tensor, scores: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Rows and softened scores: the best one is taken, then all that overlap it are worth less."""
        overlaps = iou_matrix(boxes, boxes) * (classes[:, None] == classes[None, :])
        rows, kept = [], []
        for _ in range(min(self.keep, len(scores))):
            score, row = scores.max(0)
            rows.append(row)
            kept.append(score)
            scores = scores * torch.exp(-overlaps[row].square() / self.soft)
            scores = scores * (torch.arange(len(scores), device=scores.device) != row)
        return torch.stack(rows), torch.stack(kept)
