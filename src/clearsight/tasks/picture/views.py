"""Test-time augmentation: a net that answers by the mean over several views of the same picture."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clearsight.core.net import Net, Outputs

Views = Literal["none", "flip", "flip_shift"]


class Averaged(nn.Module):
    """Images (B, C, S, S) → the net's logits (B, K), averaged over views: the picture and its mirror image, and with
    "flip_shift" both of them moved by one pixel up and left, and down and right, which count half as much (Jordan 2024,
    arXiv 2404.00498, section 3.5)."""

    def __init__(self, net: Net, views: Views) -> None:
        super().__init__()
        self.net, self.views = net, views

    def forward(self, images: Tensor) -> Outputs:
        logits = self._mirrored(images)
        if self.views == "flip_shift":
            padded, size = F.pad(images, (1, 1, 1, 1), mode="reflect"), images.shape[-1]
            upper, lower = padded[..., :size, :size], padded[..., 2 : size + 2, 2 : size + 2]
            logits = logits / 2 + (self._mirrored(upper) + self._mirrored(lower)) / 4
        return {"logits": logits}

    def _mirrored(self, images: Tensor) -> Tensor:
        both: Tensor = torch.stack([self.net(view)["logits"] for view in (images, images.flip(-1))])
        return both.mean(0)
