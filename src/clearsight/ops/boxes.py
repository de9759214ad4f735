"""Boxes as float tensors (..., 4): x1, y1, x2, y2, absolute pixels, x to the right, y down. All of it exports."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Overlap = Literal["iou", "giou", "diou", "ciou"]


def area(boxes: Tensor) -> Tensor:
    """Boxes (..., 4) → their areas (...), 0 for those that are turned inside out."""
    size = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0)
    return size[..., 0] * size[..., 1]


def centres(boxes: Tensor) -> Tensor:
    """Boxes (..., 4) → their middles (..., 2)."""
    return (boxes[..., :2] + boxes[..., 2:]) / 2


def clip(boxes: Tensor, width: Tensor | float, height: Tensor | float) -> Tensor:
    """Boxes (..., 4) cut off at the borders of a picture. `width` and `height` are numbers or fit (...)."""
    x, y = boxes[..., 0::2], boxes[..., 1::2]
    limit_x = width[..., None] if isinstance(width, Tensor) else torch.as_tensor(width, device=boxes.device)
    limit_y = height[..., None] if isinstance(height, Tensor) else torch.as_tensor(height, device=boxes.device)
    x = torch.minimum(x.clamp(min=0), limit_x.to(boxes.dtype))
    y = torch.minimum(y.clamp(min=0), limit_y.to(boxes.dtype))
    return torch.stack([x[..., 0], y[..., 0], x[..., 1], y[..., 1]], -1)


def intersection(first: Tensor, second: Tensor) -> Tensor:
    """Areas (...) that two boxes (..., 4) share; the leading axes broadcast."""
    low = torch.maximum(first[..., :2], second[..., :2])
    high = torch.minimum(first[..., 2:], second[..., 2:])
    size = (high - low).clamp(min=0)
    return size[..., 0] * size[..., 1]


def iou_matrix(first: Tensor, second: Tensor) -> Tensor:
    """Boxes (..., N, 4) and (..., M, 4) → intersection over union of each pair (..., N, M), 0 where neither has area."""
    shared = intersection(first[..., :, None, :], second[..., None, :, :])
    union = area(first)[..., :, None] + area(second)[..., None, :] - shared
    return shared / union.clamp(min=1e-9)


def overlap(first: Tensor, second: Tensor, kind: Overlap = "iou") -> Tensor:
    """How well pairs of boxes (..., 4) agree, (...): 1 where they are equal.

    "giou": less by the share of the smallest box around both that neither covers (Rezatofighi et al. 2019, eq. 3).
    "diou": less by the squared distance of the middles, in diagonals of that box (Zheng et al. 2020, eq. 7).
    "ciou": less by the difference in shape as well (the same, eqs. 10 and 11).
    """
    shared = intersection(first, second)
    union = (area(first) + area(second) - shared).clamp(min=1e-9)
    iou = shared / union
    if kind == "iou":
        return iou
    around = torch.maximum(first[..., 2:], second[..., 2:]) - torch.minimum(first[..., :2], second[..., :2])
    if kind == "giou":
        whole = (around[..., 0] * around[..., 1]).clamp(min=1e-9)
        return iou - (whole - union) / whole
    apart = (centres(first) - centres(second)).square().sum(-1) / around.square().sum(-1).clamp(min=1e-9)
    if kind == "diou":
        return iou - apart
    (w1, h1), (w2, h2) = ((b[..., 2:] - b[..., :2]).clamp(min=1e-6).unbind(-1) for b in (first, second))
    shape = 4 / math.pi**2 * (torch.atan(w2 / h2) - torch.atan(w1 / h1)).square()
    with torch.no_grad():  # a weight, not a path for the gradient (the same, section 4.2)
        weight = shape / (1 - iou + shape).clamp(min=1e-9)
    return iou - apart - weight * shape


def corners(boxes: Tensor) -> Tensor:
    """Boxes (..., N, 4) → their two corners as points (..., 2N, 2), for maps of points."""
    return boxes.reshape(*boxes.shape[:-2], -1, 2)


def from_corners(points: Tensor) -> Tensor:
    """The inverse of `corners`."""
    return points.reshape(*points.shape[:-2], -1, 4)
