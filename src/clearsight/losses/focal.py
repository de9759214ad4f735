"""Focal loss: pictures that are right already count less, so that the hard ones are not drowned out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def focal(
    logits: Tensor, target: Tensor, gamma: float = 2.0, smoothing: float = 0.0, class_weights: Tensor | None = None
) -> Tensor:
    """Mean focal loss -(1 - p)^gamma log p of logits (B, K), p the softmax's probability of the truth (Lin et al. 2017,
    eq. 4; the paper's sigmoid form, eq. 5, is `binary.sigmoid_focal`). Cross-entropy where gamma is 0.

    Targets, smoothing, weights and what is not annotated are as in `cross_entropy`; soft shares weigh the terms.
    """
    classes = logits.shape[1]
    if target.ndim == 1:
        target = F.one_hot(target.clamp(min=0), classes).float() * (target >= 0)[:, None]
    known = target.sum(1, keepdim=True) > 0
    weights = torch.ones_like(logits[0]) if class_weights is None else class_weights
    smooth = target * (1 - smoothing) + smoothing / classes * known
    log_probability = torch.log_softmax(logits, 1)
    surprise = (1 - log_probability.exp()).clamp(min=1e-12) ** gamma  # at 0 a power under 1 has no gradient
    loss = -(smooth * surprise * log_probability * weights).sum()
    return loss / (target * weights).sum().clamp(min=1e-6)
