"""Boxes (..., M, 4), x1, y1, x2, y2 in pixels, that follow what happens to the pixels of their picture."""

from __future__ import annotations

import torch
from torch import Tensor

from clearsight.ops.boxes import area, centres
from clearsight.ops.geometry import photo_to_canvas

SHARE = 0.1
"""Part of its area that a box must keep, where a picture's border cuts it, to be looked for any further."""

SIDE = 2.0
"""Pixels that the sides of what is left of such a box must have."""


def through(boxes: Tensor, maps: Tensor) -> Tensor:
    """Boxes (B, M, 4) → boxes around the same objects, when every place moves by an affine map (B, 3, 3).

    Exact where the axes stay axes: moves, changes of size, mirroring, quarter turns. An object's shape being unknown,
    turned and slanted boxes are those around the ellipse that touches the sides of the given one: around its corners,
    they would grow far beyond most objects (Kalra et al. 2021, Towards Rotation Invariance in Object Detection).
    """
    linear, offset = maps[:, None, :2, :2], maps[:, None, :2, 2]
    middle = (linear * centres(boxes)[..., None, :]).sum(-1) + offset
    half = (boxes[..., 2:] - boxes[..., :2]) / 2
    reach = (linear * half[..., None, :]).square().sum(-1).sqrt()
    return torch.cat([middle - reach, middle + reach], -1)


def within(boxes: Tensor, labels: Tensor, crowd: Tensor, window: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes (..., M, 4), labels (..., M) and crowd flags (..., M), seen through a window (..., 1, 4) only: the boxes cut
    off at its borders, and −1 as label where too little is left.

    A box that is cut must keep `SHARE` of its area and sides of `SIDE` pixels; a crowd, which is a region, any share. One
    that is seen whole stays, however small.
    """
    low = torch.maximum(boxes[..., :2], window[..., :2])
    high = torch.minimum(boxes[..., 2:], window[..., 2:])
    cut = torch.cat([low, torch.maximum(low, high)], -1)
    share = area(cut) / area(boxes).clamp(min=1e-9)
    narrow = (high - low).amin(-1) < SIDE
    lost = ((share < SHARE) & ~crowd) | (narrow & (share < 1))
    return cut, torch.where(lost, -1, labels)


def extents(owners: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Whose of `count` objects each pixel is (B, H, W), as `ops.owners` says it → the boxes (B, M, 4) around the pixels of each,
    and whether it has any, bool (B, M)."""
    pictures, rows, columns = (owners >= 0).nonzero(as_tuple=True)
    objects = owners[pictures, rows, columns].long()
    firsts, lasts = [], []
    for places, length in ((columns, owners.shape[2]), (rows, owners.shape[1])):
        seen = torch.zeros(len(owners), count, length, dtype=torch.uint8, device=owners.device)
        seen[pictures, objects, places] = 1
        firsts.append(seen.argmax(2))  # the first of equals
        lasts.append(length - seen.flip(2).argmax(2))
    return torch.stack([*firsts, *lasts], -1).float(), seen.amax(2) > 0


def compact(boxes: Tensor, labels: Tensor, crowd: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes (B, M, 4), labels (B, M) and crowd flags (B, M), those of label −1 taken out and the rest moved together, in
    their order, padded to the largest count of the batch, which is taken as at least one."""
    there = labels >= 0
    most = max(1, int(there.sum(1).max()))
    order = (~there).int().argsort(dim=1, stable=True)[:, :most]
    there = there.gather(1, order)
    boxes = boxes.gather(1, order[..., None].expand(-1, -1, 4)) * there[..., None]
    return boxes, torch.where(there, labels.gather(1, order), -1), crowd.gather(1, order) & there


def place(frame: Tensor) -> Tensor:
    """Where on its canvas a photograph lies, as boxes (..., 4), by frames (..., 6)."""
    size = frame[..., 4:6]
    points = torch.stack([torch.zeros_like(size), size], -2)
    return photo_to_canvas(points, frame).flatten(-2)
