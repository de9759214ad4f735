"""The features of regions: each region reads the pyramid's level that suits its size (Lin et al. 2017, FPN, section 4.2)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import roi_align

from clearsight.nets.pyramid import grids

WHOLE, LEVEL = 224.0, 16
"""A region of the size of ImageNet's pictures reads the level of that stride (FPN, eq. 1)."""

EDGE = 1e-6
"""Regions of exactly the size at which the level changes read the coarser one, whatever the rounding."""


class RegionPool(nn.Module):
    """Boxes (R, 4) in canvas pixels, their pictures (R,) and levels (B, C, h_i, w_i) → features (R, C, side, side).

    The levels are laid below each other in one plane, so that one `roi_align` of fixed shape reads them all. Each is
    continued by its last row and column, from which reading at its border would fill up.
    """

    strides: Tensor
    tops: Tensor

    def __init__(self, shape: tuple[int, int], strides: Sequence[int], side: int) -> None:
        super().__init__()
        self.side = side
        sizes = grids(shape, strides)
        tops = [0]
        for rows, _ in sizes[:-1]:
            tops.append(tops[-1] + rows + 1)
        self.columns = max(columns for _, columns in sizes) + 1
        self.register_buffer("strides", torch.tensor(strides, dtype=torch.float32), persistent=False)
        self.register_buffer("tops", torch.tensor(tops, dtype=torch.float32), persistent=False)

    def forward(self, levels: Sequence[Tensor], boxes: Tensor, pictures: Tensor) -> Tensor:
        level = self.level(boxes)
        top = self.tops[level]
        placed = boxes / self.strides[level, None] + torch.stack([top * 0, top, top * 0, top], -1)
        regions = torch.cat([pictures.to(placed.dtype)[:, None], placed], 1)
        found: Tensor = roi_align(self._plane(levels), regions, self.side, spatial_scale=1.0, sampling_ratio=2)
        return found

    def level(self, boxes: Tensor) -> Tensor:
        """Boxes (R, 4) → the index of the level that each reads, int64 (R,)."""
        size = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1).sqrt()
        steps = torch.floor(torch.log2(size / WHOLE) + EDGE + torch.log2(LEVEL / self.strides[0]))
        return steps.clamp(0, len(self.strides) - 1).long()

    def _plane(self, levels: Sequence[Tensor]) -> Tensor:
        """The levels (B, C, Σ (h_i + 1), columns)."""
        continued = [F.pad(level.float(), (0, 1, 0, 1), mode="replicate") for level in levels]
        return torch.cat([F.pad(level, (0, self.columns - level.shape[-1])) for level in continued], 2)
