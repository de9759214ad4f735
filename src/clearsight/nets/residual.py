"""Residual nets for small pictures (He et al. 2016, section 4.2): images (B, C, S, S) → logits (B, K)."""

from __future__ import annotations

from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from clearsight.nets.settings import Whole


class Block(nn.Module):
    """Two 3×3 convolutions, each with batch norm, beside a shortcut without parameters (option A): where the picture is
    halved it takes every second pixel, and the channels that are new are zero."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.stride, self.new = stride, after - before
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, s, s) → (B, C', s', s')."""
        short = features
        if self.new:
            short = F.pad(features[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new))
        features = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(features)))))
        return F.relu(features + short)


class ResNet(nn.Module):
    """A 3×3 convolution, three stages of `blocks` residual blocks with 16, 32 and 64 channels (for a `width` of 16), the
    later two halving the picture, the mean over the picture, and a linear layer: 6 · `blocks` + 2 layers."""

    def __init__(self, channels: int, size: int, classes: int, *, blocks: Whole = 3, width: Whole = 16) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        widths = (width, 2 * width, 4 * width)
        self.stages = nn.ModuleList(
            nn.Sequential(
                Block(before, after, 1 if before == after else 2), *(Block(after, after, 1) for _ in range(1, blocks))
            )
            for before, after in zip((width, *widths), widths, strict=False)
        )
        self.head = nn.Linear(widths[-1], classes)
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):  # the paper's start, for ReLU (He et al. 2015)
                nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S), S of any size → logits (B, K)."""
        features = F.relu(self.norm(self.conv(images)))
        for stage in self.stages:
            features = stage(features)
        logits: Tensor = self.head(features.mean((2, 3)))
        return logits


resnet20 = partial(ResNet, blocks=3)
resnet56 = partial(ResNet, blocks=9)
