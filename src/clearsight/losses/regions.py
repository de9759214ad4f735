"""Losses of class masks that compare whole regions, as the scores do: a small class counts as much as a large one.

Log-probabilities, as `losses.pixels` takes them, are (B, K, H, W); masks (B, H, W), uint8 or int64, hold indices of classes
or `VOID`. Regions are taken over the whole batch, without the pixels that are `VOID`, and the loss is the mean over the
classes that occur in its truth: zero, with a gradient, where none does. Weights of classes have no place here.
"""

from __future__ import annotations

import torch
from torch import Tensor

from clearsight.core.sample import VOID


def dice(log_probability: Tensor, mask: Tensor) -> Tensor:
    """1 - the soft Dice coefficient 2 Σ p g / (Σ p² + Σ g²) of each class, p its probability and g whether a pixel is of it
    (Milletari et al. 2016, V-Net, section 3; there of one class)."""
    target = mask.long()
    known = target != VOID
    probability = log_probability.exp()
    count = probability.shape[1]
    classes = target.clamp(max=count - 1)
    right = probability.gather(1, classes[:, None])[:, 0] * known
    shared = right.new_zeros(count).index_add(0, classes.flatten(), right.flatten())
    size = torch.bincount(classes[known], minlength=count).to(shared.dtype)
    squares = (probability.square() * known[:, None]).sum((0, 2, 3))
    score = 2 * shared / (squares + size).clamp(min=1e-6)
    there = size > 0
    return ((1 - score) * there).sum() / there.sum().clamp(min=1)


def lovasz(log_probability: Tensor, mask: Tensor) -> Tensor:
    """Lovász-softmax, the convex extension of 1 - IoU to probabilities (Berman et al. 2018)."""
    target = mask.long()
    known = target != VOID
    probability, classes = log_probability.exp().movedim(1, -1)[known], target[known]  # (P, K), (P,)
    losses = []
    for k in torch.unique(classes).tolist():
        own = classes == k
        errors, order = (own.to(probability.dtype) - probability[:, k]).abs().sort(descending=True)
        losses.append(errors @ _jaccard_steps(own[order]).to(errors.dtype))
    return torch.stack(losses).mean() if losses else log_probability.sum() * 0


def _jaccard_steps(own: Tensor) -> Tensor:
    """How much each pixel adds to 1 - IoU when it becomes wrong after those before it (Berman et al. 2018, alg. 1), float32
    (P,); `own` bool (P,) are the pixels of the class, of which there is one at least.

    The differences are written out, as differences of rounded quotients lose their digits where there are many pixels: a
    pixel of the class leaves the intersection, 1 / union; another one enters the union.
    """
    left = own.sum() - own.cumsum(0)
    union = own.sum() + (~own).cumsum(0)
    return torch.where(own, 1 / union, left / (union * (union - 1)).clamp(min=1))
