"""Which places of a detector learn which object."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clearsight.ops.boxes import area, intersection, iou_matrix


@dataclass(frozen=True)
class Assignment:
    """Of each place (B, A): the object it learns, and how well it may."""

    objects: Tensor  # int64 (B, A): index of the object; 0 where it learns none
    positive: Tensor  # bool (B, A): whether it learns one
    quality: Tensor  # float (B, A): the score it is to give to the object's class, 0 where it learns none
    ignored: Tensor  # bool (B, A): inside a crowd: neither right nor wrong


@torch.no_grad()
def task_aligned(
    scores: Tensor,
    boxes: Tensor,
    places: Tensor,
    objects: Tensor,
    labels: Tensor,
    crowd: Tensor,
    *,
    per_object: int = 10,
    alpha: float = 0.5,
    beta: float = 6.0,
    reach: Tensor | None = None,
) -> Assignment:
    """Task-aligned assignment (Feng et al. 2021, TOOD, eq. 1 and 3).

    `scores` (B, A, K) in [0, 1] and `boxes` (B, A, 4) are what the net says now, `places` (A, 2) the middles of its
    places, all in canvas pixels; `objects` (B, M, 4) and `labels` (B, M), −1 for padding, what is there; `crowd` (B, M)
    marks regions of many objects. An object is learnt by the `per_object` places inside of it whose score^α · IoU^β is
    greatest; a place that several objects want learns the one it overlaps most. The quality to learn is that measure,
    scaled so that the object's greatest is its greatest IoU.

    An object that holds no place's middle, one smaller than a stride, takes those within half a stride of its own
    middle: `reach` (A,) is that distance for each place.
    """
    most = labels.shape[1]
    if labels.device.type != "cpu" or most <= 1:
        return _aligned(scores, boxes, places, objects, labels, crowd, per_object, alpha, beta, reach)
    # where pictures hold unlike numbers of objects, a CPU compares no places with padding
    counts = ((labels >= 0) * torch.arange(1, most + 1)).amax(1).clamp(min=1).tolist()
    parts = []
    for row, count in enumerate(counts):
        one, real = slice(row, row + 1), slice(0, count)
        there = objects[one, real], labels[one, real], crowd[one, real]
        parts.append(_aligned(scores[one], boxes[one], places, *there, per_object, alpha, beta, reach))
    fields = zip(*((part.objects, part.positive, part.quality, part.ignored) for part in parts), strict=True)
    return Assignment(*(torch.cat(values) for values in fields))


def _aligned(
    scores: Tensor,
    boxes: Tensor,
    places: Tensor,
    objects: Tensor,
    labels: Tensor,
    crowd: Tensor,
    per_object: int,
    alpha: float,
    beta: float,
    reach: Tensor | None,
) -> Assignment:
    """The same, for pictures padded to one number of objects."""
    known = (labels >= 0) & ~crowd
    overlaps = iou_matrix(objects, boxes)  # (B, M, A)
    inside = _inside(places, objects)
    if reach is not None:
        middle = (objects[..., :2] + objects[..., 2:]) / 2
        near = (places - middle[..., None, :]).abs().amax(-1) <= reach
        inside = torch.where(inside.any(-1, keepdim=True), inside, near)
    own = scores.transpose(1, 2).gather(1, labels.clamp(min=0)[..., None].expand(-1, -1, scores.shape[1]))
    measure = own.clamp(min=0).pow(alpha) * overlaps.pow(beta)
    measure = measure * (inside & known[..., None])
    count = min(per_object, measure.shape[-1])
    # before anything is learnt all measures may be 0: the nearest places then go first, whatever their measure
    distance = (places - ((objects[..., :2] + objects[..., 2:]) / 2)[..., None, :]).square().sum(-1)
    ranked = torch.where(inside & known[..., None], measure + 1e-12 / (1 + distance), measure.new_zeros(()))
    values, chosen = ranked.topk(count, dim=-1)
    taken = torch.zeros_like(inside).scatter_(-1, chosen, values > 0)
    wanted = torch.where(taken, overlaps + 1e-9, overlaps.new_zeros(()))
    best, which = wanted.max(1)  # (B, A)
    positive = best > 0
    taken &= torch.zeros_like(taken).scatter_(1, which[:, None], positive[:, None])
    measure = measure * taken
    top = measure.amax(-1, keepdim=True)
    scaled = measure / top.clamp(min=1e-9) * (overlaps * taken).amax(-1, keepdim=True)
    quality = scaled.gather(1, which[:, None])[:, 0] * positive
    return Assignment(which * positive, positive, quality, _in_crowd(boxes, places, objects, labels, crowd) & ~positive)


def _inside(places: Tensor, objects: Tensor) -> Tensor:
    """Which places (A, 2) lie inside which objects (B, M, 4): bool (B, M, A)."""
    low = places - objects[..., None, :2]
    high = objects[..., None, 2:] - places
    return torch.cat([low, high], -1).amin(-1) > 1e-6


def _in_crowd(boxes: Tensor, places: Tensor, objects: Tensor, labels: Tensor, crowd: Tensor) -> Tensor:
    """Which places lie inside a crowd, or say a box of which most does: bool (B, A)."""
    if not bool(crowd.any()):
        return torch.zeros(boxes.shape[:2], dtype=torch.bool, device=boxes.device)
    regions = crowd & (labels >= 0)
    shared = intersection(objects[:, :, None], boxes[:, None]) / area(boxes)[:, None].clamp(min=1e-9)
    return ((_inside(places, objects) | (shared > 0.5)) & regions[..., None]).any(1)
