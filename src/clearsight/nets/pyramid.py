"""torchvision's feature pyramid on a backbone's levels: what RetinaNet, FCOS and Faster R-CNN stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Literal

from torch import Tensor, nn
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork, LastLevelMaxPool, LastLevelP6P7

Finest = Literal[4, 8]
LEVELS: Mapping[Finest, Sequence[int]] = {4: (4, 8, 16, 32), 8: (8, 16, 32)}
"""Strides of the backbone's levels, by the finest."""

Above = Literal["convolved", "pooled"]
"""What comes above the backbone's coarsest level: two levels by convolutions (Lin et al. 2017, RetinaNet, section 4), or
one that leaves out every other place (Lin et al. 2017, Feature Pyramid Networks, section 4.1)."""


class Pyramid(nn.Module):
    """Levels (B, channels[i], h_i, w_i), the finest first → as many and those above, each of `width` channels; a canvas
    (H, W) has ceil(H / strides[i]) × ceil(W / strides[i]) places in a level."""

    def __init__(self, channels: Sequence[int], strides: Sequence[int], width: int, above: Above) -> None:
        super().__init__()
        last = strides[-1]
        more = LastLevelP6P7(width, width) if above == "convolved" else LastLevelMaxPool()
        higher = [2 * last, 4 * last] if above == "convolved" else [2 * last]
        self.fpn = FeaturePyramidNetwork(list(channels), width, more)
        self.strides = [*strides, *higher]

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        return list(self.fpn({str(number): each for number, each in enumerate(features)}).values())


def grids(shape: tuple[int, int], strides: Sequence[int]) -> list[tuple[int, int]]:
    """Rows and columns of places that lie so many pixels apart, for a canvas (H, W)."""
    return [(ceil(shape[0] / stride), ceil(shape[1] / stride)) for stride in strides]
