"""Losses of masks on grids over boxes: each object counts alike, whatever its size on the picture."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def mask_bce(logits: Tensor, wanted: Tensor, judged: Tensor) -> Tensor:
    """Binary cross-entropy of logits (R, M, M) with what is wanted, 0 or 1, the mean over the cells that are judged, bool
    (R, M, M): (R,)."""
    cells = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none") * judged
    return cells.sum((1, 2)) / judged.sum((1, 2)).clamp(min=1)


def mask_dice(logits: Tensor, wanted: Tensor, judged: Tensor) -> Tensor:
    """1 − the Dice coefficient of logits (R, M, M), as probabilities, with what is wanted, over the cells that are judged: (R,)
    (Milletari et al. 2016, V-Net, section 3, with squares in the denominator)."""
    found, wanted = logits.sigmoid() * judged, wanted * judged
    shared = (found * wanted).sum((1, 2))
    both = found.square().sum((1, 2)) + wanted.square().sum((1, 2))
    return 1 - (2 * shared + 1) / (both + 1)
