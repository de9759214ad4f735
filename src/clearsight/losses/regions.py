"""Losses of class masks that compare whole regions, as the scores do: a small class counts as much as a large one.

Logits are (B, K, H, W); masks (B, H, W), uint8 or int64, hold indices of classes or `VOID`. Regions are taken over the whole
batch, without the pixels that are `VOID`, and the loss is the mean over the classes that occur in its truth: zero, with
a gradient, where none does. Weights of classes have no place here.
"""

from __future__ import annotations

import torch
from torch import Tensor

from clearsight.core.sample import VOID


def dice(logits: Tensor, mask: Tensor) -> Tensor:
    """1 - the soft Dice coefficient 2 Σ p g / (Σ p² + Σ g²) of each class, p its probability and g whether a pixel is of it
    (Milletari et al. 2016, V-Net, section 3; there of one class)."""
    target = mask.long().flatten()
    known = target != VOID
    probability = logits.softmax(1).movedim(1, 0).flatten(1) * known  # (K, P)
    classes = target.clamp(max=len(probability) - 1)
    right = probability.gather(0, classes[None])[0]
    shared = torch.zeros_like(probability[:, 0]).index_add(0, classes, right)
    size = torch.bincount(classes[known], minlength=len(probability)).to(shared.dtype)
    score = 2 * shared / (probability.square().sum(1) + size).clamp(min=1e-6)
    there = size > 0
    return ((1 - score) * there).sum() / there.sum().clamp(min=1)


def lovasz(logits: Tensor, mask: Tensor) -> Tensor:
    """Lovász-softmax, the convex extension of 1 - IoU to probabilities (Berman et al. 2018)."""
    target = mask.long()
    known = target != VOID
    probability, classes = logits.softmax(1).movedim(1, -1)[known], target[known]  # (P, K), (P,)
    losses = []
    for k in torch.unique(classes).tolist():
        own = classes == k
        errors, order = (own.to(probability.dtype) - probability[:, k]).abs().sort(descending=True)
        losses.append(errors @ _jaccard_steps(own[order]).to(errors.dtype))
    return torch.stack(losses).mean() if losses else logits.sum() * 0


def _jaccard_steps(own: Tensor) -> Tensor:
    """How much each pixel adds to 1 - IoU when it becomes wrong after those before it (Berman et al. 2018, alg. 1), float32
    (P,); `own` bool (P,) are the pixels of the class, of which there is one at least.

    The differences are written out, as differences of rounded quotients lose their digits where there are many pixels: a
    pixel of the class leaves the intersection, 1 / union; another one enters the union.
    """
    left = own.sum() - own.cumsum(0)
    union = own.sum() + (~own).cumsum(0)
    return torch.where(own, 1 / union, left / (union * (union - 1)).clamp(min=1))
