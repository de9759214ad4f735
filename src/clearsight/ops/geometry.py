"""Where a canvas lies in its photograph.

A frame is a float tensor (..., 6): scale x, scale y, offset x, offset y, photo width, photo height, so that
`photo_x = canvas_x · scale_x + offset_x`, in pixels, with pixel centres at halves.
"""

from __future__ import annotations

import torch
from torch import Tensor


def make_frame(scale: tuple[Tensor, Tensor], offset: tuple[Tensor, Tensor], size: tuple[Tensor, Tensor]) -> Tensor:
    """A frame (6,) from 0-d tensors, each pair in the order x, y (and width, height)."""
    return torch.stack([*scale, *offset, *size])


def canvas_to_photo(points: Tensor, frame: Tensor) -> Tensor:
    """Points (..., N, 2) as x, y on the canvas → on the photograph. `frame` is (..., 6)."""
    return points * frame[..., None, 0:2] + frame[..., None, 2:4]


def photo_to_canvas(points: Tensor, frame: Tensor) -> Tensor:
    """The inverse of `canvas_to_photo`."""
    return (points - frame[..., None, 2:4]) / frame[..., None, 0:2]
