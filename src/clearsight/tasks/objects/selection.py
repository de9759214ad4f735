"""From what a net proposes to what it answers: objects proposed again and again are taken once, the best first."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clearsight.ops.boxes import clip, iou_matrix
from clearsight.ops.suppress import survivors


class Selection(nn.Module):
    """Candidates → the `keep` best that do not repeat each other, padded with score 0 and class −1.

    Of two boxes of one class that overlap by more than `iou` the better one stays, or, with `soft` above 0, the other's
    score falls by exp(−IoU² / soft) (Bodla et al. 2017, Soft-NMS, eq. 6). An `iou` of 1 keeps all. Scores below `floor`
    are no answer. `shape` is the canvas, (H, W).
    """

    def __init__(self, shape: tuple[int, int], keep: int, floor: float, iou: float, soft: float) -> None:
        super().__init__()
        self.shape, self.keep, self.floor, self.iou, self.soft = shape, keep, floor, iou, soft

    def forward(self, boxes: Tensor, scores: Tensor, classes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes (B, N, 4) in canvas pixels, scores and classes (B, N) → rows int64 (B, D) of the candidates, scores (B, D),
        0 for padding, and classes int64 (B, D), −1 for padding; D is `keep`."""
        short = max(self.keep - scores.shape[1], 0)
        boxes, scores, classes = F.pad(boxes, (0, 0, 0, short)), F.pad(scores, (0, short)), F.pad(classes, (0, short))
        boxes = clip(boxes, float(self.shape[1]), float(self.shape[0]))
        if self.soft > 0:
            rows, scores = self._soften(boxes, scores, classes)
        else:
            if self.iou < 1:
                scores = torch.where(self._apart(boxes, scores, classes), scores, torch.zeros_like(scores))
            scores, rows = scores.topk(self.keep, dim=1)
        scores = torch.where(scores >= self.floor, scores, torch.zeros_like(scores))
        return rows, scores, torch.where(scores > 0, classes.gather(1, rows).long(), -1)

    def _apart(self, boxes: Tensor, scores: Tensor, classes: Tensor) -> Tensor:
        """Bool (B, N): which candidates repeat no better one. Boxes of other classes are moved out of each other's way."""
        step = float(max(self.shape) + 1)
        right = classes.to(boxes.dtype) * step
        moved = boxes + torch.stack([right, torch.zeros_like(right)] * 2, -1)
        return survivors(moved, scores, [scores.shape[1]], self.iou, self.shape)

    def _soften(self, boxes: Tensor, scores: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Rows and softened scores (B, D): the best one is taken, then all that overlap it are worth less."""
        overlaps = iou_matrix(boxes, boxes) * (classes[:, :, None] == classes[:, None, :])
        numbers = torch.arange(scores.shape[1], device=scores.device)
        rows, kept = [], []
        for _ in range(self.keep):
            score, row = scores.max(1)
            rows.append(row)
            kept.append(score)
            shared = overlaps.gather(1, row[:, None, None].expand(-1, 1, scores.shape[1]))[:, 0]
            scores = scores * torch.exp(-shared.square() / self.soft) * (numbers != row[:, None])
        return torch.stack(rows, 1), torch.stack(kept, 1)


def taken(values: Tensor, rows: Tensor) -> Tensor:
    """The rows (B, D) that a selection points at of values (B, N, C), as (B, D, C). Where fewer are proposed than kept the
    last rows point at padding, and take the last value."""
    rows = rows.clamp(max=values.shape[1] - 1)
    return values.gather(1, rows[..., None].expand(-1, -1, values.shape[2]))
