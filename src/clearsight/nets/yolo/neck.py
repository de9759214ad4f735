"""From a backbone's levels to levels of equal width that have seen each other."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clearsight.nets.yolo.blocks import Conv, CrossStage, Separable


class PathAggregation(nn.Module):
    """Features at strides 8, 16, 32 (finest first) → as many, each of `width` channels.

    What is seen coarsely goes up to the finer levels (Lin et al. 2017, FPN), and then down again (Liu et al. 2018, PANet).
    """

    def __init__(self, channels: Sequence[int], width: int, depth: int, light: bool = True) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(Conv(count, width) for count in channels)
        steps = range(len(channels) - 1)
        self.up = nn.ModuleList(CrossStage(2 * width, width, depth, light) for _ in steps)
        shrink = (lambda: Separable(width, width, 3, 2)) if light else (lambda: Conv(width, width, 3, 2))
        self.shrink = nn.ModuleList(shrink() for _ in steps)
        self.down = nn.ModuleList(CrossStage(2 * width, width, depth, light) for _ in steps)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Levels (B, C_i, H / s_i, W / s_i) → levels (B, width, H / s_i, W / s_i)."""
        levels = [lateral(feature) for lateral, feature in zip(self.lateral, features, strict=True)]
        for i in reversed(range(len(levels) - 1)):
            wider = F.interpolate(levels[i + 1], scale_factor=2.0, mode="nearest")
            levels[i] = self.up[i](torch.cat([levels[i], wider], 1))
        for i in range(len(levels) - 1):
            levels[i + 1] = self.down[i](torch.cat([levels[i + 1], self.shrink[i](levels[i])], 1))
        return levels
