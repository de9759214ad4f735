"""Grids spread over boxes, on which masks are learnt: what lies at the middles of their cells."""

from __future__ import annotations

import torch
from torch import Tensor

from clearsight.ops.boxes import centres, clip
from clearsight.ops.owners import UNJUDGED

REACH = 1.2
"""Sides of the grid of a mask, in sides of the box that it belongs to. A box that is found is a little too small as often as too
large, and of a mask nothing lies beyond its grid: on a nucleus of 12 pixels, one of them cut off on each side leaves an
IoU of 0.69."""


def mask_boxes(boxes: Tensor, shape: tuple[int, int] | torch.Size) -> Tensor:
    """Boxes (..., 4) on a canvas of height and width `shape` → where the grids of their masks lie (..., 4), in training and in
    answers alike: the boxes grown to `REACH`, and cut off at the canvas's borders, beyond which nothing is to be seen."""
    half = (boxes[..., 2:] - boxes[..., :2]) * (REACH / 2)
    middle = centres(boxes)
    return clip(torch.cat([middle - half, middle + half], -1), float(shape[1]), float(shape[0]))


def middles(boxes: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Boxes (R, 4) → x (R, M) and y (R, M) of the middles of the columns and rows of grids of M × M cells over them."""
    share = (torch.arange(side, device=boxes.device, dtype=boxes.dtype) + 0.5) / side
    low, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    return low[:, :1] + size[:, :1] * share, low[:, 1:] + size[:, 1:] * share


def covered(owners: Tensor, pictures: Tensor, boxes: Tensor, objects: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Which cells of the grids over boxes (R, 4), in pixels of pictures (R,), their objects (R,) cover: bool (R, M, M); and
    which of the cells anybody has judged, bool (R, M, M). `owners` (B, H, W) says whose each pixel is; beyond the picture
    an object covers nothing."""
    height, width = owners.shape[1:]
    x, y = (each.floor().long() for each in middles(boxes, side))
    inside = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < width))[:, None]
    found = owners[pictures[:, None, None], y.clamp(0, height - 1)[:, :, None], x.clamp(0, width - 1)[:, None]]
    return (found == objects[:, None, None]) & inside, (found != UNJUDGED) | ~inside
