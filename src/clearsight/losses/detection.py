"""Losses of one-stage detectors on what their places say."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from clearsight.ops.boxes import Overlap, overlap


def quality_bce(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Binary cross-entropy of class logits (..., K) with the quality to give, in [0, 1], summed. `weight` (...) counts
    places; None counts all alike."""
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(-1)
    return (loss if weight is None else loss * weight).sum()


def box_loss(found: Tensor, wanted: Tensor, weight: Tensor, kind: Overlap = "ciou") -> Tensor:
    """1 − the overlap of pairs of boxes (P, 4), weighted by (P,), summed."""
    return ((1 - overlap(found, wanted, kind)) * weight).sum()


def distribution_focal(logits: Tensor, distance: Tensor, weight: Tensor) -> Tensor:
    """Distribution focal loss (Li et al. 2020, Generalized Focal Loss, eq. 6): `logits` (P, 4, R) over the whole
    distances 0 … R − 1, `distance` (P, 4) in the same unit; mean over the four sides, weighted by (P,), summed."""
    last = logits.shape[-1] - 1
    distance = distance.clamp(0, last - 0.01)
    left = distance.floor()
    share = distance - left
    logs = logits.log_softmax(-1)
    below = logs.gather(-1, left.long()[..., None])[..., 0]
    above = logs.gather(-1, left.long()[..., None] + 1)[..., 0]
    return -(((1 - share) * below + share * above).mean(-1) * weight).sum()


def no_loss(*outputs: Tensor) -> Tensor:
    """Zero, with a gradient of zero for everything that it depends on."""
    return torch.stack([output.sum() * 0 for output in outputs]).sum()
