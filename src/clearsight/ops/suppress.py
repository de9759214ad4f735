"""Taking away boxes that repeat a better one, for a whole batch at once. Exports with any number of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.ops import nms


def survivors(boxes: Tensor, scores: Tensor, counts: Sequence[int], iou: float, shape: tuple[int, int]) -> Tensor:
    """Boxes (B, N, 4) on a canvas (H, W) and scores (B, N) → bool (B, N): whether no box of its group and picture that
    overlaps it by more than `iou` is better. Groups lie behind each other, of so many boxes each, N together."""
    if torch.compiler.is_exporting():  # the number of pictures is not known then
        return _all_at_once(boxes, scores, counts, iou, shape)
    found = torch.zeros_like(scores, dtype=torch.bool)
    for row in range(len(boxes)):
        first = 0
        for count in counts:  # what is not compared takes no time
            part = slice(first, first + count)
            found[row, first + nms(boxes[row, part], scores[row, part], iou)] = True
            first += count
    return found


def _all_at_once(boxes: Tensor, scores: Tensor, counts: Sequence[int], iou: float, shape: tuple[int, int]) -> Tensor:
    """As `survivors`: groups are moved apart to the right and pictures downwards, so that none overlap."""
    place = torch.cat([torch.full((count,), group * (shape[1] + 1.0)) for group, count in enumerate(counts)])
    right = place.to(boxes).expand_as(scores)
    down = (torch.arange(boxes.shape[0], device=boxes.device) * (shape[0] + 1)).to(boxes)[:, None].expand_as(scores)
    kept = nms((boxes + torch.stack([right, down, right, down], -1)).flatten(0, 1), scores.flatten(), iou)
    found = torch.zeros_like(scores.flatten()).scatter(0, kept, 1.0)
    return found.reshape(scores.shape) > 0
