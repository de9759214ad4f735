"""Grids spread over boxes, on which masks are learnt: what lies at the middles of their cells."""

from __future__ import annotations

import torch
from torch import Tensor

from clearsight.ops.owners import UNJUDGED


def middles(boxes: Tensor, grain: int) -> tuple[Tensor, Tensor]:
    """Boxes (R, 4) → x (R, M) and y (R, M) of the middles of the columns and rows of grids of M × M cells over them."""
    share = (torch.arange(grain, device=boxes.device, dtype=boxes.dtype) + 0.5) / grain
    low, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    return low[:, :1] + size[:, :1] * share, low[:, 1:] + size[:, 1:] * share


def covered(owners: Tensor, pictures: Tensor, boxes: Tensor, objects: Tensor, grain: int) -> tuple[Tensor, Tensor]:
    """Which cells of the grids over boxes (R, 4), in pixels of pictures (R,), their objects (R,) cover: bool (R, M, M); and
    which of the cells anybody has judged, bool (R, M, M). `owners` (B, H, W) says whose each pixel is; beyond the picture
    an object covers nothing."""
    height, width = owners.shape[1:]
    x, y = (each.floor().long() for each in middles(boxes, grain))
    inside = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < width))[:, None]
    found = owners[pictures[:, None, None], y.clamp(0, height - 1)[:, :, None], x.clamp(0, width - 1)[:, None]]
    return (found == objects[:, None, None]) & inside, (found != UNJUDGED) | ~inside
