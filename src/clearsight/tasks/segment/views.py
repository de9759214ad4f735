"""Test-time augmentation: a net that answers by the mean over a picture and its mirror image."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from clearsight.core.net import Net, Outputs

Views = Literal["none", "flip"]


class Mirrored(nn.Module):
    """Images (B, C, H, W) → the mean of the net's logits (B, K, H, W) for them, and of those for their mirror images, mirrored
    back."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Outputs:
        plain: Tensor = self.net(images)["logits"]
        mirrored: Tensor = self.net(images.flip(-1))["logits"]
        return {"logits": (plain + mirrored.flip(-1)) / 2}
