"""The parts of our small segmentation net: a body of its own, a look at the whole picture, and a ladder back up.

The ladder and the pooled context are those of Oršić et al. 2019 (SwiftNet, arXiv 1903.08469, sections 3.2 and 3.3), with
fewer channels the finer the level, as there most places are to be worked on.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDES = (4, 8, 16, 32)
"""Of the levels that the body gives and the ladder takes, the finest first."""


class ConvNorm(nn.Sequential):
    """A convolution with batch norm and ReLU, (B, in, h, w) → (B, out, h / stride, w / stride)."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class TwoReaches(nn.Module):
    """A bottleneck around which its input is added, whose 3×3 convolutions look near and, `reach` pixels apart, far at once
    (the local and surrounding context of Wu et al. 2018, CGNet, section 3.1; here with whole convolutions, which a CPU
    works through faster than depthwise ones)."""

    def __init__(self, channels: int, reach: int) -> None:
        super().__init__()
        half, quarter = channels // 2, channels // 4
        self.reduce = ConvNorm(channels, half)
        self.near = nn.Conv2d(half, quarter, 3, padding=1, bias=False)
        self.far = nn.Conv2d(half, quarter, 3, padding=reach, dilation=reach, bias=False)
        self.norm = nn.Sequential(nn.BatchNorm2d(2 * quarter), nn.ReLU(inplace=True))
        self.expand = nn.Sequential(nn.Conv2d(2 * quarter, channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self.reduce(x)
        y = self.norm(torch.cat([self.near(y), self.far(y)], 1))
        return F.relu(x + self.expand(y))


class Body(nn.Module):
    """Images (B, C, H, W) in [0, 1] → levels (B, channels[i], H / stride, W / stride) at `STRIDES`.

    Most of its blocks lie at stride 16, where a step costs a sixteenth of one at stride 4 and sees four times as far.
    """

    channels = (32, 64, 128, 128)
    reaches: Sequence[Sequence[int]] = ((2,), (2, 3, 2), (2, 4, 2, 4, 8), (2, 4))
    """How far the blocks of each level look."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stem = ConvNorm(channels, 16, 3, 2)
        widths = (16, *self.channels)
        self.levels = nn.ModuleList(
            nn.Sequential(
                ConvNorm(widths[level], widths[level + 1], 3, 2),
                *(TwoReaches(widths[level + 1], reach) for reach in reaches),
            )
            for level, reaches in enumerate(self.reaches)
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        x = self.stem((images - 0.5) * 4)
        found = []
        for level in self.levels:
            x = level(x)
            found.append(x)
        return found


class Context(nn.Module):
    """Features (B, in, h, w) → (B, out, h, w) that know of the rest of the picture: beside them lie their means over the
    whole, over its quarters and over its sixteenths (Zhao et al. 2017, PSPNet, section 3.2)."""

    grids = (1, 2, 4)

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        part = max(outputs // 4, 1)
        self.reduce = ConvNorm(inputs, outputs)
        # no norm: of a picture's one mean there is no spread
        self.parts = nn.ModuleList(nn.Conv2d(outputs, part, 1) for _ in self.grids)
        self.join = ConvNorm(outputs + part * len(self.grids), outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        size = (x.shape[-2], x.shape[-1])
        found = [x]
        for grid, part in zip(self.grids, self.parts, strict=True):
            pooled = F.relu(part(F.adaptive_avg_pool2d(x, grid)))
            found.append(F.interpolate(pooled, size=size, mode="bilinear", align_corners=False))
        joined: Tensor = self.join(torch.cat(found, 1))
        return joined


class Ladder(nn.Module):
    """Levels (B, channels[i], H / s_i, W / s_i) → as many, (B, widths[i], H / s_i, W / s_i), each of which has seen all coarser
    ones: enlarged, added to what the level itself saw, and blended by a 3×3 convolution."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        last = len(channels) - 1
        self.widths = [max(8, width * part // 12) for part in (6, 8, 12, 12)[-len(channels) :]]
        self.context = Context(channels[last], self.widths[last])
        levels = range(last)
        self.down = nn.ModuleList(ConvNorm(self.widths[i + 1], self.widths[i]) for i in levels)
        self.lateral = nn.ModuleList(ConvNorm(channels[i], self.widths[i]) for i in levels)
        self.blend = nn.ModuleList(ConvNorm(self.widths[i], self.widths[i], 3) for i in levels)

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        found = [self.context(levels[-1])]
        for i in reversed(range(len(levels) - 1)):
            wider = F.interpolate(
                self.down[i](found[0]), size=levels[i].shape[-2:], mode="bilinear", align_corners=False
            )
            found.insert(0, self.blend[i](wider + self.lateral[i](levels[i])))
        return found
