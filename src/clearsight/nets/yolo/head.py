"""From levels to what each of their places says: a score for each class, and the distances to a box's four sides."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

PRIOR = 0.01
"""The score that a place gives to any class before it has learnt anything (Lin et al. 2017, section 4.1)."""


NEAR = 0.5
"""How much less likely each farther bin is before anything is learnt, as a logarithm: sides lie 1.5 strides away."""

REACH = 1.5
"""The same distance where it is a number, strides."""


class Branch(nn.Module):
    """`depth` convolutions and a projection. All levels share the convolutions, each has norms of its own: what a class
    looks like does not hang on its size, how strong the features are does (Lyu et al. 2022, RTMDet, section 3.2)."""

    def __init__(self, levels: int, width: int, outputs: int, depth: int, light: bool) -> None:
        super().__init__()
        self.convs = nn.ModuleList(conv for _ in range(depth) for conv in _convs(width, light))
        self.norms = nn.ModuleList(nn.ModuleList(nn.BatchNorm2d(width) for _ in self.convs) for _ in range(levels))
        self.activation = nn.SiLU(inplace=True)
        self.project = nn.ModuleList(nn.Conv2d(width, outputs, 1) for _ in range(levels))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Levels (B, width, h_i, w_i) → (B, A, outputs), the places of all levels row by row, finest level first."""
        found = []
        for level, x in enumerate(features):
            norms: Iterable[nn.Module] = self.norms[level]  # type: ignore[assignment]
            for conv, norm in zip(self.convs, norms, strict=True):
                x = self.activation(norm(conv(x)))
            found.append(self.project[level](x).flatten(2).transpose(1, 2))
        return torch.cat(found, 1)


def _convs(width: int, light: bool) -> list[nn.Module]:
    """One layer's convolutions: a large depthwise one and one across channels, or a whole one."""
    if not light:
        return [nn.Conv2d(width, width, 3, padding=1, bias=False)]
    depthwise = nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False)
    return [depthwise, nn.Conv2d(width, width, 1, bias=False)]


class Head(nn.Module):
    """A decoupled head: one branch for the class, one for the box.

    With `bins` R the distance to each side, in strides, is a distribution over 0 … R − 1, of which the mean counts; without,
    it is a number.
    """

    steps: Tensor

    def __init__(self, levels: int, width: int, classes: int, bins: int, depth: int = 2, light: bool = True) -> None:
        super().__init__()
        self.bins = bins
        self.score = Branch(levels, width, classes, depth, light)
        self.box = Branch(levels, width, 4 * max(bins, 1), depth, light)
        self.register_buffer("steps", torch.arange(max(bins, 1), dtype=torch.float32), persistent=False)
        for project in self.score.project:
            nn.init.normal_(project.weight, std=0.01)  # type: ignore[arg-type]
            nn.init.constant_(project.bias, -math.log(1 / PRIOR - 1))  # type: ignore[arg-type]
        for project in self.box.project:
            nn.init.normal_(project.weight, std=0.01)  # type: ignore[arg-type]
            # small boxes to begin with: a place is as often too far from an object's middle for large ones
            near = -NEAR * self.steps if bins else self.steps + math.log(math.expm1(REACH))
            project.bias.data.copy_(near.repeat(4))  # type: ignore[operator]

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Levels → class logits (B, A, K) and what is said of the four sides (B, A, 4, R)."""
        sides = self.box(features)
        return self.score(features), sides.unflatten(-1, (4, -1))

    def distances(self, sides: Tensor) -> Tensor:
        """What is said of the sides (..., 4, R) → distances to left, top, right, bottom (..., 4), in strides."""
        if not self.bins:
            return nn.functional.softplus(sides[..., 0])
        return (sides.softmax(-1) * self.steps).sum(-1)


class Places(nn.Module):
    """Where the places of a canvas are: their middles (A, 2) and strides (A,), in canvas pixels."""

    middles: Tensor
    strides: Tensor

    def __init__(self, shape: tuple[int, int], strides: Sequence[int]) -> None:
        super().__init__()
        middles, steps = [], []
        for stride in strides:
            rows, columns = math.ceil(shape[0] / stride), math.ceil(shape[1] / stride)
            y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
            middles.append((torch.stack([x, y], -1).reshape(-1, 2) + 0.5) * stride)
            steps.append(torch.full((rows * columns,), float(stride)))
        self.register_buffer("middles", torch.cat(middles), persistent=False)
        self.register_buffer("strides", torch.cat(steps), persistent=False)

    def boxes(self, distances: Tensor) -> Tensor:
        """Distances (B, A, 4) in strides → boxes (B, A, 4) in canvas pixels."""
        reach = distances * self.strides[:, None]
        return torch.cat([self.middles - reach[..., :2], self.middles + reach[..., 2:]], -1)

    def distances(self, boxes: Tensor) -> Tensor:
        """The inverse of `boxes`."""
        apart = torch.cat([self.middles - boxes[..., :2], boxes[..., 2:] - self.middles], -1)
        return apart / self.strides[:, None]
