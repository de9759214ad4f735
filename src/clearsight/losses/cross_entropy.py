"""Cross-entropy that masks what is not annotated."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(
    logits: Tensor, target: Tensor, smoothing: float = 0.0, class_weights: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy of logits (B, K) with targets: indices (B,), -1 where unknown, or soft shares (B, K), all zero
    where unknown. Zero, with a gradient, where nothing is known.

    Smoothing mixes the target with the even distribution (Szegedy et al. 2015, section 7). With `class_weights` (K,) the
    mean is weighted, as in `torch.nn.functional.cross_entropy`.
    """
    if target.ndim == 1:
        total = F.cross_entropy(
            logits, target, weight=class_weights, ignore_index=-1, label_smoothing=smoothing, reduction="sum"
        )
        known = target >= 0
        weight = known.float() if class_weights is None else class_weights[target.clamp(min=0)] * known
        return total / weight.sum().clamp(min=1e-6)
    known = target.sum(1) > 0
    classes = logits.shape[1]
    smooth = target * (1 - smoothing) + smoothing / classes * known[:, None]
    log_probability = torch.log_softmax(logits, 1)
    weights = class_weights if class_weights is not None else torch.ones_like(logits[0])
    loss = -(smooth * log_probability * weights).sum()
    mass = (target * weights).sum()
    return loss / mass.clamp(min=1e-6)
