"""Boxes of set sizes at every place of a canvas, from which detectors reckon: torchvision's anchors, made once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.anchor_utils import AnchorGenerator

from clearsight.nets.pyramid import grids


def make_anchors(generator: AnchorGenerator, shape: tuple[int, int], strides: Sequence[int]) -> list[Tensor]:
    """Anchors (A_i, 4) of each level for a canvas (H, W), canvas pixels, place after place and row by row.

    torchvision reckons a level's stride from its rows, which comes out too small where the last row hangs over the
    canvas; these are the strides that the convolutions have.
    """
    steps = [[torch.tensor(stride), torch.tensor(stride)] for stride in strides]
    found: list[Tensor] = generator.grid_anchors([list(grid) for grid in grids(shape, strides)], steps)
    return found


def decode(coder: BoxCoder, codes: Tensor, boxes: Tensor) -> Tensor:
    """What is said of boxes (A, 4), or (B, A, 4) where each picture has its own, by codes (B, A, 4) → boxes (B, A, 4)."""
    found: Tensor = coder.decode_single(codes.flatten(0, 1), boxes.expand_as(codes).flatten(0, 1))
    return found.reshape(codes.shape)
