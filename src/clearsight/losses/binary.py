"""Losses for labels that each apply or do not: K yes-or-no questions to every picture.

Logits are (B, K); targets (B, K) in [0, 1], NaN where it is not annotated. Each loss is the mean over what is known,
and zero, with a gradient, where nothing is. Smoothing moves the targets towards ½, by the share given.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def binary_cross_entropy(
    logits: Tensor, target: Tensor, smoothing: float = 0.0, positive_weights: Tensor | None = None
) -> Tensor:
    """Mean of -w t log p - (1 - t) log(1 - p), p the sigmoid's probability; `positive_weights` (K,) are the w."""
    target, known = _known(target, smoothing)
    entries = F.binary_cross_entropy_with_logits(logits, target, pos_weight=positive_weights, reduction="none")
    return _mean(entries, known)


def sigmoid_focal(
    logits: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    smoothing: float = 0.0,
    positive_weights: Tensor | None = None,
) -> Tensor:
    """Binary cross-entropy times (1 - q)^gamma, q the probability of the truth (Lin et al. 2017, eq. 5 with weights in
    place of alpha): what is right already counts less."""
    target, known = _known(target, smoothing)
    entries = F.binary_cross_entropy_with_logits(logits, target, pos_weight=positive_weights, reduction="none")
    p = logits.sigmoid()
    wrong = p * (1 - target) + (1 - p) * target
    return _mean(entries * wrong.clamp(min=1e-12) ** gamma, known)


def asymmetric(
    logits: Tensor,
    target: Tensor,
    smoothing: float = 0.0,
    positive_weights: Tensor | None = None,
    *,
    gamma_positive: float = 0.0,
    gamma_negative: float = 4.0,
    margin: float = 0.05,
) -> Tensor:
    """Asymmetric loss (Ridnik et al. 2021, eq. 7): labels that do not apply, which are most of them, are focused more
    than those that do, and not asked about at all once their probability is under the margin."""
    target, known = _known(target, smoothing)
    p = logits.sigmoid()
    shifted = (p - margin).clamp(min=0)
    weights = torch.ones_like(logits[0]) if positive_weights is None else positive_weights
    positive = (1 - p).clamp(min=1e-12) ** gamma_positive * -F.logsigmoid(logits) * weights
    negative = shifted**gamma_negative * -torch.log1p(-shifted)  # p is at most 1, so the shifted at most 1 - margin
    return _mean(target * positive + (1 - target) * negative, known)


def one_vs_all(target: Tensor, classes: int) -> Tensor:
    """Targets of one-of-K classification, as `cross_entropy` takes them, as K yes-or-no answers (B, K), NaN where
    unknown."""
    if target.ndim == 1:
        target = F.one_hot(target.clamp(min=0), classes).float() * (target >= 0)[:, None]
    return torch.where(target.sum(1, keepdim=True) > 0, target, torch.nan)


def _known(target: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """Targets, smoothed, with 0 for NaN, and where they are known."""
    known = ~target.isnan()
    return torch.where(known, target * (1 - smoothing) + smoothing / 2, 0.0), known


def _mean(entries: Tensor, known: Tensor) -> Tensor:
    return (entries * known).sum() / known.sum().clamp(min=1)
