"""From objects chosen on the canvas to an answer in pixels of the photograph."""

from __future__ import annotations

import torch
from torch import Tensor

from clearsight.ops.boxes import clip, corners, from_corners
from clearsight.ops.geometry import canvas_to_photo


def on_photo(boxes: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes (B, D, 4) in canvas pixels and frames (B, 6) → the same in pixels of the photograph (B, D, 4), as they are and
    cut off at its borders."""
    placed = from_corners(canvas_to_photo(corners(boxes), frame))
    width, height = (frame[:, None, side].expand(boxes.shape[0], boxes.shape[1]) for side in (4, 5))
    return placed, clip(placed, width, height)


def answered(inside: Tensor, scores: Tensor, classes: Tensor, thresholds: Tensor) -> dict[str, Tensor]:
    """Boxes on the photograph (B, D, 4), scores (B, D), 0 where there is no object, classes int64 (B, D) and the scores (K,)
    from which objects of a class are shown → `boxes` (B, D, 4), `scores` (B, D), `classes` (B, D) float, −1 for none, and
    `shown` (B, D), 0 or 1."""
    real = scores > 0
    shown = real & (scores >= thresholds[classes.clamp(min=0)])
    return {
        "boxes": inside * real[..., None],
        "scores": scores,
        "classes": torch.where(real, classes, -1).float(),
        "shown": shown.float(),
    }
